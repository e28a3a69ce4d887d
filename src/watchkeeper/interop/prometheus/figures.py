"""The figures of a model's last judged window as series: which verdict belongs to which family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchkeeper.catalog.standing import Figure
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Status
from watchkeeper.interop.prometheus.series import Series
from watchkeeper.monitors.defaults import monitors_of

__all__ = ["figures_of"]

_QUANTILES = {"latency_p50": "0.5", "latency_p95": "0.95", "latency_p99": "0.99"}
_OF_COLUMNS = {
    "drift": "watchkeeper_column_drift_ratio",
    "missing_rate": "watchkeeper_column_missing_ratio",
}
_OWN = frozenset({"static", "deviation", "custom"})


def figures_of(
    found: Series,
    model: Model,
    figures: Sequence[Figure],
    alarms: Mapping[str, int],
    *,
    columns: bool,
) -> None:
    """Add them. What has no value (too few data) has no sample either."""
    kinds = {spec.name: spec.kind for spec in monitors_of(model)}
    for monitor in kinds:
        found.add("watchkeeper_monitor_alerts", alarms.get(monitor, 0), model.name, monitor)
    for figure in figures:
        if figure.column is None:
            _whole(found, model.name, figure, kinds.get(figure.monitor, ""))
        elif columns and figure.what in _OF_COLUMNS:
            family = _OF_COLUMNS[figure.what]
            found.add(family, figure.value, model.name, figure.column)
    if columns:
        _alerting_columns(found, model.name, figures)


def _whole(found: Series, model: str, figure: Figure, kind: str) -> None:
    if kind == "performance":
        found.add("watchkeeper_model_performance", figure.value, model, figure.what)
    elif kind in _OWN:
        found.add("watchkeeper_monitor_value", figure.value, model, figure.monitor)
    elif figure.what == "error_rate":
        found.add("watchkeeper_model_error_ratio", figure.value, model)
    elif figure.what in _QUANTILES and figure.value is not None:
        seconds = figure.value / 1e3
        found.add("watchkeeper_model_latency_seconds", seconds, model, _QUANTILES[figure.what])


def _alerting_columns(found: Series, model: str, figures: Sequence[Figure]) -> None:
    number: dict[str, int] = {}
    for figure in figures:
        if figure.column is not None:
            alarm = int(figure.status is Status.ALERT)
            number[figure.column] = number.get(figure.column, 0) + alarm
    for column, alarms in number.items():
        found.add("watchkeeper_column_alerts", alarms, model, column)
