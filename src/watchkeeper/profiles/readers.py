"""Opening a table, whatever holds it: files, data frames, Arrow, DuckDB, ibis.

What is read here comes to DuckDB in this process; an ibis table of another engine stays where it
is. Times with a zone become times in UTC without one. Columns need names that differ by more than
case, because engines do not tell `a` from `A`.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from watchkeeper.errors import InvalidInput, NotFound, UnsupportedTable
from watchkeeper.profiles.arrow import from_pandas, storable
from watchkeeper.profiles.engine import quote, session

__all__ = ["TableSource", "open_table", "opened"]

_MEMORY_MB_PER_THREAD = 256
_LONGEST = 1 << 24  # bytes of one line or object of a text file
# Times as DuckDB computes fastest with, and without rounding nanoseconds up to tomorrow.
_PLAIN_TIME = {
    "TIMESTAMP WITH TIME ZONE": "make_timestamp(epoch_us({}))",
    "TIMESTAMP_NS": "make_timestamp(epoch_ns({}) // 1000)",
}
_PACKED = (".gz", ".zst")
_KINDS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}

TableSource = object
"""A path (file, folder or glob), a data frame, or a table of Arrow, DuckDB or ibis."""


def open_table(source: TableSource) -> ibis.Table:
    """The table that ``source`` names or is.

    Parameters
    ----------
    source
        The path of a Parquet, CSV, TSV or JSON-lines file (also ``.gz``, ``.zst``), of a folder or
        a glob of such files, or of a Delta table; a pandas or Polars data frame (in pandas NaN is
        a missing value); an Arrow table, reader or dataset; a DuckDB relation; an ibis table.

    Raises
    ------
    NotFound
        Where no such file is there.
    InvalidInput
        Where the file cannot be read, holds no columns, or has two columns of one name.
    UnsupportedTable
        For a Delta table that uses features which were never proven here.
    """
    table = _opened(source)
    if not len(table.columns):
        raise InvalidInput(f"a table needs at least one column, got none in {_named(source)}")
    _refuse_repeated(table.columns, _named(source))
    return table


@contextmanager
def opened(source: TableSource) -> Iterator[ibis.Table]:
    """The table as `open_table` gives it, for a while: the DuckDB that was made for it is closed.

    An ibis table's own engine stays as it is. Raises what `open_table` raises.
    """
    table = open_table(source)
    try:
        yield table
    finally:
        if table is not source:
            ibis.get_backend(table).con.close()


def _opened(source: TableSource) -> ibis.Table:  # noqa: PLR0911  # one line for each kind
    if isinstance(source, str | os.PathLike):
        return _path(os.fspath(source))
    if isinstance(source, ibis.Table):
        return _registered(source.to_pyarrow()) if source.op().find(ops.InMemoryTable) else source
    if isinstance(source, pa.RecordBatchReader):
        return _registered(source.read_all())
    if isinstance(source, pa.RecordBatch):
        return _registered(pa.Table.from_batches([source]))
    if isinstance(source, pa.Table):
        return _registered(source)
    if isinstance(source, duckdb.DuckDBPyRelation):
        return _registered(source.to_arrow_table())
    home = type(source).__module__.partition(".")[0]
    if home == "pandas":
        return _registered(from_pandas(source))
    if home == "polars":
        frame = source.collect() if hasattr(source, "collect") else source
        return _registered(frame.to_arrow()) if hasattr(frame, "to_arrow") else _refuse(source)
    if home == "pyarrow" and hasattr(source, "to_table"):
        return _registered(source.to_table())
    return _refuse(source)


def _refuse(source: TableSource) -> ibis.Table:
    raise InvalidInput(
        "a table must be a path, a pandas or Polars data frame, an Arrow table, reader or dataset, "
        f"a DuckDB relation or an ibis table, got {type(source).__name__}"
    )


def _named(source: TableSource) -> str:
    return repr(source) if isinstance(source, str | os.PathLike) else type(source).__name__


def _refuse_repeated(names: Sequence[str], where: str) -> None:
    counted = Counter(name.lower() for name in names)
    repeated = sorted({name for name in names if counted[name.lower()] > 1})
    if repeated:
        raise InvalidInput(
            f"column names must be unique, and differ by more than case, got {repeated[:10]} in "
            f"{where}: rename them"
        )


def _connection() -> ibis.BaseBackend:
    """A DuckDB of its own for each table: nothing is shared, so threads need no lock."""
    threads = max(
        1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    connection = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{max(2, threads) * _MEMORY_MB_PER_THREAD}MB",
            "preserve_insertion_order": False,
            "temp_directory": str(Path(tempfile.gettempdir()) / "watchkeeper-duckdb"),
        }
    )
    # How ibis writes a lambda; DuckDB 2 wants to be told. Global: ibis works on a cursor.
    connection.execute("SET GLOBAL lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    return ibis.duckdb.from_connection(session(connection))


def _registered(table: pa.Table) -> ibis.Table:
    _refuse_repeated(table.column_names, "the table")
    if not table.num_columns:
        raise InvalidInput("a table needs at least one column, got none")
    connection = _connection()
    connection.con.register("rows", storable(table))
    return connection.table("rows")


def _path(text: str) -> ibis.Table:
    if "://" in text:
        return _registered(_remote(text))
    if (Path(text) / "_delta_log").is_dir():
        return _registered(_delta(text))
    files = _files(text)
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise InvalidInput(
            f"a folder or glob must hold files of one kind, got {sorted(kinds)} in {text!r}"
        )
    return _READERS[kinds.pop()](files, text)


def _files(text: str) -> list[str]:
    path = Path(text).expanduser()
    if path.is_file():
        return [str(path)]
    if path.is_dir():
        inside = (file for file in sorted(path.rglob("*")) if file.is_file())
        found = [str(file) for file in inside if _readable(file) and not _hidden(file, path)]
    else:
        pattern = str(path.relative_to(path.anchor))
        matched = Path(path.anchor or ".").glob(pattern)
        found = sorted(str(file) for file in matched if file.is_file())
    if not found:
        raise NotFound(
            f"a table's path must name a file, a folder or a glob of files "
            f"({', '.join(_KINDS)}), got {text!r}, where there is none"
        )
    return found


def _hidden(file: Path, folder: Path) -> bool:
    return any(
        part.startswith((".", "_")) and "=" not in part for part in file.relative_to(folder).parts
    )


def _readable(file: Path) -> bool:
    return _suffix(file) in _KINDS


def _suffix(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _kind(file: str) -> str:
    kind = _KINDS.get(_suffix(Path(file)))
    if kind is None:
        raise InvalidInput(f"a table's file must end in one of {', '.join(_KINDS)}, got {file!r}")
    if Path(file).stat().st_size == 0:
        raise InvalidInput(
            f"a table's file must hold at least its column names, got an empty {file!r}"
        )
    return kind


def _listed(files: Sequence[str]) -> str:
    """The files as a list literal of SQL; what DuckDB would take for a glob is escaped."""
    escaped = ("".join(f"[{c}]" if c in "*?[" else c for c in file) for file in files)
    return "[" + ", ".join("'" + file.replace("'", "''") + "'" for file in escaped) + "]"


def _parquet(files: Sequence[str], named: str) -> ibis.Table:
    import pyarrow.parquet as pq

    try:
        for file in files[:1]:
            _refuse_repeated(pq.read_schema(file).names, repr(named))
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInput(
            f"{named!r} must be a Parquet file, and cannot be read: {error}"
        ) from None
    union = ", union_by_name = true" if len(files) > 1 else ""
    return _scanned(f"read_parquet({_listed(files)}{union})", named, kind="VIEW")


def _csv(files: Sequence[str], named: str) -> ibis.Table:
    options = (
        "auto_detect = true, sample_size = -1, "
        f"maximum_line_size = {_LONGEST}, buffer_size = {2 * _LONGEST}"
    )
    for file in files[:1]:
        _refuse_repeated(_header(file), repr(named))
    union = ", union_by_name = true" if len(files) > 1 else ""
    try:
        table = _scanned(f"read_csv({_listed(files)}, {options}{union})", named, kind="TABLE")
    except InvalidInput:
        _refuse_ragged(files)
        raise
    if len(table.columns) == 1:  # what DuckDB makes of lines that do not fit together
        _refuse_ragged(files)
    return table


def _header(file: str) -> list[str]:
    """The names in the first line of a CSV file, before DuckDB makes repeated ones unique."""
    delimiter = _delimiter(file)
    if not delimiter:
        return []
    with Path(file).open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        names = next(csv.reader(lines.readline(1 << 20).splitlines(), delimiter=delimiter), [])
    return [name for name in names if name]


def _delimiter(file: str) -> str:
    """What stands most often in the first line; nothing where that cannot be looked at."""
    if Path(file).suffix.lower() in _PACKED:
        return ""
    with Path(file).open(encoding="utf-8-sig", errors="replace") as lines:
        first = lines.readline(1 << 20)
    return max(",;\t|", key=first.count) if first else ""


def _refuse_ragged(files: Sequence[str]) -> None:
    """Name the first line whose fields are not as many as the header's."""
    for file in files:
        delimiter = _delimiter(file)
        if not delimiter:
            continue
        with Path(file).open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            try:
                expected = len(next(reader, []))
                for fields in reader if expected > 1 else ():
                    if fields and len(fields) != expected:
                        raise InvalidInput(
                            f"every line must have as many fields as the header, {expected}, got "
                            f"{len(fields)} in line {reader.line_num:,} of {file!r}"
                        )
            except (csv.Error, UnicodeDecodeError):  # no text: what DuckDB says of it is better
                continue


def _json(files: Sequence[str], named: str) -> ibis.Table:
    options = f"auto_detect = true, sample_size = -1, maximum_object_size = {_LONGEST}"
    union = ", union_by_name = true" if len(files) > 1 else ""
    return _scanned(f"read_json({_listed(files)}, {options}{union})", named, kind="TABLE")


_READERS: dict[str, Callable[[Sequence[str], str], ibis.Table]] = {
    "parquet": _parquet,
    "csv": _csv,
    "json": _json,
}


def _scanned(scan: str, named: str, *, kind: str) -> ibis.Table:
    """A scan by DuckDB as a view, or as a table where reading it again would be slow."""
    connection = _connection()
    try:
        described = connection.con.sql(f"SELECT * FROM {scan}")
        told = [
            f"{_PLAIN_TIME[str(kind)].format(quote(name))} AS {quote(name)}"
            for name, kind in zip(described.columns, described.types, strict=True)
            if str(kind) in _PLAIN_TIME
        ]
        chosen = f"* REPLACE ({', '.join(told)})" if told else "*"
        connection.con.execute(f'CREATE {kind} "rows" AS SELECT {chosen} FROM {scan}')
        return connection.table("rows")
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise InvalidInput(
            f"{named!r} must be readable as a table (text in UTF-8), and is not: {reason}"
        ) from None


def _remote(uri: str) -> pa.Table:
    import pyarrow.dataset as ds

    try:
        return ds.dataset(uri, format="parquet").to_table()
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise InvalidInput(
            f"{uri!r} must name Parquet files, and cannot be read: {error}"
        ) from None


def _delta(path: str) -> pa.Table:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return DeltaTable(path).to_pyarrow_dataset().to_table()
    except DeltaError as error:
        raise UnsupportedTable(
            f"the Delta table at {path!r} cannot be read here: {error}"
        ) from None
