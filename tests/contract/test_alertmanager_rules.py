"""Our routes and identities beside those of a real Alertmanager."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from prometheus_server import running_alertmanager
from waiting import PATIENCE_SECONDS, until
from watchkeeper.alerts.labels import fingerprint
from watchkeeper.alerts.routing import Routing
from watchkeeper.definitions.matchers import parse_matcher
from watchkeeper.domain.route import AlertRoute, SinkSpec

LOG = (SinkSpec("log"),)


def route(name: str, *matchers: str, go_on: bool = False, below: tuple[AlertRoute, ...] = ()):
    """A route with matchers in words."""
    found = tuple(parse_matcher(text) for text in matchers)
    return AlertRoute(name, LOG, matchers=found, go_on=go_on, routes=below)


TREE = route(
    "root",
    below=(
        route("critical", 'severity="critical"', go_on=True),
        route("teams", 'owner=~"ops|risk"', below=(route("risk", "owner=risk", 'column!=""'),)),
        route("winds", 'column=~"wind_.+"', 'column!~".*dir"', go_on=True),
        route(
            "owned",
            'owner!=""',
            below=(route("deep", "tier=critical", below=(route("deeper", "arm=b"),)),),
        ),
    ),
)
CASES = (
    {},
    {"severity": "critical"},
    {"owner": "ops"},
    {"owner": "risk"},
    {"owner": "risk", "column": "age"},
    {"owner": "riskier"},
    {"owner": "risk", "severity": "critical", "column": "wind_speed"},
    {"column": "wind_speed"},
    {"column": "wind_dir"},
    {"column": "wind_"},
    {"column": "wind_speed", "owner": "x"},
    {"owner": "x", "tier": "critical"},
    {"owner": "x", "tier": "critical", "arm": "b"},
    {"owner": "x", "arm": "b"},
)


def as_alertmanager_says(found: AlertRoute, path: str = "") -> dict[str, object]:
    """The route in a configuration of Alertmanager; receivers are called by the route's path."""
    path = f"{path}/{found.name}" if path else found.name
    below = [as_alertmanager_says(child, path) for child in found.routes]
    form = {"receiver": path, "continue": found.go_on, "routes": below}
    return {**form, "matchers": [str(each) for each in found.matchers]} if found.matchers else form


def receivers_of(found: dict[str, object]) -> list[str]:
    """Every receiver of a configuration."""
    return [
        str(found["receiver"]),
        *(name for each in found["routes"] for name in receivers_of(each)),
    ]


def test_alerts_go_the_same_ways(tmp_path: Path) -> None:
    """`amtool config routes test` names the receivers that we do, for every case."""
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("needs amtool, which is not installed here")
    tree = as_alertmanager_says(TREE)
    config = {"route": tree, "receivers": [{"name": name} for name in receivers_of(tree)]}
    del tree["continue"]
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    ours = Routing.of([TREE])
    asked = [amtool, "config", "routes", "test", f"--config.file={path}"]

    for labels in CASES:
        given = [f"{name}={value}" for name, value in labels.items()] or ["nothing=x"]
        done = subprocess.run([*asked, *given], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [leaf.path for leaf in ours.leaves(labels)] == done.stdout.strip().split(","), labels


def test_an_alert_has_the_same_fingerprint(tmp_path: Path) -> None:
    """The identity of an alert is the one that Alertmanager computes of its labels."""
    labels = [
        {"alertname": "drift", "model": "flights"},
        {"alertname": "drift", "model": "flights", "segment": 'origin="JFK"', "column": "Höhe"},
        {"model": "flights", "column": "风", "alertname": "quality"},
    ]
    config = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    with running_alertmanager(tmp_path, config) as alertmanager:
        url = f"{alertmanager}/api/v2/alerts"
        body = json.dumps([{"labels": each} for each in labels]).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS).close()

        def held() -> list[dict[str, object]]:
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                return json.loads(answer.read())

        found = until(held, lambda alerts: len(alerts) == len(labels), what="it holds them all")

    for each in found:
        assert each["fingerprint"] == fingerprint(each["labels"])
