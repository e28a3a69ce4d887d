"""Poisoned rows: a clear reason in quarantine, and the rest of the batch unharmed."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Policy, Role, Task
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest import Reason

from .conftest import NOON, make_model

GOOD = {"id": "good", "time": NOON.isoformat(), "wind": 1.0, "carrier": "AA"}


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ({"carrier": "x" * 10_000_000}, Reason.OVERSIZED_VALUE),
        ({"wind": 10**400}, Reason.BAD_TYPE),
        ({"wind": "12.5"}, Reason.BAD_TYPE),
        ({"wind": {"$gt": 0}}, Reason.BAD_TYPE),
        ({"wind": []}, Reason.BAD_TYPE),
        ({"carrier": ["AA"]}, Reason.BAD_TYPE),
        ({"carrier": "half a pair \ud800"}, Reason.BAD_TYPE),
        ({"carrier": b"\xff\xfe"}, Reason.BAD_TYPE),
        ({"id": math.nan}, Reason.BAD_ID),
        ({"id": 1.5}, Reason.BAD_ID),
        ({"id": True}, Reason.BAD_ID),
        ({"id": ""}, Reason.BAD_ID),
        ({"id": "\ud800"}, Reason.BAD_ID),
        ({"id": ["a"]}, Reason.BAD_ID),
        ({"id": "x" * 257}, Reason.ID_TOO_LONG),
        ({"time": "yesterday"}, Reason.BAD_TIME),
        ({"time": 1362139200}, Reason.BAD_TIME),
        ({"time": "2013-02-30"}, Reason.BAD_TIME),
        ({"time": "0001-01-01T00:00:00+14:00"}, Reason.BAD_TIME),
        ({"time": "1969-12-31T23:59:59Z"}, Reason.BAD_TIME),
        ({"time": "9999-12-31T23:59:59-12:00"}, Reason.BAD_TIME),
        ({"time": (NOON + timedelta(days=1, seconds=1)).isoformat()}, Reason.FUTURE_TIME),
        ({"version": {"major": 3}}, Reason.BAD_TYPE),
        ({"latency_ms": "fast"}, Reason.BAD_TYPE),
        ({"features": "none"}, Reason.BAD_ROW),
    ],
    ids=str,
)
def test_a_poisoned_row_is_quarantined_and_the_rest_unharmed(place, poison, reason):
    """The bad row is kept with its reason; the good ones before and after it are stored."""
    receipt = place.send([GOOD, {**GOOD, "id": "bad", **poison}, {**GOOD, "id": "good too"}])

    assert [(item.row, item.reason) for item in receipt.rejections] == [(1, reason)]
    assert [item["_wk_id"] for item in place.joined()] == ["good", "good too"]
    (kept,) = place.quarantine()
    assert (kept["_wk_reason"], kept["_wk_kind"]) == (reason, "predictions")
    assert len(kept["_wk_row"]) < 10_000
    assert json.loads(kept["_wk_row"])


@pytest.mark.parametrize("row", [None, 5, "text", ["a"], [["id", "a"]]])
def test_what_is_no_row_is_quarantined(place, row):
    """A row that maps no names to values is rejected."""
    receipt = place.send([row, GOOD])

    assert [item.reason for item in receipt.rejections] == [Reason.BAD_ROW]
    assert len(place.joined()) == 1
    assert json.loads(place.quarantine()[0]["_wk_row"]) == row


HOSTILE = [
    "../../etc/passwd",
    "'; DROP TABLE ids; --",
    '"><script>alert(1)</script>',
    "a\x00b",
    "line\nbreak",
    "日本語 🛫",
    "NULL",
    "%s %(x)s {0} ${HOME}",
    "NaN",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(place, text):
    """SQL, HTML, paths and control characters go in and come out as they are."""
    place.send([{**GOOD, "id": text, "carrier": text, "origin": text}])
    place.label([{"id": text, "label": text}])
    (stored,) = place.joined()

    assert [stored[name] for name in ("_wk_id", "carrier", "origin", "late")] == [text] * 4


@pytest.mark.parametrize(
    "name", ["order", "select", "a b", "q\"u`o'te", "../up", "x,;{}()\n\t=", "é", "_", "1", "{0}"]
)
def test_a_column_may_have_any_name(place, name):
    """Keywords, quotes and paths are names like any other."""
    model = make_model(Column(name, ColumnType.NUMERIC))
    receipt = place.send([{**GOOD, name: 2.5}], model=model)

    assert receipt.accepted == 1
    assert place.joined(model=model)[0][name] == 2.5


@pytest.mark.parametrize("name", ["../escape", "a/b", "..", "we ird;name", "名前"])
def test_a_model_of_any_name_stays_in_its_folder(place, name):
    """A model's name never leads out of the lake."""
    model = Model(name, Task.NONE, (Column("wind", ColumnType.NUMERIC),))
    place.send([GOOD], model=model)

    assert len(place.joined(model=model)) == 1
    assert {item.name for item in place.home.iterdir()} <= {
        "catalog.db", "inbox.db", "lake", "catalog.db-wal", "catalog.db-shm",
        "inbox.db-wal", "inbox.db-shm",
    }  # fmt: skip
    assert len(list((place.home / "lake").iterdir())) == 1


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (1e308, 1e308),
        (-0.0, 0.0),
        (math.inf, math.inf),
        ("-Infinity", -math.inf),
        (2**60 + 1, float(2**60 + 1)),
        (Decimal("1.5"), 1.5),
        (True, 1.0),
        (None, None),
    ],
)
def test_extreme_numbers_are_kept(place, given, stored):
    """What is a number is stored; only what is none is rejected."""
    place.send([{**GOOD, "wind": given}])

    assert place.joined()[0]["wind"] == stored


def test_nan_is_not_null(place):
    """A missing number and a wrong one are told apart."""
    place.send([{**GOOD, "id": "a", "wind": math.nan}, {**GOOD, "id": "b", "wind": None}])
    first, second = place.joined()

    assert math.isnan(first["wind"])
    assert second["wind"] is None


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2013-03-01T12:00:00", "2013-03-01T12:00:00+00:00"),
        ("2013-03-01T12:00:00Z", "2013-03-01T12:00:00+00:00"),
        ("2013-03-01T07:00:00-05:00", "2013-03-01T12:00:00+00:00"),
        ("2013-03-01T12:00:00.123456789Z", "2013-03-01T12:00:00.123456+00:00"),
        ("2013-03-01", "2013-03-01T00:00:00+00:00"),
        (date(2013, 3, 1), "2013-03-01T00:00:00+00:00"),
        (datetime(2013, 3, 1, 12), "2013-03-01T12:00:00+00:00"),  # noqa: DTZ001  naive on purpose
        (
            datetime(2013, 3, 1, 7, tzinfo=timezone(timedelta(hours=-5))),
            "2013-03-01T12:00:00+00:00",
        ),
    ],
)
def test_mixed_time_zones_are_one_clock(place, given, utc):
    """Offsets are honoured; a time without one is in UTC."""
    place.send([{**GOOD, "time": given}])

    assert place.joined()[0]["_wk_time"].isoformat() == utc


def test_the_hour_that_comes_twice_is_two_hours(place):
    """Where a clock is set back, the offset tells the two passes of the hour apart."""
    after = datetime(2013, 11, 3, 12, tzinfo=UTC)
    times = [f"2013-11-03T01:30:00-0{offset}:00" for offset in (4, 5)]
    place.send([{**GOOD, "id": time, "time": time} for time in times], known_at=after)

    found = [item["_wk_time"] for item in place.joined(day=after)]
    assert found[1] - found[0] == timedelta(hours=1)


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Kolkata", None])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_times_of_any_unit_and_zone(place, zone, unit):
    """Arrow timestamps are read for the moment they name."""
    moments = pa.array([NOON], pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, zone))
    place.send(pa.table({"id": ["a"], "time": moments, "wind": [1.0]}))

    assert place.joined()[0]["_wk_time"] == NOON


ARROWS = {
    "wind": [
        pa.array([1, 2], pa.int8()),
        pa.array([1, 2], pa.uint64()),
        pa.array([1.5, 2.5], pa.float32()),
        pa.array([Decimal("1.5"), None], pa.decimal128(5, 2)),
        pa.array([None, None]),
        pa.array([True, False]),
        pa.array([1.0, 2.0]).dictionary_encode(),
    ],
    "carrier": [
        pa.array(["a", None], pa.large_string()),
        pa.array(["a", "b"], pa.string_view()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array([b"a", b"b"], pa.binary()),
        pa.array([1, 2], pa.int64()),
        pa.array([1.0, math.nan]),
        pa.array([date(2013, 1, 1), None]),
    ],
}


@pytest.mark.parametrize(
    ("name", "values"),
    [(name, values) for name, all_ in ARROWS.items() for values in all_],
    ids=str,
)
def test_arrow_types_that_mean_the_same_are_taken(place, name, values):
    """Narrow, wide, encoded and viewed types are read alike."""
    receipt = place.send(pa.table({"id": ["a", "b"], "time": [NOON, NOON], name: values}))

    assert (receipt.accepted, receipt.rejections) == (2, ())
    assert len(place.joined()) == 2


def test_a_bad_arrow_value_rejects_its_row_alone(place):
    """Text in a numeric column: the rows that hold a number spoken out are kept."""
    table = pa.table({"id": ["a", "b", "c"], "wind": ["NaN", "strong", None]})
    receipt = place.send(table)

    assert [item.row for item in receipt.rejections] == [1]
    assert receipt.accepted == 2


def test_repeated_column_names_are_refused(place):
    """An Arrow table that names a column twice is no table of rows."""
    table = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["wind", "wind"])

    with pytest.raises(InvalidInput, match="unique"):
        place.send(table)


def test_columns_that_differ_in_case_alone_are_set_aside(place):
    """The lake cannot tell them apart: the rows are kept, with the reason."""
    model = make_model(Column("Wind", ColumnType.NUMERIC))
    place.send([{**GOOD, "Wind": 2.0}], model=model)

    (kept,) = place.quarantine()
    assert (kept["_wk_reason"], "case alone" in kept["_wk_detail"]) == ("schema_conflict", True)


def test_policies_hold_in_the_store_and_in_quarantine(place):
    """Dropped, hashed and bucketed values are stored nowhere as they came."""
    secret = [
        Column("mail", ColumnType.CATEGORICAL, Role.ENTITY, policy=Policy.HASH),
        Column("ssn", ColumnType.CATEGORICAL, policy=Policy.DROP),
        Column("income", ColumnType.NUMERIC, policy=Policy.BUCKET),
        Column("born", ColumnType.TIMESTAMP, policy=Policy.BUCKET),
        Column("street", ColumnType.TEXT, policy=Policy.BUCKET),
    ]
    model = make_model(*secret)
    told = {"mail": "jo@x.org", "ssn": "078-05", "income": 73_456, "street": "Elm Street 5"}
    rows = [
        {**GOOD, **told, "born": "1980-05-06T07:08:09Z", "id": "a"},
        {**GOOD, **told, "wind": "bad", "id": "b"},
        {"id": "c", "features": {**told, "wind": "bad"}},
    ]
    place.send(rows[:2], model=model)
    place.send(rows[2:], model=model)
    (stored,) = place.joined(model=model)

    assert (stored["income"], stored["born"]) == (50_000.0, datetime(1980, 5, 6, tzinfo=UTC))
    assert len(stored["mail"]) == 32
    assert stored["street"].startswith("group-")
    everything = str(place.quarantine()) + str(stored)
    assert [value for value in (*told.values(), "73456") if str(value) in everything] == []


def test_embeddings_and_nested_values(place):
    """Vectors are stored as such, nested values as JSON text."""
    model = make_model(
        Column("vector", ColumnType.EMBEDDING), Column("raw", ColumnType.UNSUPPORTED)
    )
    rows = [
        {**GOOD, "id": "a", "vector": [1, 2.5], "raw": {"deep": [1]}},
        {**GOOD, "id": "b", "vector": np.array([1.0]).tolist(), "raw": None},
        {**GOOD, "id": "c", "vector": [1, "x"]},
        {**GOOD, "id": "d", "vector": [0.0] * 20_000},
    ]
    receipt = place.send(rows, model=model)

    assert [item.reason for item in receipt.rejections] == [Reason.BAD_TYPE, Reason.OVERSIZED_VALUE]
    first, second = place.joined(model=model)
    assert (first["vector"], second["vector"]) == ([1.0, 2.5], [1.0])
    assert json.loads(first["raw"]) == {"deep": [1]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["id", "time", "wind", "carrier", "prediction", "score", "features", "late"]
            )
            | st.text(max_size=3),
            JSON,
            max_size=4,
        )
        | JSON,
        max_size=4,
    )
)
def test_no_json_can_break_a_batch(place, rows):
    """Whatever JSON comes, every row is accounted for and a good row beside it is stored."""
    receipt = place.send([*rows, {**GOOD, "id": None}])

    assert receipt.received == len(rows) + 1
    assert receipt.received == receipt.accepted + receipt.rejected + receipt.duplicate
    assert len(rows) not in [item.row for item in receipt.rejections]
