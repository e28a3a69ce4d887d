"""What a notice shows and how it stands now, read from the records when it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from watchkeeper.alerts.chart import Chart, Point
from watchkeeper.alerts.figures import series, unit_of, usual_value
from watchkeeper.alerts.message import lead_of
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.domain.alert import Alert, Incident, Notice
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.errors import NotFound
from watchkeeper.server.models import Models

__all__ = ["Pictures"]

_WINDOWS = 60


@dataclass(frozen=True, slots=True)
class Pictures:
    """Reads verdicts, incidents and alerts."""

    catalog: Catalog
    models: Models

    def chart(self, notice: Notice) -> Chart | None:
        """The figure that the notice is about, over its last windows; None where there is none."""
        lead = lead_of(notice)
        if lead is None or not lead.recent:
            return None
        try:
            length = self.models.get(lead.model).model.granularity.length
        except NotFound:
            return None
        end = max(tick.start for tick in lead.recent) + length
        found = self.catalog.verdicts.series(
            VerdictFilter(
                model=lead.model,
                monitors=(lead.monitor,),
                what=(lead.what,),
                column=lead.column or "",
                segment=lead.segment or "",
                start=end - _WINDOWS * length,
                end=end,
            )
        )
        chart = Chart(series(lead), unit_of(lead), tuple(_points(found, lead)), usual_value(lead))
        return chart if len(chart.values) > 1 else None

    def current(self, notice: Notice) -> Notice:
        """The notice with its incidents and alerts as they stand now."""
        told = notice.incidents or (notice.incident,)
        alerts = {
            alert.id: alert
            for incident in told
            for alert in self.catalog.alerts.alerts_of(incident.id)
        }
        return replace(
            notice,
            incident=self._incident(notice.incident),
            incidents=tuple(self._incident(each) for each in notice.incidents),
            alerts=tuple(
                replace(alerts.get(each.id, each), runbook=each.runbook) for each in notice.alerts
            ),
        )

    def _incident(self, known: Incident) -> Incident:
        try:
            return self.catalog.alerts.incident(known.id)
        except NotFound:
            return known


def _points(found: Sequence[Verdict], lead: Alert) -> Iterator[Point]:
    for verdict in found:
        if (verdict.version, verdict.arm) != (lead.version, lead.arm) or verdict.window is None:
            continue
        yield Point(
            verdict.window.start,
            verdict.value,
            verdict.low,
            verdict.high,
            fired=verdict.status is Status.ALERT,
        )
