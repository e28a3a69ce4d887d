"""Rows of one stream as the body of a request: columns where they allow it, else JSON."""

from __future__ import annotations

import contextlib
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from watchkeeper.sdk.arrow_stream import END, Field, Kind, batch_message, schema_message
from watchkeeper.sdk.encode import encode_plain, iso
from watchkeeper.sdk.pace import Pace

__all__ = ["LABELS", "PREDICTIONS", "Body", "Group", "pack", "pack_json"]

PREDICTIONS, LABELS = "predictions", "labels"
_ARROW, _JSON = "application/vnd.apache.arrow.stream", "application/json"
_FIXED = ("prediction", "score", "latency_ms", "error", "trace_id")  # of a prediction, from place 3
_OPTIONAL = frozenset(_FIXED[1:])
_FEATURES = 3 + len(_FIXED)
_ROWS_A_BATCH, _ROWS_A_PIECE = 512, 8
_GZIP = 31  # zlib's window bits: the format of gzip
_LEVEL = 1  # nine tenths of the saving at a fifth of the time
_WORTH_IT = 0.7
_EXACT = 2**53  # beyond, a number of double precision is not every whole number
_MOST_GROUPS = 32
Row: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class Group:
    """Rows that follow each other and have columns and constants in common.

    A row is what the logger wrote: shape, id, microseconds, then of a label its value, of a
    prediction the answer, what was told of it, and the values of ``names``.
    """

    names: tuple[str, ...]
    constants: Mapping[str, object]
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes and what they are; ``rows`` are in it, ``unreadable`` more have no form at all."""

    data: bytes
    media_type: str
    encoding: str
    rows: int
    unreadable: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """What a request with it says."""
        return {"Content-Type": self.media_type, "Content-Encoding": self.encoding}


def pack(kind: str, groups: Sequence[Group], pace: Pace) -> Body:
    """The body of all groups' rows, in their order."""
    tables = None
    if len(groups) <= _MOST_GROUPS and sys.byteorder == "little":
        tables = _tables(kind, groups, pace)
    if tables is not None:
        with contextlib.suppress(OverflowError, UnicodeEncodeError):
            found = _columnar(tables, pace)
            if found is not None:
                return found
    return pack_json((_document(kind, group, row) for group in groups for row in group.rows), pace)


def pack_json(rows: Iterable[Mapping[str, object] | str], pace: Pace) -> Body:
    """The same of rows that are JSON, or become it."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    pieces = [compressor.compress(b'{"rows":[')]
    left, packed, seen = iter(rows), 0, 0
    while some := list(islice(left, _ROWS_A_PIECE)):
        seen += len(some)
        for text, number in _texts(some):
            comma = "," if packed else ""
            packed += number
            pieces.append(compressor.compress((comma + text).encode()))
        pace.rest()
    pieces.append(compressor.compress(b"]}") + compressor.flush())
    return Body(b"".join(pieces), _JSON, "gzip", packed, seen - packed)


def _texts(rows: Sequence[Mapping[str, object] | str]) -> Iterator[tuple[str, int]]:
    """Rows as JSON, as many at once as have such a form, and how many they are."""
    plain = [row for row in rows if not isinstance(row, str)]
    try:
        if plain:
            yield encode_plain(plain)[1:-1], len(plain)
    except ValueError:  # a whole number of 5,000 digits
        for one in plain:
            with contextlib.suppress(ValueError):
                yield encode_plain(one), 1
    yield from ((row, 1) for row in rows if isinstance(row, str))


def _document(kind: str, group: Group, row: Row) -> Mapping[str, object]:
    if kind == LABELS:
        return {"id": row[1], "label": row[3], "time": iso(row[2])}
    document: dict[str, object] = {"id": row[1], "time": iso(row[2]), **group.constants}
    document["features"] = dict(zip(group.names, row[_FEATURES:], strict=True))
    told = zip(_FIXED, row[3:_FEATURES], strict=True)
    document.update((name, v) for name, v in told if v is not None or name not in _OPTIONAL)
    return document


@dataclass(frozen=True, slots=True)
class _Table:
    """Some rows as columns, the system's and the features."""

    rows: int
    system: dict[str, Sequence[object]]
    features: dict[str, Sequence[object]]


def _tables(kind: str, groups: Sequence[Group], pace: Pace) -> list[_Table] | None:
    """The rows as columns, some hundred at a time; None where two columns have one name."""
    tables = []
    for group in groups:
        if len(set(group.names)) < len(group.names):
            return None
        for start in range(0, len(group.rows), _ROWS_A_BATCH):
            rows = group.rows[start : start + _ROWS_A_BATCH]
            tables.append(_table(kind, group, rows))
            pace.rest()
    return tables


def _table(kind: str, group: Group, rows: Sequence[Row]) -> _Table:
    _, ids, moments, *others = zip(*rows, strict=True)
    system: dict[str, Sequence[object]] = {"id": ids, "time": moments}
    if kind == LABELS:
        return _Table(len(rows), {**system, "label": others[0]}, {})
    system.update((name, [value] * len(rows)) for name, value in group.constants.items())
    system.update(zip(_FIXED, others, strict=False))
    return _Table(len(rows), system, dict(zip(group.names, others[len(_FIXED) :], strict=True)))


def _columnar(tables: Sequence[_Table], pace: Pace) -> Body | None:
    """The tables as an Arrow stream; None where a column holds values of several kinds."""
    system = _fields([table.system for table in tables], pace)
    features = _fields([table.features for table in tables], pace)
    if system is None or features is None:
        return None
    fields = [
        Field("time", Kind.TIME) if one.name == "time" else one
        for one in system
        if one.kind is not Kind.NULL or one.name not in _OPTIONAL
    ]
    columns = [one.name for one in fields]
    if features or "prediction" in columns:
        fields.append(Field("features", Kind.STRUCT, tuple(features)))
    pieces = [schema_message(fields)]
    for table in tables:
        nothing = [None] * table.rows
        values = [table.system.get(name, nothing) for name in columns]
        values += [table.features.get(one.name, nothing) for one in features]
        pieces.append(batch_message(fields, values, table.rows))
        pace.rest()
    rows = sum(table.rows for table in tables)
    return _pressed([*pieces, END], rows, pace)


def _fields(tables: Sequence[Mapping[str, Sequence[object]]], pace: Pace) -> list[Field] | None:
    """What the columns hold; None where some column can be no column of Arrow."""
    found: dict[str, set[type]] = {}
    for table in tables:
        for name, values in table.items():
            found.setdefault(name, set()).update(map(type, values))
        pace.rest()
    kinds = {name: _kind(types) for name, types in found.items()}
    for name, kind in kinds.items():
        if kind is None or (kind is Kind.FLOAT and int in found[name] and _inexact(name, tables)):
            return None
    return [Field(name, kind) for name, kind in kinds.items() if kind is not None]


def _kind(types: set[type]) -> Kind | None:
    return _KINDS.get(frozenset(types - {type(None)}))


_KINDS = {
    frozenset[type](): Kind.NULL,
    frozenset({float}): Kind.FLOAT,
    frozenset({int}): Kind.INT,
    frozenset({int, float}): Kind.FLOAT,
    frozenset({bool}): Kind.TRUTH,
    frozenset({str}): Kind.TEXT,
}


def _inexact(name: str, tables: Sequence[Mapping[str, Sequence[object]]]) -> bool:
    """Whether a whole number among the column's would not be itself as a float."""
    return any(
        type(value) is int and abs(value) > _EXACT
        for table in tables
        for value in table.get(name, ())
    )


def _pressed(pieces: Sequence[bytes], rows: int, pace: Pace) -> Body:
    """Compressed, where the first rows say that it is worth it."""
    if len(zlib.compress(b"".join(pieces[:2]), _LEVEL)) > _WORTH_IT * sum(map(len, pieces[:2])):
        return Body(b"".join(pieces), _ARROW, "identity", rows)
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    pressed = []
    for piece in pieces:
        pressed.append(compressor.compress(piece))
        pace.rest()
    return Body(b"".join(pressed) + compressor.flush(), _ARROW, "gzip", rows)
