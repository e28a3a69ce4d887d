"""Opening tables: every source gives the same rows, and what is no table is refused clearly."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from watchkeeper.errors import InvalidInput, NotFound, UnsupportedTable
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.readers import open_table

TABLE = pa.table({"a": [1.5, None, 3.0], "b": ["x", "y", None], "c": [True, False, True]})


def written_csv(folder: Path) -> str:
    pa.csv.write_csv(TABLE, folder / "t.csv")
    return str(folder / "t.csv")


def written_gzip(folder: Path) -> Path:
    written_csv(folder)
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes()))
    return folder / "t.csv.gz"


def written_parquet(folder: Path, *parts: pa.Table) -> Path:
    for i, part in enumerate(parts or (TABLE,)):
        pq.write_table(part, folder / f"t{i}.parquet")
    return folder


def written_lines(folder: Path) -> Path:
    TABLE.to_pandas().to_json(folder / "t.jsonl", orient="records", lines=True)
    return folder / "t.jsonl"


def written_delta(folder: Path) -> Path:
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(str(folder / "delta"), TABLE)
    return folder / "delta"


SOURCES = {
    "arrow": lambda _: TABLE,
    "batch": lambda _: TABLE.to_batches()[0],
    "reader": lambda _: TABLE.to_reader(),
    "dataset": lambda _: pyarrow.dataset.dataset(TABLE),
    "pandas": lambda _: TABLE.to_pandas(),
    "polars": lambda _: pl.from_arrow(TABLE),
    "lazy polars": lambda _: pl.from_arrow(TABLE).lazy(),
    "relation": lambda _: duckdb.connect().from_arrow(TABLE),
    "memtable": lambda _: ibis.memtable(TABLE),
    "ibis": lambda _: ibis.duckdb.connect().create_table("t", TABLE),
    "parquet": lambda folder: written_parquet(folder) / "t0.parquet",
    "folder": lambda folder: written_parquet(folder, TABLE.slice(0, 1), TABLE.slice(1)),
    "glob": lambda folder: str(
        written_parquet(folder, TABLE.slice(0, 1), TABLE.slice(1)) / "*.parquet"
    ),
    "csv": written_csv,
    "gzip": written_gzip,
    "jsonl": written_lines,
    "delta": written_delta,
}


@pytest.mark.parametrize("source", SOURCES)
def test_same_rows_from(source: str, tmp_path: Path) -> None:
    """Every kind of source opens to the same three rows."""
    table = open_table(SOURCES[source](tmp_path))

    found = sorted(fetch(table.select("a", "b", "c")).to_pylist(), key=str)
    assert found == sorted(TABLE.to_pylist(), key=str)


def test_missing_file() -> None:
    """A path that names nothing says so, and what a path may be."""
    with pytest.raises(NotFound, match="nothing"):
        open_table("/nothing/here.parquet")


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.jsonl"])
def test_empty_file(name: str, tmp_path: Path) -> None:
    """A file of no bytes is refused, whatever it is called."""
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(InvalidInput, match="empty"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("name", ["t.parquet", "t.jsonl"])
def test_garbage(name: str, tmp_path: Path) -> None:
    """A file that is not what its name says is refused with its name."""
    (tmp_path / name).write_bytes(b"\x00\xffgarbage" * 100)

    with pytest.raises(InvalidInput, match=name):
        open_table(tmp_path / name)


def test_unknown_suffix(tmp_path: Path) -> None:
    """A file of an unknown kind is refused with the kinds that are known."""
    (tmp_path / "t.xlsx").write_bytes(b"x")

    with pytest.raises(InvalidInput, match=r"\.parquet"):
        open_table(tmp_path / "t.xlsx")


def test_not_utf8(tmp_path: Path) -> None:
    """A CSV file in another encoding is refused, not guessed."""
    (tmp_path / "t.csv").write_bytes("a,b\n1,Zürich\n".encode("latin-1"))

    with pytest.raises(InvalidInput, match="UTF-8"):
        open_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "source",
    [
        pa.table({}),
        pd.DataFrame(),
        pa.table([[1], [2]], names=["a", "a"]),
        pa.table({"a": [1], "A": [2]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.Series([1]),
        42,
        None,
    ],
    ids=["no columns", "empty frame", "twice", "case", "frame twice", "series", "number", "none"],
)
def test_no_table(source: object) -> None:
    """What has no columns, two of one name, or is no table at all is refused."""
    with pytest.raises(InvalidInput):
        open_table(source)


@pytest.mark.parametrize("header", ["a,a", "a,A", "a;b;a"])
def test_repeated_header(header: str, tmp_path: Path) -> None:
    """A repeated name in a CSV header is refused, not renamed."""
    (tmp_path / "t.csv").write_text(f"{header}\n1,2\n")

    with pytest.raises(InvalidInput, match="unique"):
        open_table(tmp_path / "t.csv")


def test_late_type(tmp_path: Path) -> None:
    """A CSV column whose last value is no number is text from its first row."""
    lines = "\n".join(str(i) for i in range(60_000))
    (tmp_path / "t.csv").write_text(f"a\n{lines}\nlast\n")

    table = open_table(tmp_path / "t.csv")

    assert table.a.type().is_string()


@pytest.mark.parametrize(
    ("lines", "fields"), [(["1,2"] * 9 + ["3"], 1), (["1,2"] * 9 + ["3,4,5"], 3)]
)
def test_lines_of_different_length(tmp_path: Path, lines: list[str], fields: int) -> None:
    """A line with a field too few or too many is named, not read as one wide column."""
    (tmp_path / "t.csv").write_text("\n".join(["a,b", *lines, *["5,6"] * 50]))

    with pytest.raises(InvalidInput, match=rf"got {fields} in line 11"):
        open_table(tmp_path / "t.csv")


def test_mixed_column() -> None:
    """A pandas column of mixed types becomes text, and stays missing where it was."""
    frame = pd.DataFrame({"a": [1, "two", None, 3.5, b"x"]})

    assert fetch(open_table(frame))["a"].to_pylist() == ["1", "two", None, "3.5", "b'x'"]


def test_nan_in_pandas() -> None:
    """In a pandas frame NaN is a missing value."""
    found = fetch(open_table(pd.DataFrame({"a": [1.0, np.nan]})))

    assert found["a"].null_count == 1


def test_zoned_times(tmp_path: Path) -> None:
    """Times with a zone are read as times in UTC without one, from memory and from files."""
    zoned = pa.table({"t": pa.array([0], pa.timestamp("us", "America/New_York"))})
    pq.write_table(zoned, tmp_path / "t.parquet")

    for source in (zoned, tmp_path / "t.parquet"):
        found = fetch(open_table(source))["t"]
        assert (found.type, found.cast(pa.int64()).to_pylist()) == (pa.timestamp("us"), [0])


def test_odd_file_name(tmp_path: Path) -> None:
    """A file whose name looks like a glob or like SQL is just that file."""
    name = "a'b[1]*?.parquet"
    pq.write_table(TABLE, tmp_path / name)

    assert fetch(open_table(tmp_path / name)).num_rows == 3


def test_python_variables_are_no_tables() -> None:
    """SQL cannot reach the program's own variables."""
    secret = pa.table({"s": [1]})
    connection = ibis.get_backend(open_table(TABLE)).con

    with pytest.raises(duckdb.Error):
        connection.sql("SELECT * FROM secret")
    assert secret.num_rows == 1


def test_unsupported_delta(tmp_path: Path) -> None:
    """A Delta table that uses a feature which was never proven here is refused."""
    folder = written_delta(tmp_path)
    log = next((folder / "_delta_log").glob("*.json"))
    text = log.read_text()
    version = '"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}'
    start = text.index('"protocol":{')
    log.write_text(text[:start] + version + text[text.index("}", start) + 1 :])

    with pytest.raises(UnsupportedTable, match="Delta"):
        open_table(folder)
