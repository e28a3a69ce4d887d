"""A bounded sample of the rows of any table, in their order, as Arrow columns with unique names.

Guessing needs no more than some twenty thousand rows. They are taken in blocks, so that what
only shows in neighbouring rows (a clock that rises, a series that ends) shows in the sample too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.readers import open_table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

__all__ = ["Sample", "take_sample"]

_ROWS = 20_000
_CELLS = 8_000_000  # at most, however many columns there are
_FEWEST = 500
_BLOCKS = 8
_SEED = 20_130_101


@dataclass(frozen=True, slots=True)
class Sample:
    """Columns of a part of a table.

    ``rows`` counts the whole table; ``renamed`` maps the new name of a column to the one it had,
    where that was taken already or was empty; ``unreadable`` names columns whose values could not
    be read, with the reason.
    """

    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    rows: int
    renamed: dict[str, str]
    unreadable: dict[str, str]

    @property
    def whole(self) -> bool:
        """Whether the sample holds every row."""
        return not self.columns or len(self.columns[0]) == self.rows


def take_sample(source: object) -> Sample:
    """Sample a table: whatever ``open_table`` opens, or Arrow and pandas with repeated names.

    Raises
    ------
    InvalidInput
        The source is no table.
    """
    import pyarrow as pa

    if type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "iloc"):
        return _of_pandas(source)
    if isinstance(source, pa.Table):
        return _of_arrow(source)
    try:
        table = open_table(source)
    except InvalidInput as error:
        return _of_file(source, error)
    with _rows_in_order(table):
        return _of_ibis(table)


def _of_arrow(table: pa.Table) -> Sample:
    import pyarrow as pa

    parts = [
        table.slice(start, length) for start, length in _blocks(table.num_rows, table.num_columns)
    ]
    columns = [
        pa.chunked_array(
            [chunk for part in parts for chunk in part.column(index).chunks], field.type
        )
        for index, field in enumerate(table.schema)
    ]
    return _named(table.column_names, columns, table.num_rows, {})


def _of_pandas(frame: object) -> Sample:
    """Column by column, since one that mixes types must not keep the others from being read."""
    import pyarrow as pa

    rows, width = frame.shape  # type: ignore[attr-defined]  # a pandas frame, which is not imported here
    columns = []
    for index in range(width):
        values = frame.iloc[:, index]  # type: ignore[attr-defined]
        parts = [values.iloc[start : start + length] for start, length in _blocks(rows, width)]
        try:
            arrays = [pa.array(part, from_pandas=True) for part in parts]
            columns.append(pa.chunked_array(arrays) if arrays else pa.chunked_array([pa.nulls(0)]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            texts = [
                None if value is None else str(value)[:10_000] for part in parts for value in part
            ]
            columns.append(pa.chunked_array([pa.array(texts, pa.string())]))
    return _named([str(name) for name in frame.columns], columns, rows, {})  # type: ignore[attr-defined]


def _of_file(source: object, refusal: InvalidInput) -> Sample:
    """A file that the engine refuses, since names repeat or its text is not UTF-8: its first rows.

    Raises the engine's ``refusal`` where this does not help.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    if not isinstance(source, str | os.PathLike) or not Path(source).is_file():
        raise refusal
    try:
        if Path(source).suffix.lower() in (".parquet", ".pq"):
            file = pq.ParquetFile(source)
            batches = file.iter_batches(_wanted(len(file.schema_arrow)))
            batch = next(batches, None)
            head = (
                file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
            )
            return _named(head.column_names, head.columns, file.metadata.num_rows, {})
        options = pyarrow.csv.ReadOptions(encoding="latin-1", block_size=1 << 24)
        return _of_arrow(pyarrow.csv.read_csv(source, options))
    except (pa.ArrowException, OSError):
        raise refusal from None


@contextmanager
def _rows_in_order(table: ir.Table) -> Iterator[None]:
    """Let DuckDB give rows in the order they are stored, as some columns only show by it."""
    import ibis

    backend = ibis.get_backend(table)
    if backend.name != "duckdb":
        yield
        return
    name = "preserve_insertion_order"
    (before,) = backend.con.execute(f"SELECT current_setting('{name}')").fetchone()
    backend.con.execute(f"SET {name} = true")
    try:
        yield
    finally:
        backend.con.execute(f"SET {name} = {str(before).lower()}")


def _of_ibis(table: ir.Table) -> Sample:
    import pyarrow as pa

    # Not ibis' own ways of reading, which load pandas: a quarter of a second of every `compare`.
    rows = int(fetch(table.agg(rows=table.count()))["rows"][0].as_py())
    wanted = _wanted(len(table.columns))
    part = table
    if rows > wanted * 3 // 2:
        part = table.sample(wanted / rows, method="block", seed=_SEED)
    try:
        read = fetch(part)
    except Exception as error:  # noqa: BLE001 - any engine, any reason: the columns are tried one by one
        return _column_by_column(table, rows, error)
    if read.num_rows < min(rows, wanted // 4):  # few large blocks: the draw may have missed most
        read = fetch(table.limit(wanted))
    columns = [pa.chunked_array(column.chunks, column.type) for column in read.columns]
    return _named(read.column_names, columns, rows, {})


def _column_by_column(table: ir.Table, rows: int, first: Exception) -> Sample:
    """The columns that can be read, where reading all of them at once failed."""
    import pyarrow as pa

    columns: list[pa.ChunkedArray] = []
    unreadable: dict[str, str] = {}
    wanted = min(rows, _wanted(len(table.columns)))
    for name in table.columns:
        try:
            columns.append(fetch(table.select(name).limit(wanted)).column(0))
        except Exception as error:  # noqa: BLE001 - see above
            unreadable[name] = str(error).split("\n", 1)[0][:200]
            columns.append(pa.chunked_array([pa.nulls(wanted)]))
    if len(unreadable) == len(table.columns):
        raise first
    return _named(list(table.columns), columns, rows, unreadable)


def _wanted(columns: int) -> int:
    return max(_FEWEST, min(_ROWS, _CELLS // max(1, columns)))


def _blocks(rows: int, columns: int) -> list[tuple[int, int]]:
    """(start, length) of evenly spaced blocks, all rows where they are few."""
    wanted = _wanted(columns)
    if rows <= wanted * 3 // 2:
        return [(0, rows)]
    length = wanted // _BLOCKS
    return [((rows - length) * block // (_BLOCKS - 1), length) for block in range(_BLOCKS)]


def _named(
    names: list[str], columns: list[pa.ChunkedArray], rows: int, unreadable: dict[str, str]
) -> Sample:
    """Give repeated and empty names a number: ``x``, ``x_2``; definitions need them unique."""
    times = Counter(names)
    taken = {name for name in names if name}
    renamed: dict[str, str] = {}
    final: list[str] = []
    for name in names:
        fresh = name
        if not name or (times[name] > 1 and name in final):
            number = 2 if name else 1
            while (fresh := f"{name or 'column'}_{number}") in taken:
                number += 1
            taken.add(fresh)
            renamed[fresh] = name
        final.append(fresh)
    return Sample(tuple(final), tuple(columns), rows, renamed, unreadable)
