"""Writes FlatBuffers: the form of the headers of Arrow's messages.

A buffer is built from its end, so that what refers comes before what is referred to. An offset here
counts bytes from the end; every method that writes gives the offset of what it wrote.

References
----------
https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FlatBuffer", "Ref", "Scalar"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number in a table; ``code`` is its format in `struct`."""

    code: str
    value: int


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference in a table to what was written before."""

    offset: int


class FlatBuffer:
    """One buffer; `finish` gives its bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def string(self, text: str) -> int:
        """Text, ended by a zero byte that its length does not count."""
        data = text.encode()
        return self._put(struct.pack("<I", len(data)) + data + b"\0", 4)

    def references(self, offsets: Sequence[int]) -> int:
        """A vector of references."""
        start = self._start(4 + 4 * len(offsets), 4)
        places = [start - 4 - 4 * place for place in range(len(offsets))]
        steps = [place - offset for place, offset in zip(places, offsets, strict=True)]
        return self._put(struct.pack(f"<I{len(steps)}I", len(steps), *steps), 4)

    def pairs(self, pairs: Sequence[tuple[int, int]]) -> int:
        """A vector of structures of two 64-bit numbers."""
        flat = [number for pair in pairs for number in pair]
        self._put(struct.pack(f"<{len(flat)}q", *flat), 8)
        return self._put(struct.pack("<I", len(pairs)), 4)

    def table(self, *fields: Scalar | Ref | None) -> int:
        """A table; the place of a field is its number, None leaves it at its default."""
        places, end = [], 4
        for field in fields:
            size = 0 if field is None else struct.calcsize(_code(field))
            end = -(-end // size) * size if size else end
            places.append(end if size else 0)
            end += size
        start = self._start(end, 8)
        index = struct.pack(f"<{2 + len(fields)}H", 4 + 2 * len(fields), end, *places)
        body = bytearray(end)
        struct.pack_into("<i", body, 0, len(index))  # where the index is: right before the table
        for field, place in zip(fields, places, strict=True):
            if isinstance(field, Ref):
                struct.pack_into("<I", body, place, start - place - field.offset)
            elif field is not None:
                struct.pack_into("<" + field.code, body, place, field.value)
        self._put(bytes(body), 8)
        self._put(index, 1)
        return start

    def finish(self, root: int) -> bytes:
        """The whole, a multiple of 8 bytes long."""
        start = self._start(4, 8)
        self._put(struct.pack("<I", start - root), 8)
        return b"".join(reversed(self._pieces))

    def _start(self, size: int, alignment: int) -> int:
        """Where something of that size will begin."""
        return -(-(self._size + size) // alignment) * alignment

    def _put(self, data: bytes, alignment: int) -> int:
        start = self._start(len(data), alignment)
        self._pieces.append(bytes(start - self._size - len(data)))
        self._pieces.append(data)
        self._size = start
        return start


def _code(field: Scalar | Ref) -> str:
    return "<I" if isinstance(field, Ref) else "<" + field.code
