"""What the records say of the installation and of each model, as series.

A scrape costs a few statements, however many models and however long a history. What is slow is
remembered: the sums of days that are over, and the figures of windows that were not judged anew.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from watchkeeper.catalog.accounting import DayAccount
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.standing import Figure, LastWindow
from watchkeeper.catalog.windows import WindowState
from watchkeeper.domain.model import Model, Role, Tier
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.interop.prometheus.figures import figures_of
from watchkeeper.interop.prometheus.series import Series

__all__ = ["Fleet", "Fleetwide", "health_of"]

HEALTHS = ("ok", "alert", "error", "insufficient_data")
_FATES = ("accepted", "duplicate", "rejected")
_LOST = ("missing", "dropped", "sampled")
_ACTIVE = timedelta(hours=1)
_SUMMING = 20.0  # of the time, at most one part in so many goes into summing days anew
_OVER = timedelta(days=2)  # days before this are summed now and then, those since each time
_READING_SECONDS = 0.3  # for figures of windows, a scrape; the next goes on where this one stops
_TIERS = (Tier.CRITICAL, Tier.STANDARD, Tier.EXPERIMENTAL)


@dataclass(frozen=True, slots=True)
class Fleetwide:
    """What is asked: ``models`` in force, the own time of each that does not go by the wall's,
    the wall's time, and the folder whose disk is ours.
    """

    models: Callable[[], Sequence[Model]]
    times: Callable[[], Mapping[str, datetime]]
    now: Callable[[], datetime]
    home: Path


@dataclass(slots=True)
class _Sums:
    """The accounts of the days before ``until``; summing took so many seconds, and ended ``at``."""

    until: date
    at: float
    took: float
    rows: Mapping[tuple[str, str], DayAccount]
    lost: Mapping[tuple[str, str], tuple[int, int, int]]


@dataclass(slots=True)
class Fleet:
    """Reads the series of an installation. Used by one thread at a time.

    ``behind`` counts the models whose figures were still to be read when it last stopped.
    """

    catalog: Catalog
    asked: Fleetwide
    columns: bool = False
    seconds: Callable[[], float] = time.monotonic
    behind: int = 0
    _sums: _Sums | None = None
    _read: dict[str, tuple[LastWindow, list[Figure], Mapping[str, int]]] = field(
        default_factory=dict
    )

    def series(self) -> Series:
        """The series as they stand now."""
        found = Series()
        models = sorted(self.asked.models(), key=lambda m: (_TIERS.index(m.tier), m.name))
        last = self.catalog.standing.last_judged()
        incidents = self.catalog.alerts.open_counts()
        self._installation(found)
        self._sources(found)
        self._health(found, models, last, incidents)
        self._windows(found, models, last)
        self._rows(found, models)
        self._figures(found, models, last)
        return found

    def _installation(self, found: Series) -> None:
        standing, now = self.catalog.standing, self.asked.now()
        opened = standing.open_incidents()
        for severity in Severity:
            found.add("watchkeeper_incidents_open", opened.get(severity.value, 0), severity.value)
        waiting = standing.notices()
        found.add("watchkeeper_notices_waiting", waiting.number)
        found.add("watchkeeper_notices_failing", waiting.failed)
        oldest = None if waiting.oldest is None else waiting.oldest.timestamp()
        found.add("watchkeeper_notices_oldest_timestamp_seconds", oldest)
        batches, size = self.catalog.inbox.waiting()
        found.add("watchkeeper_inbox_batches", batches)
        found.add("watchkeeper_inbox_bytes", size)
        found.add("watchkeeper_clients_active", standing.active_clients(now - _ACTIVE))
        found.add("watchkeeper_database_bytes", standing.bytes_used())
        disk = shutil.disk_usage(self.asked.home)
        found.add("watchkeeper_home_free_bytes", disk.free)
        found.add("watchkeeper_home_size_bytes", disk.total)

    def _sources(self, found: Series) -> None:
        for source, totals in self.catalog.ledger.totals().items():
            for fate in (*_FATES, "unpaired"):
                count = getattr(totals.counts, fate)
                found.add("watchkeeper_source_rows_total", count, source, fate)
        for source, state in self.catalog.source_states.all().items():
            found.add("watchkeeper_source_failing", state.state == "failing", source)
            found.add("watchkeeper_source_waiting", state.lag, source)

    def _health(
        self,
        found: Series,
        models: Sequence[Model],
        last: Mapping[str, LastWindow],
        incidents: Mapping[str, int],
    ) -> None:
        healths = {
            model.name: health_of(last.get(model.name), incidents.get(model.name, 0))
            for model in models
        }
        for health in HEALTHS:
            number = sum(held == health for held in healths.values())
            found.add("watchkeeper_models", number, health)
        for model in models:
            name = model.name
            said = (model.task.value, model.tier.value, model.owner, str(model.granularity))
            found.add("watchkeeper_model_info", 1, name, *said)
            found.add("watchkeeper_model_incidents_open", incidents.get(name, 0), name)
            for health in HEALTHS:
                found.add("watchkeeper_model_health", healths[name] == health, name, health)

    def _windows(
        self, found: Series, models: Sequence[Model], last: Mapping[str, LastWindow]
    ) -> None:
        dirty = self.catalog.windows.count(WindowState.DIRTY)
        times, wall = self.asked.times(), self.asked.now()
        for model in models:
            name = model.name
            found.add("watchkeeper_model_windows_dirty", dirty.get(name, 0), name)
            window = last.get(name)
            if window is None:
                continue
            lag = (times.get(name, wall) - window.window.end).total_seconds()
            found.add("watchkeeper_model_lag_seconds", lag, name)
            judged, ended = window.judged_at.timestamp(), window.window.end.timestamp()
            found.add("watchkeeper_model_judged_timestamp_seconds", judged, name)
            found.add("watchkeeper_model_window_end_timestamp_seconds", ended, name)
            found.add("watchkeeper_model_window_rows", window.rows, name)
            found.add("watchkeeper_model_window_alerts", window.alerts, name)
            if model.only(Role.LABEL) is not None and window.accepted:
                ratio = min(1.0, window.labelled / window.accepted)
                found.add("watchkeeper_model_labelled_ratio", ratio, name)

    def _rows(self, found: Series, models: Sequence[Model]) -> None:
        sums = self._summed()
        recent = self.catalog.accounts.totals(start=sums.until)
        names = {model.name for model in models}
        for name, kind in sorted(sums.rows.keys() | recent.keys()):
            if name not in names:
                continue
            days = [held[name, kind] for held in (sums.rows, recent) if (name, kind) in held]
            for fate in _FATES:
                rows = sum(getattr(day, fate) for day in days)
                found.add("watchkeeper_model_rows_total", rows, name, kind, fate)
        for (name, kind), lost in sorted(sums.lost.items()):
            for fate, rows in zip(_LOST, lost, strict=True):
                if rows and name in names:
                    found.add("watchkeeper_model_rows_total", rows, name, kind, fate)

    def _summed(self) -> _Sums:
        until = (self.asked.now() - _OVER).date()
        held, began = self._sums, self.seconds()
        if held is None or held.until != until or began - held.at > _SUMMING * held.took:
            rows, lost = self.catalog.accounts.totals(end=until), self.catalog.clients.totals()
            ended = self.seconds()
            held = self._sums = _Sums(until, ended, ended - began, rows, lost)
        return held

    def _figures(
        self, found: Series, models: Sequence[Model], last: Mapping[str, LastWindow]
    ) -> None:
        self.behind = self._read_windows(last)
        for model in models:
            held = self._read.get(model.name)
            if held is not None:
                figures_of(found, model, held[1], held[2], columns=self.columns)
        found.add("watchkeeper_metrics_models_behind", self.behind)

    def _read_windows(self, last: Mapping[str, LastWindow]) -> int:
        """Read the figures of windows that were judged since; how many models are still to be."""
        self._read = {name: held for name, held in self._read.items() if name in last}
        stale = [
            (name, window.window)
            for name, window in last.items()
            if name not in self._read or self._read[name][0] != window
        ]
        until = self.seconds() + _READING_SECONDS
        left = len(stale)
        alerting = self.catalog.standing.alerting
        for name, figures in self.catalog.standing.figures(stale, columns=self.columns):
            window = last[name]
            alarms = alerting([(name, window.window)]) if window.alerts else {}
            by_monitor = {monitor: number for (_, monitor), number in alarms.items()}
            self._read[name] = (window, figures, by_monitor)
            left -= 1
            if self.seconds() > until:
                break
        return left


def health_of(last: LastWindow | None, incidents: int) -> str:
    """How a model is: what the page says of it too."""
    if last is not None and last.status is Status.ERROR:
        return "error"
    if incidents:
        return "alert"
    if last is None or last.status in {None, Status.INSUFFICIENT_DATA}:
        return "insufficient_data"
    return "ok"
