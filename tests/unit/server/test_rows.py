"""Rows out: with their truth, as known then, as stored then; as JSON and as Arrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.views import rows as row_views

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = {"start": START.isoformat(), "end": (START + DAY).isoformat()}
ARROW = "application/vnd.apache.arrow.stream"


def got(api, *, headers=None, **asked):
    answer = api(
        "GET",
        "/api/v1/models/loans/rows",
        params={**FIRST, **asked},
        headers=None if headers is None else {**api.headers, **headers},
    )
    assert answer.status_code == 200, answer.text
    return answer


def test_rows_with_their_truth(lived):
    """The predictions of a day, each once, in the order of time, with the label told of each."""
    rows = got(lived, limit=1000).json()["data"]

    assert len(rows) == 150
    assert [row["_wk_time"] for row in rows] == sorted(row["_wk_time"] for row in rows)
    assert {row["repaid"] for row in rows} == {"yes", "no"}


def test_pages_hold_every_row_once(lived):
    """One page after the other."""
    first = got(lived, limit=100).json()
    second = got(lived, limit=100, cursor=first["next_cursor"]).json()

    ids = [row["_wk_id"] for row in (*first["data"], *second["data"])]
    assert len(ids) == len(set(ids)) == 150
    assert second["next_cursor"] is None


def test_rows_as_known_then(stage, api):
    """Before their labels came they have none."""
    stage.send(START, labels=False)
    stage.label(stage.loans(START), START + 3 * DAY)
    stage.parts.worker().step()

    then = got(api, known_at=(START + 2 * DAY).isoformat()).json()["data"]
    now = got(api).json()["data"]
    assert {row["repaid"] for row in then} == {None}
    assert {row["repaid"] for row in now} == {"yes", "no"}


def test_rows_as_stored_then(stage, api):
    """At a version, and at a moment before anything was."""
    stage.send(START, rows=5)
    stage.parts.worker().step()
    version = stage.parts.lake.version("loans", LakeTable.PREDICTIONS)
    stage.parts.lake.care("loans", LakeTable.PREDICTIONS).forget(START + 2 * DAY)

    asked = {"table": "predictions", "limit": 1000}
    assert got(api, **asked).json()["data"] == []
    assert len(got(api, **asked, as_of=str(version)).json()["data"]) == 5
    assert got(api, **asked, as_of="2001-01-01T00:00:00Z").json()["data"] == []


def test_rows_as_arrow(lived):
    """All of them at once, with their types, for whoever asks for that."""
    answer = got(lived, headers={"Accept": ARROW})

    rows = pa.ipc.open_stream(answer.content).read_all()
    assert answer.headers["content-type"] == ARROW
    assert rows.num_rows == 150
    assert rows.schema.field("income").type == pa.float64()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"as_of": "3"}, "two"),
        ({"as_of": "soon", "table": "labels"}, "as_of"),
        ({"as_of": "2024-01-01T00:00:00", "table": "labels"}, "time zone"),
        ({"start": "2024-03-04T00:00:00"}, "time zone"),
        ({"cursor": "x"}, "cursor"),
        ({"end": FIRST["start"]}, "window"),
    ],
)
def test_what_cannot_be_told_is_refused(lived, asked, said):
    """With what to ask instead."""
    answer = lived("GET", "/api/v1/models/loans/rows", params={**FIRST, **asked})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("table", ["joined", "predictions", "labels"])
def test_more_than_one_answer_holds_is_refused(lived, monkeypatch, table):
    """Predictions before they are read."""
    monkeypatch.setattr(row_views, "_MOST_ROWS", 149)

    answer = lived("GET", "/api/v1/models/loans/rows", params={**FIRST, "table": table})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "150" in answer.json()["error"]["message"]
