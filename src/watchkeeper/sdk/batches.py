"""From a file of the spool to the bodies of requests: one batch for each stream that it holds.

Rows become JSON a few at a time: between, other threads of the process get their turn, since what
is done here in one go is what the predict path may have to wait for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import marshal
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from watchkeeper.sdk.encode import encode_plain, iso
from watchkeeper.sdk.frames import DAMAGED, MAGIC, frames
from watchkeeper.sdk.shelf import Ready

__all__ = ["LABELS", "PREDICTIONS", "Batch", "Contents", "Pace", "Part", "contents_of"]

PREDICTIONS, LABELS = "predictions", "labels"
_OPTIONAL = ("score", "latency_ms", "error", "trace_id")
_FIXED = 8  # fields of a prediction before its features
_GZIP = 31  # zlib's window bits: the format of gzip
_LEVEL = 1  # nine tenths of the saving at a fifth of the time
_FUTURE = b"WKSPOOL"
_LONGEST_NAME = 200
Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows are encoded in one go, and how long others are let before the next."""

    rows: int = 8
    pause_seconds: float = 0.0002


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one stream, by number; ``mark`` tells the parts of a batch apart."""

    model: str
    kind: str
    numbers: range
    mark: str

    def has(self, line: _Line) -> bool:
        """Whether it is one of these rows."""
        return line.key == (self.model, self.kind) and line.number in self.numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one stream of one file as the body of a request.

    ``numbers`` runs from the number of its first to that of its last row; ``numbered`` is False
    where the version before wrote them, and they are places in the file. ``name`` is the batch's
    own for ever.
    """

    model: str
    kind: str
    name: str
    body: bytes
    rows: int
    numbers: range
    numbered: bool
    mark: str = ""

    def halves(self) -> tuple[Part, Part]:
        """Its rows in two parts."""
        first, last = self.numbers.start, self.numbers.stop
        middle = (first + last) // 2
        return (
            Part(self.model, self.kind, range(first, middle), f"{self.mark}-a"),
            Part(self.model, self.kind, range(middle, last), f"{self.mark}-b"),
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What one file holds. ``damaged`` counts stretches that cannot be read, ``unreadable`` rows
    that have no JSON form; ``unknown``: a later version wrote the file.
    """

    batches: tuple[Batch, ...]
    damaged: int = 0
    unreadable: int = 0
    unknown: bool = False


@dataclass(slots=True)
class _Line:
    """One row, plain or as JSON; ``key`` is None where it cannot be read."""

    key: Key | None
    number: int = 0
    row: Mapping[str, object] | str = ""


class _Packer:
    """The body of one batch, compressed as it grows."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._pieces = [self._compressor.compress(b'{"rows":[')]
        self._pending: list[_Line] = []
        self.rows = self.unreadable = 0
        self.first = self.last = 0

    def add(self, line: _Line) -> None:
        """Take one more row."""
        self.first = self.first or line.number
        self.last = line.number
        self._pending.append(line)

    def press(self) -> None:
        """Encode what was added, and compress it, which other threads need not wait for."""
        texts = list(_texts(self._pending))
        self.unreadable += len(self._pending) - sum(rows for _, rows in texts)
        self._pending.clear()
        for text, rows in texts:
            comma = "," if self.rows else ""
            self.rows += rows
            self._pieces.append(self._compressor.compress((comma + text).encode()))

    def body(self) -> bytes:
        """All of it."""
        self._pieces.append(self._compressor.compress(b"]}") + self._compressor.flush())
        return b"".join(self._pieces)


def contents_of(
    ready: Ready, content: bytes, *, pace: Pace = Pace(), only: Part | None = None
) -> Contents:
    """Read a file: a batch for each stream in it, or the one part that is asked for."""
    numbered = content.startswith(MAGIC)
    if not numbered and content.startswith(_FUTURE):
        return Contents((), unknown=True)
    packers: dict[Key, _Packer] = {}
    damaged = 0
    lines = _lines(content) if numbered else _old_lines(content)
    while some := list(islice(lines, pace.rows)):
        for line in some:
            if line.key is None:
                damaged += 1
            elif only is None or only.has(line):
                packers.setdefault(line.key, _Packer()).add(line)
        for packer in packers.values():
            packer.press()
        time.sleep(pace.pause_seconds)
    mark = "" if only is None else only.mark
    batches = tuple(
        Batch(
            model=model,
            kind=kind,
            name=_name(ready, model, kind, numbered=numbered) + mark,
            body=packer.body(),
            rows=packer.rows,
            numbers=range(packer.first, packer.last + 1),
            numbered=numbered,
            mark=mark,
        )
        for (model, kind), packer in packers.items()
        if packer.rows
    )
    return Contents(batches, damaged, sum(packer.unreadable for packer in packers.values()))


def _name(ready: Ready, model: str, kind: str, *, numbered: bool) -> str:
    before = f"{ready.identity}-{kind}-{model}"  # as the version before named it
    if not numbered and before.isascii() and len(before) < _LONGEST_NAME:
        return before
    stream = hashlib.blake2b(f"{kind}\x00{model}".encode(), digest_size=8).hexdigest()
    return f"{ready.identity}-{stream}"


def _lines(content: bytes) -> Iterator[_Line]:
    shapes: dict[int, tuple[Key, Mapping[str, object], tuple[str, ...]]] = {}
    for number, payload in frames(content):
        found = None if number == DAMAGED else _loaded(payload)
        if found is None:
            yield _Line(None)
        elif number == 0:
            shape, model, kind, constants, names = found
            shapes[shape] = ((model, kind), constants, names)
        elif found[0] not in shapes:  # its declaration was damaged
            yield _Line(None)
        else:
            key, constants, names = shapes[found[0]]
            row = _row(key[1], constants, names, found)
            yield _Line(None) if row is None else _Line(key, number, row)


def _texts(lines: Sequence[_Line]) -> Iterator[tuple[str, int]]:
    """Rows as JSON, as many at once as have such a form, and how many they are."""
    rows = [line.row for line in lines if not isinstance(line.row, str)]
    try:
        if rows:
            yield encode_plain(rows)[1:-1], len(rows)
    except ValueError:  # a whole number of 5,000 digits
        for row in rows:
            with contextlib.suppress(ValueError):
                yield encode_plain(row), 1
    for line in lines:
        if isinstance(line.row, str):
            yield line.row, 1


def _loaded(payload: bytes) -> tuple[Any, ...] | None:
    try:
        found = marshal.loads(payload)  # noqa: S302  from a file of this user, checked by its sum
    except (ValueError, EOFError, TypeError):
        return None
    return found if isinstance(found, tuple) and found else None


def _row(
    kind: str,
    constants: Mapping[str, object],
    names: tuple[str, ...],
    row: tuple[Any, ...],
) -> Mapping[str, object] | None:
    try:
        if kind == LABELS:
            _, identity, moment, label = row
            return {"id": identity, "label": label, "time": iso(moment)}
        document = {"id": row[1], "time": iso(row[2]), **constants}
        document["features"] = dict(zip(names, row[_FIXED:], strict=True))
        document["prediction"] = row[3]
        told = zip(_OPTIONAL, row[4:_FIXED], strict=True)
        document.update((name, value) for name, value in told if value is not None)
    except (ValueError, TypeError, OverflowError, IndexError):  # no version of ours wrote it
        return None
    return document


def _old_lines(content: bytes) -> Iterator[_Line]:
    """The lines ``model TAB kind TAB row`` of the version before; a last one without an end was
    cut off.
    """
    *whole, cut = content.split(b"\n")
    for place, line in enumerate(whole):
        try:
            model, kind, row = line.split(b"\t", 2)
            yield _Line((json.loads(model), kind.decode()), place + 1, row.decode())
        except (ValueError, TypeError):
            yield _Line(None)
    if cut:
        yield _Line(None)
