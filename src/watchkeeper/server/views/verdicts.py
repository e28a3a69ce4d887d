"""Verdicts as a list, as the drift map, as the timeline, and as series of performance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.defaults import monitors_of
from watchkeeper.server.models import Models
from watchkeeper.server.views.asked import Range, VerdictsAsked
from watchkeeper.server.views.timeline import timeline
from watchkeeper.server.wire.drift import DriftCell, DriftColumn, Drifted, DriftMap
from watchkeeper.server.wire.envelope import VerdictWire, verdict_wire, window_wire
from watchkeeper.server.wire.performance import (
    MetricSeries,
    MetricWire,
    Performance,
    PerformancePoint,
)
from watchkeeper.server.wire.timeline import Timeline

__all__ = ["VerdictView"]

_WORST = (Status.ALERT, Status.ERROR, Status.OK, Status.INSUFFICIENT_DATA)


@dataclass(frozen=True, slots=True)
class VerdictView:
    """Reads verdicts: of each series and window the latest revision, or as known then."""

    models: Models
    catalog: Catalog

    def page(
        self, name: str, asked: VerdictsAsked, *, cursor: str | None, limit: int
    ) -> tuple[list[VerdictWire], str | None]:
        """A page of verdicts, the latest made first, and the cursor of the next."""
        self.models.get(name)
        wanted = VerdictFilter(
            model=name,
            monitors=() if asked.monitor is None else (asked.monitor,),
            statuses=() if asked.status is None else (asked.status,),
            column=asked.column,
            segment=asked.segment,
            start=asked.range.start,
            end=asked.range.end,
            known_at=asked.known_at,
        )
        found = self.catalog.verdicts.page(wanted, cursor=cursor, limit=limit)
        return [verdict_wire(verdict) for verdict in found.items], found.next_cursor

    def timeline(self, name: str, asked: Range) -> Timeline:
        """What every family of monitors said of every window."""
        self.models.get(name)
        wanted = VerdictFilter(model=name, start=asked.start, end=asked.end)
        return timeline(self.catalog.verdicts.tallies(wanted))

    def drift(self, name: str, asked: Range, *, what: Drifted) -> DriftMap:
        """The drift verdicts over all rows, columns × windows: sudden ones or slow ones."""
        model = self.models.get(name).model
        cells: dict[tuple[str, Window], Verdict] = {}
        for verdict in self._of_kind(model, "drift", asked, what=(what,)):
            if verdict.column is not None and verdict.window is not None:
                key = (verdict.column, verdict.window)
                held = cells.get(key)
                if held is None or _rank(verdict) < _rank(held):
                    cells[key] = verdict
        judged = {column for column, _ in cells}
        return DriftMap(
            windows=[window_wire(window) for window in sorted({window for _, window in cells})],
            columns=[
                DriftColumn(name=column.name, type=column.type.value, role=column.role.value)
                for column in model.columns
                if column.name in judged
            ],
            cells=[_cell(column, window, found) for (column, window), found in cells.items()],
        )

    def performance(self, name: str, asked: Range, *, metric: str | None) -> Performance:
        """The performance verdicts over all rows, metric by metric."""
        model = self.models.get(name).model
        found = [
            verdict
            for verdict in self._of_kind(model, "performance", asked)
            if verdict.window is not None and verdict.column is None
        ]
        by_metric: dict[str, list[Verdict]] = {}
        for verdict in found:
            by_metric.setdefault(verdict.what, []).append(verdict)
        return Performance(
            metrics=[_metric(what, verdicts) for what, verdicts in by_metric.items()],
            series=[
                MetricSeries(metric=what, points=[_point(verdict) for verdict in verdicts])
                for what, verdicts in by_metric.items()
                if metric is None or what == metric
            ],
        )

    def _of_kind(
        self, model: Model, kind: str, asked: Range, *, what: tuple[str, ...] = ()
    ) -> Sequence[Verdict]:
        """The verdicts over all rows of the monitors of one kind, oldest window first."""
        names = tuple(spec.name for spec in monitors_of(model) if spec.kind == kind)
        if not names:
            return ()
        wanted = VerdictFilter(
            model=model.name,
            monitors=names,
            what=what,
            segment="",
            start=asked.start,
            end=asked.end,
        )
        return [
            verdict
            for verdict in self.catalog.verdicts.series(wanted)
            if verdict.version is None and verdict.arm is None
        ]


def _rank(verdict: Verdict) -> int:
    return _WORST.index(verdict.status)


def _cell(column: str, window: Window, verdict: Verdict) -> DriftCell:
    moved = verdict.effect.get("moved")
    words = [str(item) for item in moved] if isinstance(moved, list) else []
    return DriftCell(
        column=column,
        window=window_wire(window),
        status=verdict.status,
        value=verdict.value,
        low=verdict.low,
        high=verdict.high,
        p_value=_number(verdict, "p_value"),
        n=verdict.n,
        provisional=verdict.provisional,
        what="; ".join(words) or verdict.message,
        verdict_id=verdict.id,
    )


def _metric(what: str, verdicts: Sequence[Verdict]) -> MetricWire:
    told = next((verdict.effect for verdict in verdicts if "better" in verdict.effect), {})
    better = str(told.get("better", "higher"))
    way: Literal["higher", "lower", "zero"] = (
        "higher" if better == "higher" else "lower" if better == "lower" else "zero"
    )
    return MetricWire(name=what, better=way, unit=str(told.get("unit", "")))


def _point(verdict: Verdict) -> PerformancePoint:
    assert verdict.window is not None  # noqa: S101  the caller left the others out
    return PerformancePoint(
        window=window_wire(verdict.window),
        value=verdict.value,
        low=verdict.low,
        high=verdict.high,
        n=verdict.n,
        maturity=verdict.maturity,
        baseline=_number(verdict, "baseline"),
        control=_number(verdict, "best_constant"),
        no_change=_number(verdict, "no_change"),
        status=verdict.status,
        verdict_id=verdict.id,
    )


def _number(verdict: Verdict, name: str) -> float | None:
    value = verdict.effect.get(name)
    return float(value) if isinstance(value, int | float) else None
