"""Rules about one model, made from its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from watchkeeper.domain.model import Model, MonitorSpec, Tier
from watchkeeper.interop.prometheus.rule import Alert, Case, duration, quoted
from watchkeeper.monitors.defaults import monitors_of

__all__ = ["model_alerts"]

_SEVERITIES = {Tier.CRITICAL: "critical", Tier.STANDARD: "warning", Tier.EXPERIMENTAL: "info"}
_GRACE = timedelta(minutes=30)  # beyond two windows: one that runs, and one that is being judged
_SILENCE = timedelta(days=7)
_REJECTED = 0.05


def model_alerts(model: Model) -> Iterator[Alert]:
    """The alerts of a model. Their severity is its tier's, that of a threshold the monitor's own."""
    yield _incident(model)
    yield _not_judged(model)
    yield _failed(model)
    yield _rejects(model)
    for spec in monitors_of(model):
        if spec.kind in {"static", "custom"} and not spec.columns:
            yield from _thresholds(model, spec)


def _labels(model: Model) -> Mapping[str, str]:
    # What two braces begin would be read as a template.
    owner = {"owner": model.owner.replace("{{", "{ {")} if model.owner else {}
    return {"tier": model.tier.value, **owner}


def _of(model: Model, **more: str) -> str:
    named = {"model": model.name, **more}
    return "{" + ",".join(f"{name}={quoted(value)}" for name, value in named.items()) + "}"


def _link(model: Model) -> str:
    return f"/models/{model.name}"


def _incident(model: Model) -> Alert:
    series = f"watchkeeper_model_incidents_open{_of(model)}"
    return Alert(
        "WatchkeeperModelIncident",
        f"max by (model) ({series}) > 0",
        0,
        _SEVERITIES[model.tier],
        f"Model {model.name} has an open incident",
        "Open the incident: it names the likely cause and the monitors that alarm. Acknowledge it "
        "when you work on it; it is resolved by itself when the model is as before.",
        Case({series: "1x10"}, {series: "0x10"}, {"model": model.name}),
        link=_link(model),
        labels=_labels(model),
    )


def _not_judged(model: Model) -> Alert:
    series = f"watchkeeper_model_lag_seconds{_of(model)}"
    most = int((2 * model.granularity.length + _GRACE).total_seconds())
    # A model that fell silent is no news any more: no windows are made for it.
    silent = most + int(max(_SILENCE, 3 * model.granularity.length).total_seconds())
    return Alert(
        "WatchkeeperModelNotJudged",
        f"max by (model) ({series}) > {most} and max by (model) ({series}) < {silent}",
        15,
        _SEVERITIES[model.tier],
        f"No window of model {model.name} was judged for {duration(most)}",
        "`watchkeeper status` and the page of the system say what the worker does. A window is due "
        "five minutes after its end; judging waits while rows wait to be moved.",
        Case({series: f"{most + 60}x30"}, {series: f"{most - 60}x30"}, {"model": model.name}),
        link=_link(model),
        labels=_labels(model),
    )


def _failed(model: Model) -> Alert:
    series = f"watchkeeper_model_health{_of(model, health='error')}"
    return Alert(
        "WatchkeeperModelFails",
        f"max by (model) ({series}) == 1",
        15,
        _SEVERITIES[model.tier],
        f"The last window of model {model.name} could not be judged",
        "The verdict of status error names what failed and where. It is tried again at every full "
        "hour for a week.",
        Case({series: "1x30"}, {series: "0x30"}, {"model": model.name}),
        link=_link(model),
        labels=_labels(model),
    )


def _rejects(model: Model) -> Alert:
    ratio = "model:watchkeeper_model_rows_rejected:ratio_rate1h"

    def rows(fate: str) -> str:
        return f"watchkeeper_model_rows_total{_of(model, kind='predictions', fate=fate)}"

    return Alert(
        "WatchkeeperModelRowsRejected",
        f"{ratio}{_of(model)} > {_REJECTED}",
        15,
        _SEVERITIES[model.tier],
        f"More than 5 % of the rows of model {model.name} were rejected within an hour",
        "`watchkeeper quarantine` shows the rows with their reasons. They are kept: mend the "
        "sender or the definition, and send them again from there.",
        Case(
            {rows("rejected"): "0+10x90", rows("accepted"): "0+90x90"},
            {rows("rejected"): "0+1x90", rows("accepted"): "0+99x90"},
            {"model": model.name},
        ),
        link=_link(model),
        labels=_labels(model),
    )


def _thresholds(model: Model, spec: MonitorSpec) -> Iterator[Alert]:
    series = f"watchkeeper_monitor_value{_of(model, monitor=spec.name)}"
    for name, sign, step in (("above", ">", 1.0), ("below", "<", -1.0)):
        limit = spec.options.get(name)
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            continue
        beyond, within = limit + step, limit - step
        yield Alert(
            "WatchkeeperThreshold",
            f"max by (model, monitor) ({series}) {sign} {limit!r}",
            0,
            spec.severity,
            f"{spec.name} of model {model.name} lies {name} {limit:g}",
            f"The limit is the option {name} of the monitor {spec.name} in the model's definition. "
            "The runbook of its kind says how to find the cause.",
            Case(
                {series: f"{beyond!r}x10"},
                {series: f"{within!r}x10"},
                {"model": model.name, "monitor": spec.name},
            ),
            link=f"/runbooks/{spec.kind}",
            labels={**_labels(model), "limit": name},
        )
