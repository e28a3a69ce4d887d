"""Files for Prometheus and Grafana, written by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from watchkeeper.cli.main import cli

MODEL = """
kind: Model
apiVersion: watchkeeper/v1
name: loans
task: none
granularity: 1h
columns: {at: {type: timestamp, role: time}, income: numeric}
monitors:
  - {name: rich, type: custom, options: {sql: "avg(income)", above: 9}}
"""


@pytest.fixture
def run(tmp_path):
    """Runs a command in an empty folder with a definition."""
    (tmp_path / "loans.yaml").write_text(MODEL)

    def one(*arguments):
        found = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.output

    return one


def test_rules_are_made_of_definitions_in_files(run, tmp_path):
    """Without a server, with links to the page."""
    text = run("export", "prometheus-rules", "-f", tmp_path / "loans.yaml", "--page", "https://wk")

    groups = {group["name"]: group["rules"] for group in yaml.safe_load(text)["groups"]}
    rules = {rule["alert"]: rule for rule in groups["watchkeeper-model-loans"]}
    assert 'monitor="rich"' in rules["WatchkeeperThreshold"]["expr"]
    assert rules["WatchkeeperThreshold"]["annotations"]["runbook_url"] == "https://wk/runbooks/custom"  # fmt: skip


def test_unit_tests_are_made_of_the_same(run, tmp_path):
    """They name the file that they prove."""
    text = run("export", "prometheus-rules", "-f", tmp_path, "--tests", "my-rules.yml")

    found = yaml.safe_load(text)
    assert found["rule_files"] == ["my-rules.yml"]
    assert {"WatchkeeperThreshold fires", "WatchkeeperThreshold keeps quiet"} <= {
        test["name"] for test in found["tests"]
    }


@pytest.mark.parametrize("source", ["prometheus", "postgres"])
def test_dashboards_are_written_into_a_folder(run, tmp_path, source):
    """With their provisioning, each file told."""
    told = run("export", "grafana", "--datasource", source, "--to", tmp_path / "grafana")

    files = [line for line in told.splitlines() if line.endswith(".json")]
    assert len(files) == 3
    titles = {json.loads(Path(path).read_text())["title"] for path in files}
    assert any(title.startswith("Watchkeeper: fleet") for title in titles)
    assert (tmp_path / "grafana/provisioning/datasources/watchkeeper.yaml").exists()
