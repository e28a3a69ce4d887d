"""Rows at the door."""

from __future__ import annotations

import gzip
import io
import json
import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.server.api.body import ARROW_STREAM, PARQUET

PREDICTIONS = "/api/v1/models/loans/predictions"
LABELS = "/api/v1/models/loans/labels"
REFERENCE = "/api/v1/models/loans/reference"
DAY = timedelta(days=1)


@pytest.fixture
def row(clock):
    return {"loan": "a", "at": clock.now.isoformat(), "income": 1.5, "region": "north"}


def arrow(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_json_rows_are_acknowledged(api, row):
    """The answer counts every row, and says why one was not taken."""
    rows = [row, {**row, "loan": "b", "income": "a lot"}, {**row, "loan": "c", "income": math.nan}]

    answer = api("POST", PREDICTIONS, content=json.dumps({"rows": rows}).encode())

    data = answer.json()["data"]
    assert (data["received"], data["accepted"], data["rejected"]) == (3, 2, 1)
    assert [item["row"] for item in data["rejections"]] == [1]


def test_arrow_rows_are_acknowledged(api, stage, clock):
    """An Arrow stream is taken like JSON."""
    table = stage.loans(clock.now - DAY).drop_columns(["repaid"])

    answer = api(
        "POST",
        PREDICTIONS,
        content=arrow(table),
        headers={**api.headers, "Content-Type": ARROW_STREAM},
    )

    assert answer.json()["data"]["accepted"] == table.num_rows


def test_a_batch_is_taken_once(api, row):
    """The same batch again is acknowledged and not taken again; other rows under its id are refused."""
    headers = {**api.headers, "Idempotency-Key": "b1"}
    first = api("POST", PREDICTIONS, headers=headers, json={"rows": [row]}).json()["data"]

    again = api("POST", PREDICTIONS, headers=headers, json={"rows": [row]}).json()["data"]
    other = api("POST", PREDICTIONS, headers=headers, json={"rows": [{**row, "loan": "z"}]})

    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["accepted"] == 1
    assert code(other) == (409, "conflict")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"rows": 1}', b'{"rows": {}}', b"\xff\xfe", b'{"rows":' + b"[" * 100_000],
)
def test_what_is_no_batch_is_refused(api, body):
    """A body that is no list of rows is told as such."""
    assert code(api("POST", PREDICTIONS, content=body)) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/csv"}, b"a,b"),
        ({"Content-Type": ARROW_STREAM}, b"no arrow"),
        ({"Content-Type": ARROW_STREAM}, b""),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b'{"rows": []}', mtime=0)[:-4]),
        ({"Content-Encoding": "br"}, b"{}"),
    ],
)
def test_what_cannot_be_read_is_refused(api, headers, body):
    """A body that is not what its headers say is told as such."""
    answer = api("POST", PREDICTIONS, content=body, headers={**api.headers, **headers})

    assert code(answer) == (422, "invalid_input")


def test_a_zipped_body_is_read(api, row):
    """What the SDK sends is zipped."""
    answer = api(
        "POST",
        PREDICTIONS,
        content=gzip.compress(json.dumps({"rows": [row]}).encode()),
        headers={**api.headers, "Content-Encoding": "gzip"},
    )

    assert answer.json()["data"]["accepted"] == 1


def test_a_body_has_a_largest_size_zipped_or_not(api):
    """Neither a large body nor a small one that unzips to a large one is read to its end."""
    limit = api.app.state.hub.intake.limits.batch_bytes
    bomb = gzip.compress(b" " * (limit + 1))
    headers = {**api.headers, "Content-Encoding": "gzip"}

    assert code(api("POST", PREDICTIONS, content=bomb, headers=headers)) == (413, "too_large")
    assert code(api("POST", PREDICTIONS, content=b" " * (limit + 1))) == (413, "too_large")


def test_a_batch_has_a_most_of_rows(api):
    """More rows than a batch may have are told to be split."""
    most = api.app.state.hub.intake.limits.batch_rows
    body = b'{"rows":[' + b",".join([b"{}"] * (most + 1)) + b"]}"

    assert code(api("POST", PREDICTIONS, content=body)) == (413, "too_large")


def test_saying_when_rows_were_known_needs_its_own_scope(api, row):
    """A key that may send rows may not say when they were known; one that may sets the clock."""
    path = PREDICTIONS + "?known_at=2024-08-01T00:00:00Z"
    at = {**row, "at": "2024-07-31T12:00:00Z"}

    refused = api("POST", path, headers=api.key("ingest"), json={"rows": [at]})
    taken = api("POST", path, headers=api.key("ingest", "backfill"), json={"rows": [at]})

    assert code(refused) == (403, "forbidden")
    assert taken.json()["data"]["accepted"] == 1


@pytest.mark.parametrize("moment", ["2024-08-01T00:00:00", "2999-01-01T00:00:00Z", "yesterday"])
def test_a_moment_of_knowing_that_cannot_be_is_refused(api, row, moment):
    """It needs a time zone and lies in the past."""
    answer = api("POST", f"{PREDICTIONS}?known_at={moment}", json={"rows": [row]})

    assert code(answer) == (422, "invalid_input")


def test_the_clock_follows_what_was_sent_last(api, row):
    """A backfill sets the model's clock; the next batch without a stated time gives it back."""
    at = {**row, "at": "2024-07-31T12:00:00Z"}
    api("POST", PREDICTIONS + "?known_at=2024-08-01T00:00:00Z", json={"rows": [at]})
    api.parts.worker().mover.move()

    (data,) = api("GET", "/api/v1/clock").json()["data"]["models"]
    assert datetime.fromisoformat(data["clock"]) == datetime(2024, 8, 1, tzinfo=UTC)

    api("POST", PREDICTIONS, json={"rows": [{**row, "loan": "live"}]})
    (data,) = api("GET", "/api/v1/clock").json()["data"]["models"]
    assert datetime.fromisoformat(data["clock"]) > datetime(2024, 8, 30, tzinfo=UTC)


def test_labels_come_before_their_prediction(api, row):
    """A label whose prediction is not known yet is kept."""
    answer = api("POST", LABELS, json={"rows": [{"id": "later", "label": "yes"}]})

    assert answer.json()["data"]["accepted"] == 1


def test_a_reference_comes_as_parquet_or_arrow(api, stage, clock):
    """Both are profiled, and the model's page shows what is there."""
    table = pa.concat_tables([stage.loans(clock.now - DAY * back) for back in (3, 2, 1)])
    sink = io.BytesIO()
    pq.write_table(table, sink)

    for media_type, body in ((PARQUET, sink.getvalue()), (ARROW_STREAM, arrow(table))):
        headers = {**api.headers, "Content-Type": media_type}
        stored = api("POST", REFERENCE, content=body, headers=headers).json()["data"]
        assert stored == {"rows": table.num_rows, "windows": 3, "timed": True}
    shown = api("GET", "/api/v1/models/loans").json()["data"]["reference"]
    assert (shown["rows"], shown["timed"]) == (table.num_rows, True)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (PARQUET, b"no parquet"),
        (ARROW_STREAM, arrow(pa.table({"unknown": [1]}))),
        (ARROW_STREAM, arrow(pa.table({"income": pa.array([], pa.float64())}))),
        ("text/csv", b"income\n1\n"),
    ],
)
def test_what_is_no_reference_is_refused(api, media_type, body):
    """Neither an unreadable file nor a table without rows or known columns replaces the reference."""
    before = api.parts.catalog.baselines.current("loans")

    answer = api(
        "POST", REFERENCE, content=body, headers={**api.headers, "Content-Type": media_type}
    )

    assert answer.status_code == 422
    assert api.parts.catalog.baselines.current("loans") == before
