"""What many rows have in common, said once for all of them."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from watchkeeper.sdk.counters import Stream
from watchkeeper.sdk.frames import frame

__all__ = ["FORMAT", "NOTE", "Shape", "note"]

FORMAT = 2  # of marshal: every Python reads it, and it is the quickest for rows
NOTE = "counts"
_numbers = count(1)


def note(stream: Stream) -> bytes:
    """What became of rows that are not in the spool, so that a successor can tell it."""
    told = (NOTE, stream.model, stream.kind, stream.dropped, stream.refused, stream.sampled)
    return frame(marshal.dumps(told, FORMAT), 0)


class Shape:
    """What many rows have in common, and is written once a segment: stream, constants, columns.

    ``names`` are the columns as they are written, ``given`` as they were told; ``change`` makes the
    values of the one from the other, None where they are the same.
    """

    __slots__ = ("change", "declaration", "declared", "given", "number", "stream")

    def __init__(
        self,
        stream: Stream,
        constants: Mapping[str, object],
        names: tuple[str, ...],
        *,
        given: tuple[object, ...] | None = None,
        change: Callable[[Mapping[str, object]], Sequence[object]] | None = None,
    ) -> None:
        self.stream, self.change = stream, change
        self.given = names if given is None else given
        self.number = next(_numbers)
        told = (self.number, stream.model, stream.kind, dict(constants), names)
        self.declaration = frame(marshal.dumps(told, FORMAT), 0)
        self.declared: object = self  # the segment that has it; at first none
