"""Profiles of files: counted as rows in memory are, closed where they were opened."""

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
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.readers import open_table, opened

DAY = Granularity(timedelta(days=1))


@pytest.fixture
def file(rows: pa.Table, tmp_path: Path) -> Path:
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=300)
    return tmp_path / "rows.parquet"


def test_a_file_is_counted_like_the_rows_that_it_holds(file, rows, model, differences) -> None:
    """Where rows come from changes no profile."""
    held = open_table(rows)
    binnings = fit_binnings(held, model)

    found = profile(open_table(file), model, binnings, granularity=DAY)

    assert len(found) > 4
    assert not differences(found, profile(held, model, binnings, granularity=DAY))


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
