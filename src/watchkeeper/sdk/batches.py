"""From a file of the spool to requests: one batch for each stream that it holds."""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from watchkeeper.sdk.frames import DAMAGED, MAGIC, frames
from watchkeeper.sdk.pace import Pace
from watchkeeper.sdk.packing import LABELS, Body, Group, pack, pack_json
from watchkeeper.sdk.shapes import NOTE
from watchkeeper.sdk.shelf import Ready

__all__ = ["Batch", "Contents", "Part", "contents_of"]

_LATER = b"WKSPOOL"
_LONGEST_NAME = 200
_ROWS_A_PIECE = 16
_LABEL_FIELDS, _LEAST_FIELDS = 4, 8
Key: TypeAlias = tuple[str, str]
Counts: TypeAlias = tuple[int, int, int]
_NONE: Counts = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one stream, by number; ``mark`` tells the parts of a batch apart."""

    model: str
    kind: str
    numbers: range
    mark: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one stream of one file as the body of a request.

    ``numbers`` runs from the number of its first to that of its last row; ``numbered`` is False
    where the version before wrote them, and they are places in the file. ``name`` is the batch's
    own for ever. ``noted``: how many rows of the stream were dropped, refused and sampled out, as
    far as the file says.
    """

    model: str
    kind: str
    name: str
    body: Body
    numbers: range
    numbered: bool
    mark: str = ""
    noted: Counts = _NONE

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return self.body.rows

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
    that have no form on the wire; ``unknown``: a later version wrote the file.
    """

    batches: tuple[Batch, ...]
    damaged: int = 0
    unreadable: int = 0
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Shape:
    key: Key
    constants: Mapping[str, object]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: values of a shape, or JSON; neither where it cannot be read."""

    key: Key | None
    number: int = 0
    shape: _Shape | None = None
    row: tuple[Any, ...] = ()
    text: str = ""
    noted: Counts | None = None


@dataclass(slots=True)
class _Rows:
    """The rows of one stream as they are read."""

    first: int = 0
    last: int = 0
    shape: _Shape | None = None
    groups: list[Group] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, line: _Line) -> None:
        self.first = self.first or line.number
        self.last = line.number
        if line.shape is None:
            self.texts.append(line.text)
            return
        if line.shape is not self.shape:
            self.shape = line.shape
            self.groups.append(Group(line.shape.names, line.shape.constants))
        self.groups[-1].rows.append(line.row)

    def body(self, kind: str, pace: Pace) -> Body:
        return pack_json(self.texts, pace) if self.texts else pack(kind, self.groups, pace)


def contents_of(ready: Ready, content: bytes, pace: Pace, *, only: Part | None = None) -> Contents:
    """Read a file: a batch for each stream in it, or the one part that is asked for."""
    numbered = content.startswith(MAGIC)
    if not numbered and content.startswith(_LATER):
        return Contents((), unknown=True)
    found: dict[Key, _Rows] = {}
    noted: dict[Key, Counts] = {}
    damaged = 0
    lines = _lines(content) if numbered else _old_lines(content)
    while some := list(islice(lines, _ROWS_A_PIECE)):
        for line in some:
            if line.key is None:
                damaged += 1
            elif line.noted is not None:
                noted[line.key] = line.noted
            elif only is None or (line.key[0] == only.model and line.number in only.numbers):
                found.setdefault(line.key, _Rows()).add(line)
        pace.rest()
    if only is not None:
        found = {key: rows for key, rows in found.items() if key[1] == only.kind}
    bodies = {key: rows.body(key[1], pace) for key, rows in found.items()}
    mark = "" if only is None else only.mark
    batches = tuple(
        Batch(
            model=model,
            kind=kind,
            name=_name(ready, model, kind, numbered=numbered) + mark,
            body=bodies[model, kind],
            numbers=range(rows.first, rows.last + 1),
            numbered=numbered,
            mark=mark,
            noted=noted.get((model, kind), _NONE),
        )
        for (model, kind), rows in found.items()
        if bodies[model, kind].rows
    )
    return Contents(batches, damaged, sum(body.unreadable for body in bodies.values()))


def _name(ready: Ready, model: str, kind: str, *, numbered: bool) -> str:
    before = f"{ready.identity}-{kind}-{model}"  # as the version before named it
    if not numbered and before.isascii() and len(before) < _LONGEST_NAME:
        return before
    stream = hashlib.blake2b(f"{kind}\x00{model}".encode(), digest_size=8).hexdigest()
    return f"{ready.identity}-{stream}"


def _lines(content: bytes) -> Iterator[_Line]:
    shapes: dict[int, _Shape] = {}
    for number, payload in frames(content):
        found = None if number == DAMAGED else _loaded(payload)
        if found is None:
            yield _Line(None)
        elif number == 0 and found[0] == NOTE:
            _, model, kind, *counts = found
            dropped, refused, sampled = counts
            yield _Line((model, kind), noted=(dropped, refused, sampled))
        elif number == 0:
            shape, model, kind, constants, names = found
            shapes[shape] = _Shape((model, kind), constants, names)
        else:  # a row without its declaration means nothing
            known = shapes.get(found[0])
            whole = known is not None and len(found) == _length(known)
            yield _Line(known.key, number, known, found) if known and whole else _Line(None)


def _length(shape: _Shape) -> int:
    return _LABEL_FIELDS if shape.key[1] == LABELS else _LEAST_FIELDS + len(shape.names)


def _loaded(payload: bytes) -> tuple[Any, ...] | None:
    try:
        found = marshal.loads(payload)  # noqa: S302  from a file of this user, checked by its sum
    except (ValueError, EOFError, TypeError):
        return None
    return found if isinstance(found, tuple) and found else None


def _old_lines(content: bytes) -> Iterator[_Line]:
    """The lines ``model TAB kind TAB row`` of the version before; a last one without an end was
    cut off.
    """
    *whole, cut = content.split(b"\n")
    for place, line in enumerate(whole):
        try:
            model, kind, row = line.split(b"\t", 2)
            yield _Line((json.loads(model), kind.decode()), place + 1, text=row.decode())
        except (ValueError, TypeError):
            yield _Line(None)
    if cut:
        yield _Line(None)
