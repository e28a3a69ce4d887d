"""Dashboards are well made before any Grafana sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from watchkeeper.interop.grafana.board import Board, Panel, Query, Row, Source, dashboard
from watchkeeper.interop.grafana.provisioning import DataSource, boards_of, files_of
from watchkeeper.interop.prometheus.families import FAMILIES, Kind

SCHEMAS = Path(__file__).resolve().parents[5] / "shared" / "schemas"
BOARDS = [(source, board) for source in DataSource for board in boards_of(source)]
ALL = pytest.mark.parametrize(
    ("source", "board"), BOARDS, ids=lambda each: getattr(each, "uid", "")
)


def panels(board):
    """The panels of a board's document, rows included."""
    return dashboard(board)["panels"]


@ALL
def test_the_strict_schema_has_nothing_to_say(source, board):
    """The document is exactly of Grafana's own shape, unknown members refused."""
    if not SCHEMAS.is_dir():
        pytest.skip("needs Grafana's schemas beside the project (../shared/schemas)")
    schema = json.loads((SCHEMAS / "grafana-dashboard.jsonschema.json").read_text())
    document = json.loads(json.dumps(dashboard(board, boards_of(source))))

    found = jsonschema.Draft7Validator(schema).iter_errors(document)

    assert [(list(each.absolute_path), each.message) for each in found] == []


@ALL
def test_panels_have_a_place_of_their_own(source, board):
    """None lies on another or beyond the edge, and each has its number."""
    taken = set()
    for panel in panels(board):
        place = panel["gridPos"]
        cells = {
            (place["x"] + across, place["y"] + down)
            for across in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    numbers = [panel["id"] for panel in panels(board)]
    assert len(set(numbers)) == len(numbers)


@ALL
def test_every_panel_says_what_it_shows(source, board):
    """A title, a sentence, a unit, a query, and the data source that was chosen."""
    for panel in panels(board):
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"]


@pytest.mark.parametrize("board", boards_of(DataSource.PROMETHEUS), ids=lambda board: board.uid)
def test_queries_ask_for_what_is_told(board):
    """Each figure is a family of ours, counters are asked for their rate over the right interval."""
    queries = [query.text for row in board.rows for panel in row.panels for query in panel.queries]
    for query in queries:
        for name in re.findall(r"watchkeeper_\w+", query):
            family = FAMILIES[name.removesuffix("_bucket")]
            assert (family.kind is Kind.HISTOGRAM) == name.endswith("_bucket"), query
            if family.kind is not Kind.GAUGE:
                assert re.search(r"(rate|increase)\(", query), query
        assert not re.search(r"rate\([^[]*\[(?!\$__rate_interval)", query), query


@pytest.mark.parametrize("source", DataSource)
def test_grafana_finds_what_it_is_told_of(source):
    """The provider's folder is where the dashboards are written, and secrets are only named."""
    files = files_of(source, "somewhere:1")
    provider = yaml.safe_load(files["provisioning/dashboards/watchkeeper.yaml"])["providers"][0]
    (told,) = yaml.safe_load(files["provisioning/datasources/watchkeeper.yaml"])["datasources"]
    boards = {Path(name).stem for name in files if name.endswith(".json")}

    assert provider["options"]["path"].endswith("dashboards/watchkeeper")
    assert boards == {board.uid for board in boards_of(source)}
    assert told["url"] == "somewhere:1"
    assert all(value.startswith("$") for value in told.get("secureJsonData", {}).values())


def test_limits_that_fall_mean_that_low_is_bad():
    """Red is at the low end, and the steps rise as Grafana wants them."""
    panel = Panel("stat", "Disk", "Free.", (Query("x"),), limits=(0.2, 0.1))
    board = Board("u", "t", "a", (Row("r", (panel,)),), Source("prometheus"))

    steps = panels(board)[1]["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [(step["color"], step["value"]) for step in steps] == [
        ("red", None),
        ("orange", 0.1),
        ("green", 0.2),
    ]
