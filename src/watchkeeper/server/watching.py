"""One window of one model: profiled, judged, recorded, told."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import Outcome, StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import VerdictListener
from watchkeeper.domain.profile import Accounting, ClientAccount, WindowProfile
from watchkeeper.domain.tracing import NO_TRACING, Tracing
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.lake.lake import Lake
from watchkeeper.monitors.judge import judge
from watchkeeper.server.adding import Unseen
from watchkeeper.server.alerting.journal import Journal
from watchkeeper.server.looking import Asked, Seen, is_whole
from watchkeeper.server.memory import Memory, versions_of
from watchkeeper.server.schedule import Look, is_aligned
from watchkeeper.server.schema import present_columns
from watchkeeper.server.watermarks import watermark

__all__ = ["Watcher", "code_version"]

_log = logging.getLogger(__name__)
_WORST = (Status.ERROR, Status.ALERT, Status.OK, Status.INSUFFICIENT_DATA)
_TRIED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Judges windows. Every step can be repeated after a crash: profiles and verdicts are
    revisions, alerts follow the latest judgement of a window, and the window stays dirty until
    the last step.
    """

    catalog: Catalog
    lake: Lake
    listener: VerdictListener
    journal: Journal
    tracing: Tracing = NO_TRACING

    def asked(self, model: Model, looks: Sequence[Look]) -> list[Asked]:
        """The looks with what ingest noted of the columns of their rows."""
        return [self._asked(model, look) for look in looks]

    def judge(self, memory: Memory, seen: Seen) -> None:
        """Judge what was seen, record it, and tell."""
        window = seen.look.window
        about = {
            "watchkeeper.model.name": memory.model.name,
            "watchkeeper.window.start": window.start.isoformat(),
            "watchkeeper.window.end": window.end.isoformat(),
        }
        with self.tracing.span("judge", about=about) as span:
            outcome = self._judged(memory, seen)
            span.tell(rows=outcome.rows, alerts=outcome.alerts, status=outcome.status)

    def _judged(self, memory: Memory, seen: Seen) -> Outcome:
        window = seen.look.window
        verdicts = judge(
            memory.model,
            seen.profiles,
            memory.histories(window),
            known_at=seen.look.as_of,
            code_version=code_version(),
            evidence=memory.evidence(window, _counted(seen)),
        )
        if self._is_provisional(memory.model, seen.look):
            verdicts = [replace(verdict, provisional=True) for verdict in verdicts]
        before = memory.versions_before(window)
        if before:
            found = versions_of(seen.profiles)
            self.journal.versions(memory.model, window, now=found, before=before)
        recorded = self._record(memory.model, seen.look, verdicts)
        said = {verdict.status for verdict in recorded}
        worst = next((status for status in _WORST if status in said), None)
        alerts = sum(verdict.status is Status.ALERT for verdict in recorded)
        rows = sum(part.rows for part in seen.profiles if is_whole(part))
        outcome = Outcome(seen.look.as_of, seen.joined, worst, alerts, rows=rows)
        self.catalog.windows.finish(seen.look.stored, outcome)
        memory.keep(window, seen.profiles, recorded)
        return outcome

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

    def _is_provisional(self, model: Model, look: Look) -> bool:
        """Whether rows may be missing, as late as the model's rows are known to come."""
        mark = self.catalog.partials.mark(model.name)
        return mark is not None and watermark(mark.lateness, look.as_of) < look.window.end

    def unseen(self, memory: Memory, look: Look) -> Unseen:
        """What the profile of a look can be added up from; empty where it cannot be."""
        window, judged_at = look.window, look.stored.judged_at
        if not is_aligned(window, look.as_of):
            return Unseen()
        base: tuple[WindowProfile, ...] = ()
        if judged_at is not None:
            base = memory.recent.get(window, ())
            known = {part.known_at for part in base}
            if known != {judged_at} or not is_aligned(window, judged_at):
                return Unseen()
        mark = self.catalog.partials.mark(memory.model.name)
        if mark is None or mark.basis != memory.basis:
            return Unseen()
        parts = [
            part
            for part in self.catalog.partials.of(memory.model.name, window)
            if part.known_until <= look.as_of
            and (judged_at is None or part.known_until > judged_at)
        ]
        whole = all(part.whole for part in parts)
        return Unseen(base, tuple(part.body for part in parts)) if whole else Unseen()

    def _asked(self, model: Model, look: Look) -> Asked:
        window, received = look.window, look.stored.accounting.received
        look = replace(look, stored=replace(look.stored, accounting=self._account(look.stored)))
        notes = self.catalog.windows.notes(model.name, start=window.start, end=window.end)
        sent = tuple(
            part
            for part in self.catalog.sent.of(model.name, window)
            if part.known_at is not None and part.known_at <= look.as_of
        )
        served = self.catalog.service_windows.of(model.name, window, known_at=look.as_of)
        present, extra = present_columns(model, notes, rows=received)
        return Asked(look, present, extra, sent=sent, served=served)

    def _account(self, stored: StoredWindow) -> Accounting:
        """The window's account, with what its clients answer for and what does not add up."""
        model, window = stored.model, stored.window
        told = self.catalog.clients.windows(model, start=window.start, end=window.end)
        days = self.catalog.accounts.faults(model, window.start)
        faults = [f"{day.day}, {day.kind}: {day.fault}" for day in days]
        doubles = self.catalog.doubles.of(model, window.start)
        if doubles:
            faults.append(f"{doubles:,} rows came again after their ids were forgotten; count once")
        return replace(
            stored.accounting,
            clients=tuple(
                ClientAccount(
                    item.name, item.kind, item.missing, item.dropped, item.sampled, item.delays
                )
                for item in told
            ),
            numbered=self.catalog.clients.numbered(model),
            faults=tuple(faults),
        )

    def _record(self, model: Model, look: Look, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        recorded = self.catalog.verdicts.record(
            model.name, look.window, verdicts, known_at=look.as_of
        )
        incidents = self.listener.on_verdicts(model, recorded, look.as_of)
        self.journal.opened(model, incidents)
        return recorded


def _counted(seen: Seen) -> tuple[object, ...]:
    """All that is known of the rows of a window but for their labels."""
    rows = sum(profile.rows for profile in seen.profiles if is_whole(profile))
    told = [profile.service for profile in seen.profiles if is_whole(profile)]
    served = [(one.requests, one.errors, one.elsewhere) for one in told if one is not None]
    return rows, replace(seen.look.stored.accounting, joined=0), tuple(served)


def code_version() -> str:
    """The version of this program, told in the inputs of each verdict."""
    try:
        return version("watchkeeper")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


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
