"""One window of one model: profiled, judged, recorded, told."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import Outcome, StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import VerdictListener
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.profile_rows import ProfilePart
from watchkeeper.monitors.custom import measure
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.profiles.codec import encode
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.readers import open_table
from watchkeeper.server.memory import Memory
from watchkeeper.server.schedule import Due
from watchkeeper.server.schema import present_columns, with_stored_schema

__all__ = ["Watcher", "code_version"]

_log = logging.getLogger(__name__)
_WORST = (Status.ERROR, Status.ALERT, Status.OK, Status.INSUFFICIENT_DATA)
_LABEL_KNOWN = "_wk_label_known_at"


@dataclass(frozen=True, slots=True)
class Watcher:
    """Judges windows. Every step can be repeated after a crash: profiles and verdicts are
    revisions, alerts follow the latest judgement of a window, and the window stays dirty until
    the last step.
    """

    catalog: Catalog
    lake: Lake
    listener: VerdictListener

    def judge(self, memory: Memory, stored: StoredWindow, due: Due) -> None:
        """Judge one window with what was known at ``due.as_of``.

        Whatever goes wrong is a verdict of its own, ``error``: the window is looked at again an
        hour later, and no other window waits for it.
        """
        try:
            rows = self.lake.joined(memory.model, stored.window, known_at=due.as_of)
            profiles = self._profiles(memory, stored, due, rows)
            verdicts = judge(
                memory.model,
                profiles,
                memory.histories(stored.window),
                known_at=due.as_of,
                code_version=code_version(),
            )
        except Exception as error:
            _log.exception("window was not judged model=%s window=%s", stored.model, stored.window)
            self._finish(memory.model, stored, due, [_error(stored, due, error)], joined=0)
            raise
        joined = 0
        if rows.num_rows:
            joined = rows.num_rows - rows.column(_LABEL_KNOWN).null_count
        status = self._finish(memory.model, stored, due, verdicts, joined=joined)
        memory.keep(stored.window, profiles, alarmed=status is Status.ALERT)

    def _profiles(
        self, memory: Memory, stored: StoredWindow, due: Due, rows: pa.Table
    ) -> list[WindowProfile]:
        model, window = memory.model, stored.window
        found = _profiled(memory, window, rows)
        notes = self.catalog.windows.notes(model.name, start=window.start, end=window.end)
        present, extra = present_columns(model, notes, rows=stored.accounting.received)
        revision = stored.profile_revision + 1
        stamped = [
            replace(
                with_stored_schema(part, model, present=present, extra=extra)
                if part.rows
                else part,
                known_at=due.as_of,
                revision=revision,
                lake_version=stored.predictions_version,
                accounting=stored.accounting,
                figures=measure(model, rows) if _is_whole(part) else {},
            )
            for part in found
        ]
        part = ProfilePart(window, due.as_of, revision, encode(stamped))
        self.lake.append_profiles(model.name, [part])
        return stamped

    def _finish(
        self,
        model: Model,
        stored: StoredWindow,
        due: Due,
        verdicts: Sequence[Verdict],
        *,
        joined: int,
    ) -> Status | None:
        recorded = self.catalog.verdicts.record(
            model.name, stored.window, verdicts, known_at=due.as_of
        )
        self.listener.on_verdicts(model, recorded, due.as_of)
        said = {verdict.status for verdict in recorded}
        worst = next((status for status in _WORST if status in said), None)
        alerts = sum(verdict.status is Status.ALERT for verdict in recorded)
        self.catalog.windows.finish(stored, Outcome(due.as_of, joined, worst, alerts))
        return worst


def code_version() -> str:
    """The version of this program, told in the inputs of each verdict."""
    try:
        return version("watchkeeper")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def _profiled(memory: Memory, window: Window, rows: pa.Table) -> list[WindowProfile]:
    if rows.num_rows == 0:
        return [with_identity(WindowProfile(memory.model.name, window, 0, {}))]
    return profile(
        open_table(rows),
        memory.model,
        memory.binnings,
        granularity=memory.model.granularity,
        # Before the first window nothing was sent: where it began is told by its rows alone.
        covers=window if memory.covers(window.start) else None,
    )


def _is_whole(part: WindowProfile) -> bool:
    return SliceKey(part.version, part.arm, part.segment) == TOTAL


def _error(stored: StoredWindow, due: Due, error: Exception) -> Verdict:
    """The verdict of a window that could not be judged: where it failed, without its data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Verdict(
        id=f"error-{stored.model}-{stored.window.start.isoformat()}-{due.as_of.isoformat()}"[:80],
        monitor="worker",
        model=stored.model,
        status=Status.ERROR,
        what="error",
        message=(
            f"the window could not be judged: {type(error).__name__}: {error} "
            f"(in {last.name}); it is tried again at the next full hour"
        ),
        window=stored.window,
        known_at=due.as_of,
        severity=Severity.CRITICAL,
    )
