"""One window of one model: profiled, judged, recorded, told."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import Outcome
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
from watchkeeper.server.schedule import Look
from watchkeeper.server.schema import present_columns, with_stored_schema

__all__ = ["Seen", "Watcher", "code_version"]

_log = logging.getLogger(__name__)
_WORST = (Status.ERROR, Status.ALERT, Status.OK, Status.INSUFFICIENT_DATA)
_TRIED_FOR = timedelta(days=7)
_LABEL_KNOWN = "_wk_label_known_at"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: the profiles of the window, and how many of its rows had a label."""

    look: Look
    profiles: tuple[WindowProfile, ...]
    joined: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """Judges windows. Every step can be repeated after a crash: profiles and verdicts are
    revisions, alerts follow the latest judgement of a window, and the window stays dirty until
    the last step.
    """

    catalog: Catalog
    lake: Lake
    listener: VerdictListener

    def see(self, memory: Memory, looks: Sequence[Look], *, begin: datetime) -> list[Seen]:
        """Profile the windows of some looks, and keep the profiles; ``begin`` is where the first
        window of the model begins.

        What a profile costs is asking for it, hardly its rows: windows that are due together are
        asked for together, each with the rows that were known at its own moment.
        """
        asked = [(look.window, look.as_of) for look in looks]
        rows = self.lake.joined_each(memory.model, asked)
        found: list[Seen] = []
        for group in _each_window_once(looks):
            profiles = _profiled(memory, [(looks[at], rows[at]) for at in group], begin)
            found += [
                self._seen(memory.model, looks[at], rows[at], profiles[looks[at].window])
                for at in group
            ]
        parts = [
            ProfilePart(
                seen.look.window,
                seen.look.as_of,
                seen.look.stored.profile_revision + 1,
                encode(seen.profiles),
            )
            for seen in found
        ]
        self.lake.append_profiles(memory.model.name, parts)
        return found

    def judge(self, memory: Memory, seen: Seen) -> None:
        """Judge what was seen, record it, and tell."""
        window = seen.look.window
        verdicts = judge(
            memory.model,
            seen.profiles,
            memory.histories(window),
            known_at=seen.look.as_of,
            code_version=code_version(),
            evidence=memory.evidence(window, sum(p.rows for p in seen.profiles if _is_whole(p))),
        )
        recorded = self._record(memory.model, seen.look, verdicts)
        said = {verdict.status for verdict in recorded}
        worst = next((status for status in _WORST if status in said), None)
        alerts = sum(verdict.status is Status.ALERT for verdict in recorded)
        outcome = Outcome(seen.look.as_of, seen.joined, worst, alerts)
        self.catalog.windows.finish(seen.look.stored, outcome)
        memory.keep(window, seen.profiles, recorded)

    def fail(self, model: Model, look: Look, error: Exception, *, now: datetime) -> None:
        """Record that a window could not be judged: that is a verdict too.

        It is tried again an hour after ``now`` on the model's clock, for a week.
        """
        _log.error(
            "window was not judged model=%s window=%s",
            look.stored.model,
            look.window,
            exc_info=error,
        )
        self._record(model, look, [_error(look, error)])
        again = now - look.window.end < _TRIED_FOR
        outcome = Outcome(max(now, look.as_of), 0, Status.ERROR, alerts=0, again=again)
        self.catalog.windows.finish(look.stored, outcome)

    def _seen(
        self, model: Model, look: Look, rows: pa.Table, profiles: Sequence[WindowProfile]
    ) -> Seen:
        stored, window = look.stored, look.window
        notes = self.catalog.windows.notes(model.name, start=window.start, end=window.end)
        present, extra = present_columns(model, notes, rows=stored.accounting.received)
        figures = measure(model, rows)
        stamped = tuple(
            replace(
                with_stored_schema(part, model, present=present, extra=extra)
                if part.rows
                else part,
                known_at=look.as_of,
                revision=stored.profile_revision + 1,
                lake_version=stored.predictions_version,
                accounting=stored.accounting,
                figures=figures if _is_whole(part) else {},
            )
            for part in profiles
        )
        unlabelled = rows.column(_LABEL_KNOWN).null_count if rows.num_rows else 0
        return Seen(look, stamped, rows.num_rows - unlabelled)

    def _record(self, model: Model, look: Look, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        recorded = self.catalog.verdicts.record(
            model.name, look.window, verdicts, known_at=look.as_of
        )
        self.listener.on_verdicts(model, recorded, look.as_of)
        return recorded


def code_version() -> str:
    """The version of this program, told in the inputs of each verdict."""
    try:
        return version("watchkeeper")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def _each_window_once(looks: Sequence[Look]) -> list[list[int]]:
    """The places of the looks, in groups that hold no window twice."""
    groups: list[list[int]] = []
    times: dict[Window, int] = {}
    for at, look in enumerate(looks):
        number = times.get(look.window, 0)
        times[look.window] = number + 1
        if number == len(groups):
            groups.append([])
        groups[number].append(at)
    return groups


def _profiled(
    memory: Memory, looks: Sequence[tuple[Look, pa.Table]], begin: datetime
) -> dict[Window, list[WindowProfile]]:
    model = memory.model
    found: dict[Window, list[WindowProfile]] = {}
    # Before the first window nothing was sent: where it began is told by its rows alone.
    first = [pair for pair in looks if pair[0].window.start <= begin][:1]
    for together, covers in ((first, None), ([p for p in looks if p not in first], _span(looks))):
        held = [rows for _, rows in together if rows.num_rows]
        if held:
            for part in profile(
                open_table(pa.concat_tables(held)),
                model,
                memory.binnings,
                granularity=model.granularity,
                covers=covers,
                breakdown=True,
            ):
                if part.window is not None:
                    found.setdefault(part.window, []).append(part)
    for look, rows in looks:
        if not rows.num_rows:
            found[look.window] = [with_identity(WindowProfile(model.name, look.window, 0, {}))]
    return found


def _span(looks: Sequence[tuple[Look, pa.Table]]) -> Window:
    windows = [look.window for look, _ in looks]
    return Window(min(w.start for w in windows), max(w.end for w in windows))


def _is_whole(part: WindowProfile) -> bool:
    return SliceKey(part.version, part.arm, part.segment) == TOTAL


def _error(look: Look, error: Exception) -> Verdict:
    """The verdict of a window that could not be judged: where it failed, without its data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    named = f"{look.stored.model}|{look.window.start.isoformat()}|{look.as_of.isoformat()}"
    return Verdict(
        id=hashlib.sha256(named.encode()).hexdigest()[:32],
        monitor="worker",
        model=look.stored.model,
        status=Status.ERROR,
        what="error",
        message=(
            f"the window could not be judged: {type(error).__name__}: {error} "
            f"(in {last.name}); it is tried again at the next full hour"
        ),
        window=look.window,
        known_at=look.as_of,
        severity=Severity.CRITICAL,
    )
