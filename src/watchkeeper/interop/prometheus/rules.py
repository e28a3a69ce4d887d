"""Rule files for Prometheus, and unit tests of them for ``promtool test rules``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from watchkeeper.domain.model import Model
from watchkeeper.interop.prometheus.model_rules import model_alerts
from watchkeeper.interop.prometheus.own_rules import own_alerts, recordings
from watchkeeper.interop.prometheus.rule import Alert, duration

__all__ = ["RuleOptions", "rules_text", "unit_tests_text"]

_SETTLED_MINUTES = 3
_MADE = (
    "# Made by `watchkeeper export prometheus-rules`: change the definitions, and make it anew.\n"
)


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """``job`` is the scrape's name, ``page`` where people reach our page (empty: no links)."""

    job: str = "watchkeeper"
    page: str = ""


def rules_text(models: Sequence[Model], options: RuleOptions) -> str:
    """The rule file: recording rules, alerts about Watchkeeper, and a group for each model."""
    groups: list[dict[str, object]] = [
        {"name": "watchkeeper-recording", "rules": [each.form() for each in recordings()]},
        _group("watchkeeper-itself", own_alerts(options.job), options),
    ]
    groups += [
        _group(f"watchkeeper-model-{model.name}", tuple(model_alerts(model)), options)
        for model in models
    ]
    return _MADE + _dumped({"groups": groups})


def unit_tests_text(models: Sequence[Model], options: RuleOptions, rule_file: str) -> str:
    """Unit tests of that rule file: each alert fires where it should, and where it should not it
    does not.
    """
    alerts = [*own_alerts(options.job)]
    alerts += [alert for model in models for alert in model_alerts(model)]
    tests = [test for alert in alerts for test in _tests(alert, options)]
    return _MADE + _dumped({"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests})


def _group(name: str, alerts: Sequence[Alert], options: RuleOptions) -> dict[str, object]:
    return {"name": name, "rules": [alert.form(options.page) for alert in alerts]}


def _tests(alert: Alert, options: RuleOptions) -> list[dict[str, object]]:
    at = duration(60 * (2 * alert.minutes + _SETTLED_MINUTES))
    found: list[dict[str, object]] = []
    for series, expected in (
        (alert.case.fires, [alert.fired(options.page)]),
        (alert.case.quiet, []),
    ):
        found.append(
            {
                "name": f"{alert.name} {'fires' if expected else 'keeps quiet'}",
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "alert_rule_test": [
                    {"eval_time": at, "alertname": alert.name, "exp_alerts": expected}
                ],
            }
        )
    return found


def _dumped(document: dict[str, object]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
