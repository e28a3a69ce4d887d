"""A file's numbers are counted in a thread of their own, over a connection of their own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.domain.window import Granularity
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.engine import Stream, fetch, patiently
from watchkeeper.profiles.readers import open_table, opened

DAY = Granularity(timedelta(days=1))


@pytest.fixture
def file(rows: pa.Table, tmp_path: Path) -> Path:
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=300)
    return tmp_path / "rows.parquet"


def test_a_file_is_counted_like_the_rows_that_it_holds(file, rows, model, differences) -> None:
    """Counting aside, while other columns are asked for, changes no profile."""
    held = open_table(rows)
    binnings = fit_binnings(held, model)

    aside = profile(open_table(file), model, binnings, granularity=DAY)

    assert len(aside) > 4
    assert not differences(aside, profile(held, model, binnings, granularity=DAY))


def test_a_file_is_read_over_a_connection_of_its_own(file) -> None:
    """Batches come while the table is asked for something else."""
    table = open_table(file)
    stream = Stream.of(table.select("x"), rows=100)

    batches = iter(stream)
    first = next(batches)
    held = fetch(table.count().as_table()).column(0)[0].as_py()

    assert stream.apart
    assert first.num_rows + sum(batch.num_rows for batch in batches) == held


@pytest.mark.parametrize("source", ["arrow", "own"])
def test_what_another_connection_might_not_see_is_read_in_turn(rows, source) -> None:
    """Rows registered with one connection, or in a database of the user's, stay on it."""
    if source == "arrow":
        table = open_table(rows)
    else:
        connection = duckdb.connect()
        connection.execute("CREATE TABLE mine AS SELECT 1.5 AS x")
        table = ibis.duckdb.from_connection(connection).table("mine")

    stream = Stream.of(table.select("x"), rows=100)

    assert not stream.apart
    assert sum(batch.num_rows for batch in stream) == table.count().execute()


def test_what_fails_while_counting_is_raised(file, model) -> None:
    """A file that is cut short between opening and counting is an error, not fewer rows."""
    table = open_table(file)
    binnings = fit_binnings(table, model)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])

    with pytest.raises(duckdb.Error):
        profile(table, model, binnings, granularity=DAY)


def test_what_was_opened_is_closed(file) -> None:
    """After its block a table of a file answers no more."""
    with opened(file) as table:
        assert fetch(table).num_rows > 0

    with pytest.raises(duckdb.ConnectionException):
        fetch(table)


def test_an_engine_that_was_brought_stays_open() -> None:
    """A table of the user's own connection is left as it is."""
    mine = ibis.duckdb.from_connection(duckdb.connect()).create_table("t", {"x": [1.0]})

    with opened(mine) as table:
        assert table is mine

    assert mine.count().execute() == 1


def test_what_has_no_memory_beside_the_count_is_asked_again_after_it():
    """DuckDB's memory is bounded: a sort that does not fit beside the count waits for its end."""
    done = []

    def ask() -> int:
        if not done:
            raise duckdb.OutOfMemoryException("no block could be allocated")
        return 7

    assert patiently(ask, lambda: done.append(True)) == 7
