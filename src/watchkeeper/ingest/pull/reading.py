"""A file's rows in bounded pieces: Parquet, CSV, JSON lines and Arrow IPC, by the file's ending.

CSV knows only text: the model's definition says what is a number. A cell that is none stays text,
so that its row is rejected with a reason and the others are not. An empty cell is a missing value.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import ColumnType, Model
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.pull.door import Rows
from watchkeeper.ingest.pull.mapping import renamed, renamed_table, types_of
from watchkeeper.ingest.reasons import Reason, Refused

__all__ = ["ENDINGS", "How", "read_rows"]

_ROWS = 20_000
_BLOCK_BYTES = 8 * 2**20
_LONGEST_LINE = 8 * 2**20
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class How:
    """How a source's files are read: our names to theirs, and what else is missing in CSV."""

    model: Model
    columns: Mapping[str, str]
    null_values: Sequence[str] = ()


def read_rows(file: Path, name: str, how: How) -> Iterator[Rows]:
    """The rows of ``file`` under our names, in pieces; ``name`` says the format.

    Reading the same bytes again gives the same pieces. Raises InvalidInput where the file is not
    what its name says, at whatever piece that shows.
    """
    ending = next((e for e in ENDINGS if name.lower().endswith(e)), None)
    if ending is None:
        raise InvalidInput(f"a file of rows must end in one of {tuple(ENDINGS)}, got {name!r}")
    try:
        yield from ENDINGS[ending](file, how)
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise InvalidInput(f"{name!r} must be a readable {ending} file: {error}") from error


def _parquet(file: Path, how: How) -> Iterator[Rows]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for piece in opened.iter_batches(_ROWS):
            yield renamed_table(pa.Table.from_batches([piece]), how.columns)


def _arrow(file: Path, how: How) -> Iterator[Rows]:
    with pa.memory_map(str(file)) as mapped:
        is_file = file.stat().st_size >= 6 and mapped.read(6) == b"ARROW1"
        mapped.seek(0)
        if is_file:
            reader = pa.ipc.open_file(mapped)
            batches = (reader.get_batch(at) for at in range(reader.num_record_batches))
        else:
            batches = iter(pa.ipc.open_stream(mapped))
        for batch in batches:
            table = pa.Table.from_batches([batch])
            table.validate(full=True)
            for start in range(0, table.num_rows, _ROWS):
                yield renamed_table(table.slice(start, _ROWS), how.columns)


def _csv(file: Path, how: How, *, packed: bool = False) -> Iterator[Rows]:
    from pyarrow import csv

    refused: list[Refused] = []

    def keep(row: csv.InvalidRow) -> str:
        detail = f"a line must have {row.expected_columns} cells, got {row.actual_columns}"
        refused.append(Refused(Reason.UNREADABLE, detail, row.text[:_SHOWN]))
        return "skip"

    reading = csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False)
    parsing = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep)
    with _opened(file, packed=packed) as stream:
        names = csv.open_csv(stream, reading, parsing).schema.names
    refused.clear()
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=["", *how.null_values],
        strings_can_be_null=True,
    )
    with _opened(file, packed=packed) as stream:
        for block in csv.open_csv(stream, reading, parsing, converting):
            table = renamed_table(pa.Table.from_batches([block]), how.columns)
            for start in range(0, table.num_rows, _ROWS):
                yield _typed(table.slice(start, _ROWS), how.model)
            if refused:
                yield list(refused)
                refused.clear()


def _typed(table: pa.Table, model: Model) -> Rows:
    """Text as numbers and lists where the definition says so."""
    kinds, odd = types_of(model), {}
    for place, name in enumerate(table.column_names):
        if kinds.get(name) is ColumnType.NUMERIC:
            try:
                numbers = pc.cast(pc.utf8_trim_whitespace(table[name]), pa.float64())
                table = table.set_column(place, name, numbers)
            except pa.ArrowException:
                odd[name] = _number
        elif kinds.get(name) is ColumnType.EMBEDDING:
            odd[name] = _list
    if not odd:
        return table
    rows: list[dict[str, object]] = table.to_pylist()
    for row in rows:
        row.update({name: convert(row[name]) for name, convert in odd.items()})
    return rows


def _number(cell: object) -> object:
    try:
        return None if cell is None else float(str(cell))
    except ValueError:
        return cell


def _list(cell: object) -> object:
    with suppress(ValueError):
        return None if cell is None else json.loads(str(cell))
    return cell


def _json_lines(file: Path, how: How, *, packed: bool = False) -> Iterator[Rows]:
    rows: list[Mapping[str, object] | Refused] = []
    with _opened(file, packed=packed) as stream:
        number = 0
        while line := stream.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise InvalidInput(f"line {number} must be shorter than {_LONGEST_LINE} bytes")
            if line.strip():
                rows.append(_json_row(line, number, how))
            if len(rows) == _ROWS:
                yield rows
                rows = []
    if rows:
        yield rows


def _json_row(line: bytes, number: int, how: How) -> Mapping[str, object] | Refused:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        detail = f"line {number} must be JSON: {error}"
        return Refused(Reason.UNREADABLE, detail, line[:_SHOWN].decode(errors="replace"))
    if not isinstance(row, dict):
        return Refused(Reason.BAD_ROW, f"line {number} must be an object", row)
    return renamed(row, how.columns)


def _opened(file: Path, *, packed: bool) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file)) if packed else file.open("rb")


ENDINGS: Mapping[str, Callable[[Path, How], Iterator[Rows]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".csv.gz": partial(_csv, packed=True),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".jsonl.gz": partial(_json_lines, packed=True),
    ".ndjson.gz": partial(_json_lines, packed=True),
    ".arrow": _arrow,
    ".arrows": _arrow,
    ".feather": _arrow,
    ".ipc": _arrow,
}
