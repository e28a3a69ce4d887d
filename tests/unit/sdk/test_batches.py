"""From files of the spool to bodies of requests."""

from __future__ import annotations

import marshal
from datetime import UTC, datetime

import pytest

from watchkeeper.sdk.batches import contents_of
from watchkeeper.sdk.counters import Stream
from watchkeeper.sdk.encode import micros
from watchkeeper.sdk.frames import MAGIC, frame
from watchkeeper.sdk.pace import Pace
from watchkeeper.sdk.shapes import Shape
from watchkeeper.sdk.shelf import Ready

NOON = datetime(2013, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
QUICK = Pace(pause_seconds=0.0)


@pytest.fixture
def ready(tmp_path):
    return Ready(tmp_path / "00000007.ready", "c1")


def prediction(shape, number, *values, identity=None, prediction=1, **told):
    facts = [told.get(name) for name in ("score", "latency_ms", "error", "trace_id")]
    row = (shape.number, identity or f"p{number}", micros(NOON), prediction, *facts, *values)
    return frame(marshal.dumps(row, 4), number)


def shape_of(model="m", kind="predictions", names=("x",), **constants):
    return Shape(Stream(model, kind), constants, names)


@pytest.fixture
def rows(rows_of):
    return lambda batch: rows_of(batch.body.headers, batch.body.data)


def test_a_row_becomes_what_the_server_reads(ready, rows):
    """Constants, features and what was told of the answer, without what was not."""
    shape = shape_of(version="3", arm="new", names=("x", "city"))
    row = prediction(shape, 5, 1.5, "Köln", prediction="yes", score={"yes": 0.7}, trace_id="t")
    content = MAGIC + shape.declaration + row

    (batch,) = contents_of(ready, content, QUICK).batches

    assert rows(batch) == [
        {
            "id": "p5",
            "time": "2013-03-01T12:00:00.250000+00:00",
            "version": "3",
            "arm": "new",
            "features": {"x": 1.5, "city": "Köln"},
            "prediction": "yes",
            "score": {"yes": 0.7},
            "trace_id": "t",
        }
    ]
    assert (batch.numbers, batch.rows, batch.numbered) == (range(5, 6), 1, True)


def test_each_stream_is_a_batch_of_its_own(ready, rows):
    """Rows of one model and kind travel together, in the order of their numbers."""
    one, other = shape_of(), shape_of(model="n")
    labels = shape_of(kind="labels", names=())
    content = MAGIC + one.declaration + other.declaration + labels.declaration
    for number in range(1, 11):
        content += prediction(one, number, number) + prediction(other, number, -number)
    content += frame(marshal.dumps((labels.number, "p1", micros(NOON), "yes"), 4), 1)

    first, second, third = contents_of(ready, content, QUICK).batches

    assert [row["features"]["x"] for row in rows(first)] == list(range(1, 11))
    assert [row["features"]["x"] for row in rows(second)] == list(range(-1, -11, -1))
    assert rows(third)[0]["label"] == "yes"
    assert (first.numbers, first.rows) == (range(1, 11), 10)
    assert len({first.name, second.name, third.name}) == 3


def test_a_file_is_always_the_same_batches(ready, rows):
    """Names and rows do not hang on the pace, so that a repeat is recognised."""
    shape = shape_of()
    content = MAGIC + shape.declaration + b"".join(prediction(shape, n, n) for n in range(1, 9))

    (one,) = contents_of(ready, content, QUICK).batches
    (other,) = contents_of(ready, content, Pace()).batches

    assert (one.name, rows(one)) == (other.name, rows(other))


def test_halves_hold_all_rows_once(ready, rows):
    """A batch that is too large is cut by number, each half under a name of its own."""
    shape = shape_of()
    content = MAGIC + shape.declaration + b"".join(prediction(shape, n, n) for n in range(4, 9))
    (whole,) = contents_of(ready, content, QUICK).batches

    halves = [contents_of(ready, content, QUICK, only=part).batches[0] for part in whole.halves()]

    assert [row for half in halves for row in rows(half)] == rows(whole)
    assert [half.numbers for half in halves] == [range(4, 6), range(6, 9)]
    assert len({whole.name, *(half.name for half in halves)}) == 3


def test_damage_is_counted_and_the_rest_is_read(ready):
    """The numbers of a batch span the row that was lost, so that it is missed."""
    shape = shape_of()
    kept = [prediction(shape, n, n) for n in (1, 2, 3)]
    torn = bytearray(kept[1])
    torn[-1] ^= 1
    content = MAGIC + shape.declaration + kept[0] + bytes(torn) + kept[2]

    found = contents_of(ready, content, QUICK)

    (batch,) = found.batches
    assert (found.damaged, batch.rows, batch.numbers) == (1, 2, range(1, 4))


def test_rows_whose_declaration_is_lost_are_counted(ready):
    """Without their columns values mean nothing."""
    shape = shape_of()

    found = contents_of(ready, MAGIC + prediction(shape, 1, 1), QUICK)

    assert (found.batches, found.damaged) == ((), 1)


def test_a_row_without_a_json_form_is_counted(ready, rows):
    """A number of more digits than Python prints harms no other row."""
    shape = shape_of()
    content = MAGIC + shape.declaration + prediction(shape, 1, 10**5000) + prediction(shape, 2, 2)

    found = contents_of(ready, content, QUICK)

    assert (found.unreadable, [row["id"] for row in rows(found.batches[0])]) == (1, ["p2"])


def test_lines_of_the_version_before_are_sent_as_they_are(ready, rows):
    """Under the name that the version before gave them, without numbers, and without a cut end."""
    content = b'"m"\tpredictions\t{"x":1}\n"m"\tlabels\t{"y":2}\n"m"\tlabels\t{"y":3}\n"m"\tlab'

    found = contents_of(ready, content, QUICK)

    predictions, labels = found.batches
    assert (rows(predictions), rows(labels)) == ([{"x": 1}], [{"y": 2}, {"y": 3}])
    assert (predictions.name, predictions.numbered) == ("c1-00000007-predictions-m", False)
    assert found.damaged == 1


def test_a_file_of_a_later_version_is_recognised(ready):
    """It is neither damaged nor empty."""
    assert contents_of(ready, b"WKSPOOL9 something new", QUICK).unknown


def test_an_empty_file_holds_nothing(ready):
    """Nor does one that only begins."""
    assert contents_of(ready, b"", QUICK).batches == ()
    assert contents_of(ready, MAGIC, QUICK).batches == ()
