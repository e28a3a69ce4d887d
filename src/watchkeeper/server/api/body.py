"""Request bodies: read in full up to a limit, unzipped up to the same limit, and not for ever.

All bodies that are read or worked on at one time share a bounded room, so that a flood of large
ones is told to wait instead of filling the memory. A body has to keep arriving, and to be there
within a time that its size allows for.
"""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from watchkeeper.errors import InvalidInput, TooLarge, TooSlow, Unavailable

__all__ = ["ARROW_STREAM", "JSON", "NDJSON", "PARQUET", "Body", "Room", "read_body"]

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

_PIECE_SECONDS = 15.0
_LEAST_SECONDS, _LEAST_RATE = 30.0, 64 * 1024  # bytes a second
_PIECE = 256 * 1024
_SMALL = 8 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a request, unzipped, the media type it states, and how many bytes came."""

    content: bytes
    media_type: str
    sent: int = 0


class Room:
    """How many bytes of bodies may be held at one time, by all requests of this process."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = threading.Lock()

    @contextmanager
    def share(self) -> Iterator[Share]:
        """One request's share, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            with self._lock:
                self._held -= share.held

    def take(self, share: Share, size: int) -> None:
        """Let a share grow; Unavailable where there is no room. A lone one may take all."""
        with self._lock:
            if self._held > share.held and self._held + size > self._most:
                raise Unavailable(
                    f"the bodies of all requests may hold {self._most} bytes at one time, and they "
                    "do: send the batch again in a second"
                )
            self._held += size
            share.held += size


@dataclass(slots=True)
class Share:
    """The bytes that one request holds of a room."""

    room: Room
    held: int = 0

    def grow(self, size: int) -> None:
        """Hold more."""
        self.room.take(self, size)


@dataclass(slots=True)
class _Clock:
    """Gives up a body that stops, or that crawls."""

    began: float = field(default_factory=time.monotonic)

    def left(self, received: int) -> float:
        """Seconds to wait for the next piece."""
        most = _LEAST_SECONDS + received / _LEAST_RATE
        return min(_PIECE_SECONDS, self.began + most - time.monotonic())


@asynccontextmanager
async def read_body(request: Request, *, limit: int, room: Room) -> AsyncIterator[Body]:
    """The body, held in ``room`` until the block ends.

    TooLarge beyond ``limit`` bytes, before or after unzipping; TooSlow where it stops or crawls;
    Unavailable where there is no room; InvalidInput where its sender went away or it is no gzip.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(int(stated), limit)
    with room.share() as share:
        raw = await _received(request, limit, share)
        encoding = request.headers.get("content-encoding", "identity").lower()
        media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if len(raw) <= _SMALL:  # done sooner than it is handed over
            content = _decoded(raw, encoding, limit, share)
        else:
            content = await run_in_threadpool(_decoded, raw, encoding, limit, share)
        yield Body(content, media_type, len(raw))


async def _received(request: Request, limit: int, share: Share) -> bytes:
    pieces: list[bytes] = []
    size, clock, stream = 0, _Clock(), aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(max(0.0, clock.left(size))):
                piece = await anext(stream)
        except StopAsyncIteration:
            return b"".join(pieces)
        except TimeoutError:
            raise TooSlow(
                f"a body must keep arriving, at {_LEAST_RATE} bytes a second or more after "
                f"{_LEAST_SECONDS:.0f} seconds, and this one came to a stop after {size} bytes: "
                "send it again, or smaller batches"
            ) from None
        except ClientDisconnect as error:
            raise InvalidInput("the body must be whole, and its sender went away") from error
        size += len(piece)
        if size > limit:
            raise _too_large(size, limit)
        share.grow(len(piece))
        pieces.append(piece)


def _decoded(content: bytes, encoding: str, limit: int, share: Share) -> bytes:
    if encoding in {"", "identity"}:
        return content
    if encoding != "gzip":
        raise InvalidInput(f"Content-Encoding must be gzip or absent, got {encoding!r}")
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    pieces: list[bytes] = []
    size, left = 0, content
    while not reader.eof:
        try:
            piece = reader.decompress(left, _PIECE)
        except zlib.error as error:
            raise InvalidInput(
                f"the body must be gzip, as its Content-Encoding says: {error}"
            ) from error
        size, left = size + len(piece), reader.unconsumed_tail
        if size > limit:
            raise _too_large(size, limit)
        if not piece and not left and not reader.eof:
            raise InvalidInput(
                "the gzip body must be whole, got one that breaks off: send it again"
            )
        share.grow(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(got: int, limit: int) -> TooLarge:
    return TooLarge(
        f"a body must hold at most {limit} bytes, got {got} or more: send smaller batches"
    )
