"""What the API shows of a judged week."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import sqlalchemy as sa

from watchkeeper.ingest.envelope import unpacked_table
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.layout import LakeTable

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 150


def got(lived, path):
    """The data of a successful answer."""
    answer = lived("GET", f"/api/v1/models/loans{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_the_fleet_at_a_glance(lived):
    """A model with an open incident is in alarm, with its last window's rows and labels."""
    (model,) = lived("GET", "/api/v1/models").json()["data"]

    assert (model["name"], model["task"], model["granularity"]) == ("loans", "binary", "1d")
    assert model["health"] == "alert"
    assert model["open_incidents"] >= 1
    assert (model["rows_last_window"], model["maturity"]) == (ROWS, 1.0)
    assert [point["rows"] for point in model["volume"]] == [ROWS] * 5


def test_windows_account_for_every_row(lived):
    """Received is accepted, rejected and duplicate; the first day has a rejected row."""
    windows = got(lived, "/windows")

    assert [window["received"] for window in windows] == [ROWS + 1, ROWS, ROWS, ROWS, ROWS]
    for window in windows:
        parts = window["accepted"] + window["rejected"] + window["duplicate"]
        assert window["received"] == parts
    assert windows[-1]["status"] == "alert"
    assert windows[-1]["alerts"] > 0


def test_windows_of_a_range(lived):
    """A range takes the windows that start in it."""
    found = got(lived, "/windows?start=2024-03-05T00:00:00Z&end=2024-03-07T00:00:00Z")

    assert [window["window"]["start"][:10] for window in found] == ["2024-03-05", "2024-03-06"]


def test_the_drift_map(lived):
    """Columns in the order of the definition, one cell each a window, the fault among them."""
    drift = got(lived, "/drift")

    assert [column["name"] for column in drift["columns"]] == [
        "income",
        "region",
        "score",
        "prediction",
    ]
    keys = [(cell["column"], cell["window"]["start"]) for cell in drift["cells"]]
    assert len(keys) == len(set(keys))
    alarms = {
        (c["column"], c["window"]["start"][:10]) for c in drift["cells"] if c["status"] == "alert"
    }
    assert ("income", "2024-03-08") in alarms
    faulty = next(c for c in drift["cells"] if c["status"] == "alert")
    verdict = got(lived, f"/verdicts?column={faulty['column']}&status=alert")
    assert faulty["verdict_id"] in {item["id"] for item in verdict}


def test_verdicts_page_through_each_once(lived):
    """Small pages hold together what one large page holds."""
    whole = lived("GET", "/api/v1/models/loans/verdicts?limit=1000&monitor=drift").json()["data"]
    pieces, cursor = [], ""
    while cursor is not None:
        path = f"/api/v1/models/loans/verdicts?limit=7&monitor=drift{cursor}"
        answer = lived("GET", path).json()
        pieces += answer["data"]
        cursor = answer["next_cursor"] and f"&cursor={answer['next_cursor']}"

    assert pieces == whole
    assert len(whole) > 20


def test_verdicts_as_known_then(lived):
    """Before the first window was judged nothing was known."""
    assert got(lived, "/verdicts?known_at=2024-03-05T00:00:00Z") == []


def test_verdicts_over_all_rows_or_of_a_segment(lived):
    """An empty segment asks for all rows, a named one for its own."""
    whole = got(lived, "/verdicts?segment=&limit=1000")
    north = got(lived, "/verdicts?segment=region%3Dnorth&limit=1000")

    assert {item["segment"] for item in whole} == {None}
    assert {item["segment"] for item in north} == {"region=north"}


def test_a_numeric_distribution(lived):
    """Bars of reference and window add up to the rows that have a value."""
    shown = got(lived, "/distributions/income?start=2024-03-05T12:00:00Z")

    assert shown["window"]["start"] == "2024-03-05T00:00:00Z"
    assert shown["current_rows"] == ROWS
    assert sum(bar["current_count"] for bar in shown["bins"]) == ROWS
    assert sum(bar["reference_count"] for bar in shown["bins"]) == 40 * ROWS
    assert sum(bar["current_share"] for bar in shown["bins"]) == pytest.approx(1.0)
    edges = [bar["low"] for bar in shown["bins"] if bar["low"] is not None]
    assert edges == sorted(edges)
    assert {item["column"] for item in shown["verdicts"]} == {"income"}


def test_missing_values_are_counted_apart(lived):
    """Without a start the latest window is shown; its missing values are in no bar."""
    shown = got(lived, "/distributions/income")

    assert shown["window"]["start"] == "2024-03-08T00:00:00Z"
    assert shown["missing"]["current_count"] == 50
    assert shown["missing"]["current_share"] == pytest.approx(1 / 3)
    assert sum(bar["current_count"] for bar in shown["bins"]) == ROWS - 50


def test_a_categorical_distribution(lived):
    """A bar for each value, the most frequent first."""
    bars = got(lived, "/distributions/region")["bins"]

    assert {bar["label"] for bar in bars} == {"north", "south"}
    assert sum(bar["current_count"] for bar in bars) == ROWS


def test_a_segments_distribution(lived):
    """A slice is shown beside the same slice of the reference."""
    shown = got(lived, "/distributions/region?segment=region%3Dnorth")

    assert shown["segment"] == "region=north"
    assert {bar["label"] for bar in shown["bins"] if bar["current_count"]} == {"north"}
    assert 0 < shown["reference_rows"] < 40 * ROWS


def test_performance(lived):
    """Each metric has its way, its baseline and its controls, a point a window."""
    shown = got(lived, "/performance?metric=accuracy")

    metrics = {metric["name"]: metric["better"] for metric in shown["metrics"]}
    assert metrics["accuracy"] == "higher"
    assert metrics["log_loss"] == "lower"
    (series,) = shown["series"]
    assert [point["n"] for point in series["points"]] == [ROWS] * 5
    for point in series["points"]:
        assert point["low"] <= point["value"] <= point["high"]
        assert 0.5 < point["baseline"] < 1.0
        assert point["control"] is not None
        assert point["maturity"] == 1.0


def test_service(lived):
    """Without logged latency there is traffic and no quantile."""
    points = got(lived, "/service")["points"]

    assert [point["requests"] for point in points] == [ROWS] * 5
    assert {point["p95"] for point in points} == {None}


def test_quarantine_shows_the_row_and_why(lived):
    """A rejected row is there as it came, with the reason."""
    (row,) = lived("GET", "/api/v1/quarantine?model=loans").json()["data"]

    assert row["kind"] == "predictions"
    assert "a lot" in row["row"]
    assert row["detail"]


def rejected(stage, number, *, rows=2):
    """Send a batch of rows that are none."""
    at = START + timedelta(hours=20 * number)
    names = [f"{number}-{place}" for place in range(rows)]
    bad = pa.table({"loan": names, "at": [START] * rows, "income": ["a lot"] * rows})
    stage.receive(RowKind.PREDICTIONS, bad, f"bad-{number}", at)
    return names


def quarantine(api, *, limit):
    """The ids of the rejected rows, asked for page by page."""
    found, cursor, more = [], "", True
    while more:
        path = f"/api/v1/quarantine?model=loans&limit={limit}{cursor}"
        answer = api("GET", path).json()
        found += [json.loads(row["row"])["loan"] for row in answer["data"]]
        cursor, more = f"&cursor={answer['next_cursor']}", answer["next_cursor"]
    return found


def test_a_row_is_in_quarantine_from_its_receipt(stage, api):
    """What was rejected is shown before it was moved to the lake, and alike afterwards."""
    first, second = rejected(stage, 1), rejected(stage, 2)

    before = quarantine(api, limit=10)
    stage.parts.worker().step()
    third = rejected(stage, 3)

    assert before == [*second, *first]
    assert quarantine(api, limit=10) == [*third, *second, *first]


def test_a_batch_on_its_way_is_in_quarantine_once(stage, api):
    """Rows that lie in the lake and still in the inbox, as after a crash, are shown once."""
    names = rejected(stage, 1)
    claim = stage.parts.catalog.inbox.claim("loans")
    table = unpacked_table(claim.batches[0].quarantine)
    stage.parts.lake.append("loans", LakeTable.QUARANTINE, table, app_id="x", sequence=1)

    assert quarantine(api, limit=10) == names


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 9])
def test_quarantine_pages_through_each_row_once(stage, api, limit):
    """Small pages hold together what a large one holds, over days, moved or not."""
    sent = [rejected(stage, number) for number in range(3)]
    stage.parts.worker().step()
    sent.append(rejected(stage, 3))

    assert quarantine(api, limit=limit) == [name for names in reversed(sent) for name in names]


def test_a_row_that_comes_meanwhile_shifts_no_page(stage, api):
    """The second page goes on where the first ended, though newer rows were rejected since."""
    first = rejected(stage, 0, rows=3)
    path = "/api/v1/quarantine?model=loans&limit=2"
    cursor = api("GET", path).json()["next_cursor"]
    rejected(stage, 1)

    (left,) = api("GET", f"{path}&cursor={cursor}").json()["data"]
    assert json.loads(left["row"])["loan"] == first[2]


def test_quarantine_by_reason(stage, api):
    """Reasons are counted once moved, most frequent first; rows can be asked for by one of them."""
    rejected(stage, 1, rows=3)
    stage.receive(RowKind.LABELS, [{"id": "x"}], "no-label", START + 2 * DAY)
    only = "/api/v1/quarantine?model=loans&reason="
    waiting = {reason: api("GET", only + reason).json() for reason in ("bad_type", "missing_label")}
    stage.parts.worker().step()

    found = api("GET", "/api/v1/quarantine/reasons?model=loans").json()["data"]
    assert [(f["kind"], f["reason"], f["rows"], f["last_day"]) for f in found] == [
        ("predictions", "bad_type", 3, "2024-03-04"),
        ("labels", "missing_label", 1, "2024-03-06"),
    ]
    for reason, before in waiting.items():
        assert {row["reason"] for row in before["data"]} == {reason}
        moved = api("GET", only + reason).json()["data"]
        assert [{**row, "id": None} for row in moved] == before["data"]
        assert all(row["id"] for row in moved)
    assert api("GET", only + "id_reused").json()["data"] == []


def test_the_definition_is_the_document(lived, definition):
    """What is shown can be applied again and changes nothing."""
    document = got(lived, "")["definition"]

    answer = lived("PUT", "/api/v1/models/loans?plan=true", json=document).json()["data"]

    assert (answer["created"], answer["applied"], answer["changes"]) == (False, False, [])


def test_the_fleet_is_read_in_a_few_statements(lived):
    """However many models and windows there are, the list asks a fixed number of questions."""
    asked = []
    engine = lived.parts.catalog.models._database.engine

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith("PRAGMA"):
            asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    lived("GET", "/api/v1/models")
    sa.event.remove(engine, "before_cursor_execute", note)

    assert sum(statement.lstrip().startswith("SELECT") for statement in asked) <= 5


def test_everything_is_settled(lived):
    """Nothing waits, and the clock says through when windows were judged."""
    clock = lived("GET", "/api/v1/clock").json()["data"]

    assert (clock["inbox"], clock["settled"]) == (0, True)
    (model,) = clock["models"]
    assert model["judged_through"] == "2024-03-09T00:00:00Z"
    assert model["due"] == 0


REPLAY = "/api/v1/quarantine/replay"


def test_quarantined_rows_are_fixed_and_replayed(stage, api):
    """What a plan says is what is then done, once, and the row tells that it was."""
    rejected(stage, 1)
    stage.parts.worker().mover.move()
    wanted = {"model": "loans", "fix": {"constant": {"income": 5}}}
    told = api("POST", REPLAY, json={**wanted, "plan": True}).json()["data"]
    done = api("POST", REPLAY, json=wanted).json()["data"]
    again = api("POST", REPLAY, json=wanted).json()["data"]

    assert (told["ready"], told["accepted"]) == (2, 0)
    assert (done["accepted"], again["rows"]) == (2, 0)
    rows = api("GET", "/api/v1/quarantine?model=loans").json()["data"]
    assert all(row["replayed_at"] for row in rows)
    path = f"/api/v1/quarantine/rows/{rows[0]['id']}?model=loans"
    assert api("GET", path).json()["data"] == rows[0]


def test_a_definition_with_new_columns_is_proposed_and_then_reads_them(stage, api):
    """What rows held beyond the definition becomes a column of it, with its earlier values."""
    path = "/api/v1/models/loans"
    assert api("GET", f"{path}/proposal").json()["data"]["columns"] == []
    at = START + timedelta(hours=1)
    rows = [
        {"loan": f"n{n}", "at": START.isoformat(), "gust": n / 2, "odd": [n]} for n in range(60)
    ]
    stage.receive(RowKind.PREDICTIONS, rows, "new", at)
    stage.parts.worker().mover.move()
    found = api("GET", f"{path}/proposal").json()["data"]

    assert {c["name"]: c["type"] for c in found["columns"]}["gust"] == "numeric"
    assert found["looked_at"] == 60
    assert api("PUT", path, json=found["definition"]).status_code == 200
    defined = stage.parts.models.get("loans").model
    window = defined.granularity.window_of(START)
    joined = stage.parts.lake.joined(defined, window)
    assert sorted(joined["gust"].to_pylist()) == [n / 2 for n in range(60)]
    assert api("GET", f"{path}/proposal").json()["data"]["columns"] == []
