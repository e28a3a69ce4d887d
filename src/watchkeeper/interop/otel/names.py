"""From the names of `/metrics` to OpenTelemetry's: one table, so that it can be changed in one place.

There is no accepted convention for the inference of classic models (semantic-conventions #3420 is
open), so names are our own, below ``watchkeeper.``. What is not in the table follows the rule that
its entries follow: the prefix becomes ``watchkeeper.``, a suffix that names a unit becomes the unit.
Attributes are the labels; those below have a name with a meaning beyond ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ATTRIBUTES", "Name", "name_of"]


@dataclass(frozen=True, slots=True)
class Name:
    """A metric's name and its unit, as UCUM spells it."""

    name: str
    unit: str


_PREFIX = "watchkeeper_"
_UNITS = (("_seconds", "s"), ("_bytes", "By"), ("_ratio", "1"))

_NAMES: Mapping[str, Name] = {
    "watchkeeper_request_duration_seconds": Name("http.server.request.duration", "s"),
    "watchkeeper_requests": Name("watchkeeper.requests", "{request}"),
    "watchkeeper_ingested_rows": Name("watchkeeper.ingest.rows", "{row}"),
    "watchkeeper_rows": Name("watchkeeper.ingest.rows", "{row}"),
    "watchkeeper_model_rows": Name("watchkeeper.model.rows", "{row}"),
    "watchkeeper_model_window_rows": Name("watchkeeper.model.window.rows", "{row}"),
    "watchkeeper_model_window_alerts": Name("watchkeeper.model.window.alerts", "{verdict}"),
    "watchkeeper_model_incidents_open": Name("watchkeeper.model.incidents.open", "{incident}"),
    "watchkeeper_model_performance": Name("watchkeeper.model.quality", "1"),
    "watchkeeper_model_latency_seconds": Name("watchkeeper.prediction.latency", "s"),
    "watchkeeper_model_error_ratio": Name("watchkeeper.prediction.errors", "1"),
    "watchkeeper_column_drift_ratio": Name("watchkeeper.feature.drift", "1"),
    "watchkeeper_column_missing_ratio": Name("watchkeeper.feature.missing", "1"),
    "watchkeeper_column_alerts": Name("watchkeeper.feature.alerts", "{verdict}"),
    "watchkeeper_monitor_value": Name("watchkeeper.monitor.value", "1"),
    "watchkeeper_monitor_alerts": Name("watchkeeper.monitor.alerts", "{verdict}"),
    "watchkeeper_incidents_open": Name("watchkeeper.incidents.open", "{incident}"),
    "watchkeeper_models": Name("watchkeeper.models", "{model}"),
    "watchkeeper_inbox_batches": Name("watchkeeper.inbox.batches", "{batch}"),
    "watchkeeper_inbox_bytes": Name("watchkeeper.inbox.size", "By"),
    "watchkeeper_source_rows": Name("watchkeeper.source.rows", "{row}"),
}
ATTRIBUTES: Mapping[str, str] = {
    "model": "watchkeeper.model.name",
    "version": "watchkeeper.version",
    "column": "watchkeeper.column.name",
    "monitor": "watchkeeper.monitor.name",
    "source": "watchkeeper.source.name",
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "severity": "watchkeeper.severity",
    "fate": "watchkeeper.fate",
    "kind": "watchkeeper.kind",
    "metric": "watchkeeper.metric",
    "quantile": "watchkeeper.quantile",
    "health": "watchkeeper.health",
    "process": "watchkeeper.process",
    "host": "host.name",
}


def name_of(family: str) -> Name:
    """The name and unit of a family, named as Prometheus does but for ``_total``.

    >>> name_of("watchkeeper_home_free_bytes")
    Name(name='watchkeeper.home.free', unit='By')
    >>> name_of("watchkeeper_model_judged_timestamp_seconds")
    Name(name='watchkeeper.model.judged.timestamp', unit='s')
    """
    found = _NAMES.get(family)
    if found is not None:
        return found
    text, unit = family, "1"
    for suffix, stands_for in _UNITS:
        if text.endswith(suffix):
            text, unit = text.removesuffix(suffix), stands_for
    own = text.startswith(_PREFIX)
    dotted = text.removeprefix(_PREFIX).replace("_", ".")
    return Name(f"watchkeeper.{dotted}" if own else dotted, unit)
