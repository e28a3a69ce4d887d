"""Writes Arrow IPC streams without Arrow: columns of numbers, texts and truth values, and structs.

A server takes in columns ten times as fast as rows of JSON, and here they cost a fifth: what is
done for a whole column is done at the speed of C.

References
----------
https://arrow.apache.org/docs/format/Columnar.html
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import cast

from watchkeeper.sdk.flatbuffer import FlatBuffer, Ref, Scalar

__all__ = ["END", "Field", "Kind", "Values", "batch_message", "schema_message"]

Values = Sequence[object]
END = b"\xff\xff\xff\xff\0\0\0\0"
_VERSION = Scalar("h", 4)  # the fifth of the metadata
_SCHEMA, _RECORD_BATCH = 1, 3


class Kind(Enum):
    """Types of columns, by Arrow's number of the type."""

    NULL = 1
    INT = 2
    FLOAT = 3
    TEXT = 5
    TRUTH = 6
    TIME = 10  # microseconds since 1970, UTC
    STRUCT = 13


@dataclass(frozen=True, slots=True)
class Field:
    """A column's name and type; ``children`` of a struct."""

    name: str
    kind: Kind
    children: tuple[Field, ...] = ()


def schema_message(fields: Sequence[Field]) -> bytes:
    """What a stream begins with."""
    flat = FlatBuffer()
    vector = flat.references([_field(flat, field) for field in fields])
    return _message(flat, _SCHEMA, flat.table(None, Ref(vector)), 0)


def batch_message(fields: Sequence[Field], columns: Sequence[Values], rows: int) -> bytes:
    """Some rows: a value or None in each column, a struct's columns in its place, flattened.

    Values of INT and TIME are whole numbers of 64 bits, of FLOAT numbers; OverflowError where they
    do not fit, UnicodeEncodeError where half a surrogate pair is no text.
    """
    nodes: list[tuple[int, int]] = []
    places: list[tuple[int, int]] = []
    body: list[bytes] = []
    at = 0
    values = iter(columns)
    for nulls, buffers in _columns(fields, values, rows):
        nodes.append((rows, nulls))
        for data in buffers:
            places.append((at, len(data)))
            body.append(data + bytes(-len(data) % 8))
            at += len(body[-1])
    flat = FlatBuffer()
    buffer_vector = flat.pairs(places)
    node_vector = flat.pairs(nodes)
    batch = flat.table(Scalar("q", rows), Ref(node_vector), Ref(buffer_vector))
    return _message(flat, _RECORD_BATCH, batch, at) + b"".join(body)


def _message(flat: FlatBuffer, kind: int, header: int, body_bytes: int) -> bytes:
    root = flat.table(_VERSION, Scalar("B", kind), Ref(header), Scalar("q", body_bytes))
    data = flat.finish(root)
    return struct.pack("<Ii", 0xFFFFFFFF, len(data)) + data


def _field(flat: FlatBuffer, field: Field) -> int:
    children = flat.references([_field(flat, child) for child in field.children])
    name = flat.string(field.name)
    kind = _type(flat, field.kind)
    nullable = Scalar("B", 1)
    number = Scalar("B", field.kind.value)
    return flat.table(Ref(name), nullable, number, Ref(kind), None, Ref(children))


def _type(flat: FlatBuffer, kind: Kind) -> int:
    if kind is Kind.INT:
        return flat.table(Scalar("i", 64), Scalar("B", 1))
    if kind is Kind.FLOAT:
        return flat.table(Scalar("h", 2))  # of double precision
    if kind is Kind.TIME:
        zone = flat.string("UTC")
        return flat.table(Scalar("h", 2), Ref(zone))  # in microseconds
    return flat.table()


def _columns(
    fields: Sequence[Field], values: Iterator[Values], rows: int
) -> Iterator[tuple[int, list[bytes]]]:
    """The number of nulls and the buffers of each field, structs before their children."""
    for field in fields:
        if field.kind is Kind.STRUCT:
            yield 0, [b""]
            yield from _columns(field.children, values, rows)
        elif field.kind is Kind.NULL:
            next(values)
            yield rows, []
        else:
            column = next(values)
            nulls = column.count(None)
            yield (
                nulls,
                [
                    _bits([v is not None for v in column]) if nulls else b"",
                    *_data(field, column, nulls),
                ],
            )


def _data(field: Field, column: Values, nulls: int) -> list[bytes]:
    if field.kind is Kind.TEXT:
        return _text(cast("Sequence[str]", [v or "" for v in column] if nulls else column))
    if field.kind is Kind.TRUTH:
        return [_bits([value is True for value in column])]
    numbers = cast("Sequence[float]", [0 if v is None else v for v in column] if nulls else column)
    if field.kind is Kind.FLOAT:
        return [array("d", numbers).tobytes()]
    return [array("q", cast("Sequence[int]", numbers)).tobytes()]


def _text(texts: Sequence[str]) -> list[bytes]:
    joined = "".join(texts)
    if joined.isascii():
        return [_ends(map(len, texts)), joined.encode()]
    encoded = [text.encode() for text in texts]
    return [_ends(map(len, encoded)), b"".join(encoded)]


def _ends(lengths: Iterator[int]) -> bytes:
    return array("i", accumulate(lengths, initial=0)).tobytes()


def _bits(truths: Sequence[bool]) -> bytes:
    """One bit for each, the first in the lowest."""
    digits = "".join(["1" if truth else "0" for truth in reversed(truths)])
    return int(digits or "0", 2).to_bytes(-(-len(truths) // 8), "little")
