"""Rows of whatever holds some: mappings and lists of them, tables of pandas, Polars and Arrow,
arrays of numpy, sparse matrices, data classes and pydantic models.

A value is told by where its class comes from and what it can do, so that none of these libraries
is loaded here. What is taken is a copy: a function that changes its input is logged with what it
was given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchkeeper.errors import InvalidInput

__all__ = ["Row", "Table", "one_row", "table_of", "values_of"]

Row = Mapping[str, object]
_ROWS_A_STEP = 1000
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """``size`` rows; ``single`` where the value was one row, whose answer is the whole answer.

    ``part`` gives the rows from one place up to another, so that a large array becomes mappings
    a thousand rows at a time.
    """

    size: int
    single: bool
    part: Callable[[int, int], Sequence[Row]]

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, self.size, _ROWS_A_STEP):
            yield from self.part(start, min(self.size, start + _ROWS_A_STEP))


def table_of(value: Any, names: Sequence[str] | None = None) -> Table | None:
    """The rows that ``value`` holds; None where it holds none.

    Parameters
    ----------
    value
        One row: a mapping, a data class, a pydantic model, a pandas Series, a one-dimensional
        array. Several: a table, a two-dimensional or structured array, a sparse matrix, a list of
        rows.
    names
        The columns that are wanted, of what has names; the names of the columns, of what has
        none. None: all; without names they are ``x0``, ``x1``, ….

    Raises
    ------
    InvalidInput
        Where the names are not as many as the columns, or there are more than 10,000 columns.
    """
    found = _own_fields(value)
    if found is not None:
        return one_row(_chosen(found, names))
    reader = _READERS.get(type(value).__module__.partition(".")[0])
    if reader is not None:
        return reader(value, names)
    if isinstance(value, list | tuple) and value:
        return _of_list(value, names)
    return None


def one_row(row: Row) -> Table:
    """The table that one row is."""
    return Table(1, single=True, part=lambda start, stop: [row][start:stop])


def values_of(value: Any) -> list[object] | None:
    """The items of a list or of a one-dimensional array or column; None of anything else."""
    if isinstance(value, list | tuple):
        return list(value)
    if getattr(value, "ndim", 1) == 1:
        for method in ("tolist", "to_list", "to_pylist"):
            found = getattr(value, method, None)
            if callable(found):
                items = found()
                return items if isinstance(items, list) else None
    return None


def _own_fields(value: Any) -> Row | None:
    """A mapping, or what is as good as one."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        dumped = dump()
        return dumped if isinstance(dumped, dict) else None
    return None


def _of_list(rows: Sequence[Any], names: Sequence[str] | None) -> Table | None:
    fields = [_own_fields(row) for row in rows]
    known = [_chosen(found, names) for found in fields if found is not None]
    if len(known) == len(rows):
        return _several(known)
    items = [values_of(row) if not isinstance(row, str) else None for row in rows]
    held = [found for found in items if found]
    if len(held) < len(rows) or len({len(found) for found in held}) > 1:
        return None
    return _several(_named_rows(held, _names(len(held[0]), names)))


def _of_numpy(value: Any, names: Sequence[str] | None) -> Table | None:
    if getattr(value, "ndim", 0) == 0 or value.size == 0:
        return None
    own = value.dtype.names
    if own is not None:
        copied = value.reshape(-1).copy()
        return Table(
            len(copied),
            single=False,
            part=lambda start, stop: [
                _chosen(row, names) for row in _named_rows(copied[start:stop].tolist(), own)
            ],
        )
    if value.ndim > 2:
        return None
    columns = _names(value.shape[-1], names)
    copied = value.copy()
    if value.ndim == 1:
        return one_row(_named_rows([copied.tolist()], columns)[0])
    return Table(
        len(copied),
        single=False,
        part=lambda start, stop: _named_rows(copied[start:stop].tolist(), columns),
    )


def _of_sparse(value: Any, names: Sequence[str] | None) -> Table | None:
    if getattr(value, "ndim", 0) != 2:
        return None
    columns = _names(value.shape[1], names)
    copied = value.tocsr(copy=True)
    return Table(
        copied.shape[0],
        single=False,
        part=lambda start, stop: _named_rows(copied[start:stop].toarray().tolist(), columns),
    )


def _of_pandas(value: Any, names: Sequence[str] | None) -> Table | None:
    if getattr(value, "ndim", 0) == 1:
        if not hasattr(value, "iloc"):  # an index
            return None
        pairs = zip(value.index.tolist(), value.tolist(), strict=True)
        return one_row(_chosen({str(name): item for name, item in pairs}, names))
    if getattr(value, "ndim", 0) != 2:
        return None
    frame = (value if names is None else value[list(names)]).copy()
    columns = _names(frame.shape[1], [str(name) for name in frame.columns])

    def part(start: int, stop: int) -> Sequence[Row]:
        some = frame.iloc[start:stop]
        lists = [some.iloc[:, place].tolist() for place in range(len(columns))]
        return _named_rows(list(zip(*lists, strict=True)) if lists else [()] * len(some), columns)

    return Table(len(frame), single=False, part=part)


def _of_polars(value: Any, names: Sequence[str] | None) -> Table | None:
    if not hasattr(value, "iter_rows"):
        return None
    frame = value if names is None else value.select(list(names))
    return Table(
        frame.height, single=False, part=lambda start, stop: frame[start:stop].rows(named=True)
    )


def _of_arrow(value: Any, names: Sequence[str] | None) -> Table | None:
    if not hasattr(value, "to_pylist") or not hasattr(value, "num_rows"):
        return None
    table = value if names is None else value.select(list(names))
    return Table(
        table.num_rows,
        single=False,
        part=lambda start, stop: table.slice(start, stop - start).to_pylist(),
    )


_READERS: Mapping[str, Callable[[Any, Sequence[str] | None], Table | None]] = {
    "numpy": _of_numpy,
    "scipy": _of_sparse,
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_arrow,
}


def _several(rows: Sequence[Row]) -> Table:
    return Table(len(rows), single=False, part=lambda start, stop: rows[start:stop])


def _chosen(row: Row, names: Sequence[str] | None) -> Row:
    return row if names is None else {name: row[name] for name in names if name in row}


def _names(columns: int, names: Sequence[str] | None) -> Sequence[str]:
    if columns > _MOST_COLUMNS:
        raise InvalidInput(
            f"a row must have at most {_MOST_COLUMNS} columns, got {columns}: "
            "choose what is watched with features="
        )
    if names is None:
        return [f"x{place}" for place in range(columns)]
    if len(names) != columns:
        raise InvalidInput(
            f"there must be as many names as columns, got {len(names)} names of {columns} columns"
        )
    return names


def _named_rows(rows: Sequence[Sequence[object]], names: Sequence[str]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in rows]
