"""Files of rows as a history: cut by when they came to be known, the same way every time."""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from watchkeeper.cli import history
from watchkeeper.cli.history import Kind, Rows, batches
from watchkeeper.errors import InvalidInput

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PREDICTIONS = Kind("predictions", ("at", "time"), ("id",))
LABELS = Kind("labels", ("known_at", "time"), ("id",), stripped=("known_at",))


def rows(days=3, a_day=4):
    """Predictions, so many a day, in the order of time."""
    at = [START + DAY * day + HOUR * hour for day in range(days) for hour in range(a_day)]
    return pa.table({"id": [f"p{n}" for n in range(len(at))], "at": at, "x": range(len(at))})


def shuffled(table, seed=1):
    """The same rows in another order."""
    order = list(range(table.num_rows))
    random.Random(seed).shuffle(order)
    return table.take(order)


@pytest.fixture
def cut(tmp_path):
    """Cuts tables that lie in files into batches."""
    made = 0

    def stored(table):
        nonlocal made
        made += 1
        pq.write_table(table, tmp_path / f"{made}.parquet")
        return tmp_path / f"{made}.parquet"

    def all_batches(predictions=(), labels=(), *, length=DAY, now=NOW):
        parts = [
            Rows(kind, [item if not isinstance(item, pa.Table) else stored(item) for item in given])
            for kind, given in ((PREDICTIONS, predictions), (LABELS, labels))
            if given
        ]
        found = list(batches(parts, length, now))
        for part in parts:
            part.close()
        return found

    return all_batches


def told(found):
    """What batches say: the kind, when they were known, their ids."""
    return [(b.kind, b.known_at, b.rows["id"].to_pylist()) for b in found]


def test_rows_are_known_at_the_end_of_their_day(cut):
    """Whatever the order of the file, a day is one batch, oldest first."""
    assert told(cut([shuffled(rows(2, 3))])) == [
        ("predictions", START + DAY, ["p0", "p1", "p2"]),
        ("predictions", START + 2 * DAY, ["p3", "p4", "p5"]),
    ]


def test_several_files_are_one_history(cut):
    """However rows are spread over files, they come by time."""
    table = rows(3, 4)
    odd, even = table.take([1, 3, 5, 7, 9, 11]), table.take([0, 2, 4, 6, 8, 10])

    found = told(cut([odd, even]))

    assert [(known_at, set(ids)) for _, known_at, ids in found] == [
        (START + DAY * day, {f"p{n}" for n in range(4 * day - 4, 4 * day)}) for day in (1, 2, 3)
    ]


def test_the_same_rows_have_the_same_names(cut):
    """Names follow from what rows say: a run that was stopped sends the same batches again."""
    table = rows(3, 4)

    first = [batch.name for batch in cut([shuffled(table, 1)])]
    again = [batch.name for batch in cut([shuffled(table, 2)])]
    other = [batch.name for batch in cut([table.slice(1)])]

    assert first == again
    assert len(set(first)) == 3
    assert [a == b for a, b in zip(first, other, strict=True)] == [False, True, True]


def test_rows_without_ids_are_ordered_by_all_they_say(cut):
    """Rows of one moment without an id are told apart by their values."""
    table = pa.table({"at": [START] * 50, "x": range(50), "v": [[float(n)] for n in range(50)]})

    names = {cut([shuffled(table, seed)])[0].name for seed in range(4)}

    assert len(names) == 1


def test_labels_come_when_they_were_known(cut):
    """Labels stand behind the predictions of the day on which they were known, and not before."""
    truth = pa.table(
        {
            "id": ["p0", "p1", "p4"],
            "label": ["a", "b", "c"],
            "known_at": [START + 25 * HOUR, START + HOUR, START + 5 * DAY],
        }
    )

    found = cut([rows(2, 4)], [truth])

    assert told(found) == [
        ("predictions", START + DAY, ["p0", "p1", "p2", "p3"]),
        ("labels", START + DAY, ["p1"]),
        ("predictions", START + 2 * DAY, ["p4", "p5", "p6", "p7"]),
        ("labels", START + 2 * DAY, ["p0"]),
        ("labels", START + 6 * DAY, ["p4"]),
    ]
    assert found[1].rows.column_names == ["id", "label"]


def test_labels_without_a_time_are_known_now(cut):
    """Where nobody says when a truth was known, it is not known before now."""
    found = cut([rows(1, 2)], [pa.table({"id": ["p0"], "label": ["a"]})])

    assert found[-1].kind == "labels"
    assert NOW - DAY < found[-1].known_at <= NOW


def test_nothing_was_known_in_the_future(cut):
    """Today's rows are known by now, not by midnight."""
    now = START + 2 * HOUR

    assert [batch.known_at for batch in cut([rows(1, 4)], now=now)] == [now]


def test_large_days_are_cut_alike_however_they_are_read(cut, monkeypatch):
    """The size of what is read at once changes no batch."""
    monkeypatch.setattr(history, "_MOST_ROWS", 100)
    table = rows(2, 23)
    table = pa.concat_tables([table.set_column(0, "id", pa.array([f"{k}{i}" for i in range(46)]))
                              for k in "abcdefghijk"])  # fmt: skip

    whole = cut([table])
    monkeypatch.setattr(history, "_AT_ONCE", 2048)
    pieces = cut([shuffled(table)])

    assert [batch.rows.num_rows for batch in whole] == [100, 100, 53, 100, 100, 53]
    assert [batch.name for batch in whole] == [batch.name for batch in pieces]


def test_rows_without_a_usable_time_come_last_as_they_are(cut):
    """They have no place in history; the server says what is wrong with each."""
    table = pa.table({"id": ["a", "b", "c"], "time": ["2025-03-01T05:00:00", "soon", None]})

    good, bad = cut([table])

    assert told([good]) == [("predictions", START + DAY, ["a"])]
    assert {row["id"]: row["time"] for row in bad.rows} == {"b": "soon", "c": "no time was given"}
    assert bad.known_at == START + DAY


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_files_say_the_same(cut, tmp_path, ending):
    """Times in text, with and without a zone, are the same moments."""
    path = tmp_path / f"rows.{ending}"
    table = rows(2, 2)
    if ending == "csv":
        csv.write_csv(table, path)
    else:
        lines = [{**row, "at": row["at"].isoformat()} for row in table.to_pylist()]
        path.write_text("\n".join(map(json.dumps, lines)))

    assert told(cut([path])) == told(cut([table]))


def test_a_file_without_time_is_no_history(tmp_path):
    """Predictions must say when they were made; the message names the columns looked for."""
    pq.write_table(pa.table({"x": [1]}), tmp_path / "f.parquet")

    with pytest.raises(InvalidInput, match=r"\['at', 'time'\]"):
        Rows(PREDICTIONS, [tmp_path / "f.parquet"])


def test_a_time_must_be_a_time(tmp_path):
    """Numbers are no times: seconds, days and milliseconds look alike."""
    pq.write_table(pa.table({"at": [1.0]}), tmp_path / "f.parquet")

    with pytest.raises(InvalidInput, match="must hold times"):
        Rows(PREDICTIONS, [tmp_path / "f.parquet"])


def test_rows_are_counted_before_they_are_read(tmp_path):
    """A bar needs to know how many there are."""
    pq.write_table(rows(3, 4), tmp_path / "f.parquet")

    with closing(Rows(PREDICTIONS, [tmp_path / "f.parquet"])) as found:
        assert found.total == 12
