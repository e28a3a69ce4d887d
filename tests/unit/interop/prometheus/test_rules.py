"""Rules are made from definitions; promtool reads them, and the tests that are made with them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import yaml

from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.window import Granularity
from watchkeeper.interop.prometheus.families import FAMILIES
from watchkeeper.interop.prometheus.model_rules import model_alerts
from watchkeeper.interop.prometheus.own_rules import own_alerts
from watchkeeper.interop.prometheus.rules import RuleOptions, rules_text, unit_tests_text

OPTIONS = RuleOptions("keeper", "https://wk.example.org/")


@pytest.fixture
def files(tmp_path, loans):
    """A rule file and its tests, of two models."""
    models = [loans, Model("weekly", Task.NONE, (), granularity=Granularity.parse("1w"))]
    (tmp_path / "rules.yml").write_text(rules_text(models, OPTIONS))
    (tmp_path / "tests.yml").write_text(unit_tests_text(models, OPTIONS, "rules.yml"))
    return tmp_path


def test_the_rules_are_what_prometheus_reads(files, promtool):
    """The file passes every check that there is."""
    code, said = promtool("check", "rules", "--lint=all", "--lint-fatal", files / "rules.yml")

    assert (code, "SUCCESS" in said) == (0, True), said


def test_each_alert_fires_where_it_should_and_only_there(files, promtool):
    """The unit tests that are made beside the rules hold."""
    code, said = promtool("test", "rules", "tests.yml", cwd=files)

    assert code == 0, said


def test_the_unit_tests_can_fail(files, promtool):
    """Rules that never fire do not pass them."""
    text = (files / "rules.yml").read_text()
    (files / "rules.yml").write_text(text.replace("incidents_open{", "incidents_closed{"))

    code, said = promtool("test", "rules", "tests.yml", cwd=files)

    assert (code, "WatchkeeperModelIncident fires" in said) == (1, True)


def test_every_alert_says_what_to_do(loans):
    """A runbook in words, and with a page a link to more."""
    alerts = [*own_alerts("keeper"), *model_alerts(loans)]

    assert all(len(alert.runbook) > 60 for alert in alerts)
    linked = [alert.name for alert in alerts if "runbook_url" in alert.annotations("http://x")]
    assert set(linked) == {alert.name for alert in alerts} - {"WatchkeeperDown"}


def test_rules_ask_only_for_what_is_told(files):
    """Every figure in an expression is a family that /metrics can hold."""
    text = (files / "rules.yml").read_text()
    asked = set(re.findall(r"(?<![:\w])watchkeeper_\w+", text))
    told = {suffixed for name in FAMILIES for suffixed in (name, f"{name}_bucket")}

    assert asked - told == set()


def test_a_threshold_of_the_definition_is_a_rule_with_its_severity(loans):
    """Each limit has a rule of its own."""
    found = {
        (alert.expr.split(") ", 2)[-1], alert.severity)
        for alert in model_alerts(loans)
        if alert.name == "WatchkeeperThreshold"
    }

    assert found == {("> 250", "critical"), ("> 9", "warning"), ("< -1.5", "warning")}


def test_a_model_that_fell_silent_is_no_news():
    """Beyond a week without rows no windows are made, and nobody is told of them."""
    model = Model("m", Task.NONE, (), granularity=Granularity.parse("1h"))
    (rule,) = (a for a in model_alerts(model) if a.name == "WatchkeeperModelNotJudged")

    limit = 2 * 3_600 + 1_800
    silent = limit + int(timedelta(days=7).total_seconds())
    assert f"> {limit} " in rule.expr
    assert rule.expr.endswith(f"< {silent}")


def test_the_file_is_plain_yaml(files):
    """One group for each model beside the two of the installation."""
    names = [group["name"] for group in yaml.safe_load((files / "rules.yml").read_text())["groups"]]

    assert names == [
        "watchkeeper-recording",
        "watchkeeper-itself",
        "watchkeeper-model-loans",
        "watchkeeper-model-weekly",
    ]
