"""A model's windows as series: what became of their rows, and how the service answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Verdict
from watchkeeper.domain.window import Window
from watchkeeper.server.adding import profiled_rows
from watchkeeper.server.models import Models
from watchkeeper.server.views.asked import Range
from watchkeeper.server.views.fleet import maturity_of
from watchkeeper.server.views.stored import stored_windows
from watchkeeper.server.watermarks import Closing, closing
from watchkeeper.server.wire.envelope import window_wire
from watchkeeper.server.wire.service import Service, ServicePoint
from watchkeeper.server.wire.windows import WindowRow

__all__ = ["SeriesView"]

_ERRORS, _LATENCIES = "error_rate", ("latency_p50", "latency_p95", "latency_p99")


@dataclass(frozen=True, slots=True)
class SeriesView:
    """Reads windows and the service monitor's figures."""

    models: Models
    catalog: Catalog
    time_of: Callable[[str], datetime]

    def windows(self, name: str, asked: Range) -> list[WindowRow]:
        """The windows that start in the range, oldest first."""
        model = self.models.get(name).model
        mark, clock = self.catalog.partials.mark(name), self.time_of(name)
        counted = [self.catalog.partials.rows(name), self.catalog.sent.rows(name, asked.start)]
        lateness = () if mark is None else mark.lateness
        found = []
        for stored in stored_windows(self.catalog, name, asked):
            judged = stored.judged_at is not None
            stands = closing(stored.window.end, judged=judged, lateness=lateness, clock=clock)
            since = [item for rows in counted for item in rows.get(stored.window, ())]
            found.append(_row(model, stored, (profiled_rows(stored, since), stands)))
        return found

    def service(self, name: str, asked: Range) -> Service:
        """Traffic, errors and latency of each window, over all rows."""
        self.models.get(name)
        figures: dict[tuple[Window, str], Verdict] = {}
        wanted = VerdictFilter(
            model=name,
            what=(_ERRORS, *_LATENCIES),
            segment="",
            column="",
            start=asked.start,
            end=asked.end,
        )
        for verdict in self.catalog.verdicts.series(wanted):
            if verdict.version is None and verdict.arm is None and verdict.window is not None:
                figures[verdict.window, verdict.what] = verdict
        return Service(
            points=[_point(stored, figures) for stored in stored_windows(self.catalog, name, asked)]
        )


def _row(model: Model, stored: StoredWindow, told: tuple[int, Closing]) -> WindowRow:
    counts = stored.accounting
    profiled, stands = told
    return WindowRow(
        window=window_wire(stored.window),
        received=counts.received,
        accepted=counts.accepted,
        rejected=counts.rejected,
        duplicate=counts.duplicate,
        joined=counts.joined,
        rows=counts.accepted,
        maturity=maturity_of(model, stored),
        status=stored.status,
        alerts=stored.alerts,
        revision=stored.profile_revision,
        known_at=stored.judged_at,
        profiled=profiled,
        closing=stands.state,
        watermark=stands.watermark,
    )


def _point(stored: StoredWindow, figures: dict[tuple[Window, str], Verdict]) -> ServicePoint:
    def value(what: str) -> float | None:
        found = figures.get((stored.window, what))
        return None if found is None else found.value

    errors = figures.get((stored.window, _ERRORS))
    failed = 0 if errors is None or errors.value is None else round(errors.value * errors.n)
    p50, p95, p99 = (value(what) for what in _LATENCIES)
    return ServicePoint(
        window=window_wire(stored.window),
        requests=stored.accounting.accepted,
        errors=failed,
        p50=p50,
        p95=p95,
        p99=p99,
    )
