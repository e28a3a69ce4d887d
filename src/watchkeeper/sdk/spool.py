"""The spool: rows on disk between the predict path and the network.

`Spool.append` is what a logged row costs its caller: a frame put into the open segment, under a
lock that nobody holds for longer than that. All else (closing segments, opening the next one ahead
of its use, writing through to the disk) is done by whoever works in the background.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from zlib import crc32

from watchkeeper.sdk.frames import MAGIC, MARK, PRIME, pack
from watchkeeper.sdk.segment import Segment, can_map, open_segment, write_through
from watchkeeper.sdk.shapes import Shape
from watchkeeper.sdk.shelf import DROPPED, READY, WRITING, Ready, Shelf

__all__ = ["Limits", "Spool"]

_LEAST, _SMALLEST, _LARGEST = 16 * 1024, 64 * 1024, 1024 * 1024
_LOCK_SECONDS = 1.0
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait, for how long, whether the oldest rows make room for new ones, and how
    long one row may be.
    """

    most_bytes: int
    most_seconds: float
    drop_oldest: bool = False
    most_row_bytes: int = 512 * 1024


class Spool:
    """The rows of one process that wait under ``root``; OSError where it cannot be made.

    ``at_work`` is called, quickly, whenever a segment is begun: someone must then `seal` and
    `finish` segments in the background, at the latest when ``wake`` is fed.
    """

    def __init__(
        self, root: Path, limits: Limits, *, at_work: Callable[[], None] = lambda: None
    ) -> None:
        self.root = root
        self._limits = limits
        self._longest = limits.most_row_bytes
        self._at_work = at_work
        self._mapped: bool | None = None
        self._start()

    def _start(self) -> None:
        # Fed when there is something to `finish`. An event would do, but for a handler that raises
        # while it is set: its lock, taken in Python, then stays taken.
        self.wake: SimpleQueue[None] = SimpleQueue()
        # Of the open segment, held for microseconds. Whoever holds it may be interrupted by a
        # handler that logs, or by an exception that a handler raises: neither may wait for ever.
        self._lock = threading.RLock()
        self._changing = False
        self._upkeep = threading.Lock()  # of the files; taken before the other one
        self._shelf = Shelf(self.root)
        if self._mapped is None:
            self._mapped = can_map(self._shelf.folder)
        self._others = self._shelf.bytes_of_others()
        self._segment: Segment | None = None
        self._spare: Segment | None = None
        self._filled: list[Segment] = []
        self._own = 0
        self._number = 0
        self._wanted = _SMALLEST
        self._sending: Ready | None = None
        self._synced: set[Path] = set()
        self._synced_to: tuple[Path, int] | None = None
        self._refusal: str | None = None
        self._refused_until = 0.0

    @property
    def client_id(self) -> str:
        """Under which name this process's rows are numbered; new after a fork."""
        return self._shelf.owner

    def append(self, shape: Shape, payload: bytes) -> str | None:
        """Keep one row; where it could not be kept, why. Never raises."""
        size = len(payload)
        if size > self._longest:
            return f"a row must hold at most {self._longest} bytes, got {size}"
        with self._lock:
            segment, stream, refusal = self._segment, shape.stream, None
            number = stream.spooled + 1
            stream.spooled = number  # taken at once: a signal handler may log right here
            # `frames.frame`, here without the call.
            data = pack(MARK, size, crc32(payload, number % PRIME), number) + payload
            try:
                if shape.declared is not segment or not segment.put(data):  # type: ignore[union-attr]  # a shape is never declared in None
                    refusal = self._put_anew(shape, data)
            except OSError as error:
                refusal = self._refuse(f"the spool cannot be written: {error}")
            if refusal is not None and stream.spooled == number:
                stream.spooled = number - 1
        return refusal

    def add(self, frame: bytes) -> bool:
        """Add a frame without a number, where rows are being written; False where none are."""
        with self._lock:
            segment = self._segment
            return segment is not None and segment.at > len(MAGIC) and segment.put(frame)

    def seal(self) -> None:
        """Make what is being written ready to be sent."""
        with self._lock:
            segment = self._segment
            if segment is not None and segment.at > len(MAGIC):
                if segment.at < segment.capacity // 4:
                    self._wanted = max(_SMALLEST, self._wanted // 2)
                self._filled.append(segment)
                self._segment, self._spare = self._spare, None
        self.finish()

    def finish(self) -> None:
        """Close the segments that are full, and open the next one ahead of its use."""
        with self._upkeep:
            if self._shelf.restore():
                self._retire()
            with self._lock:
                filled, self._filled = self._filled, []
                used = self._segment is not None
            for segment in filled:
                with contextlib.suppress(FileNotFoundError):  # the folder was deleted meanwhile
                    self._close(segment)
            if filled or (used and self._spare is None):
                self._open_ahead()

    def ready(self) -> list[Ready]:
        """The files to send, this process's own first, oldest first."""
        with self._upkeep:
            return self._shelf.ready()

    def hold(self, ready: Ready) -> bytes | None:
        """A file's bytes; it is kept from being dropped until the next one is held. None where
        it is gone.
        """
        with self._lock:
            self._sending = ready
        try:
            return ready.path.read_bytes()
        except FileNotFoundError:
            return None

    def forget(self, ready: Ready) -> None:
        """Delete a file that was sent or counted."""
        with self._upkeep:
            with contextlib.suppress(FileNotFoundError):
                self._count_off(ready)
            self._shelf.forget(ready)

    def set_aside(self, ready: Ready) -> None:
        """Leave a file that a later version wrote to one that can read it."""
        with self._upkeep:
            self._shelf.set_aside(ready)

    def adopt(self) -> None:
        """Take over what processes that are gone have left, and give up what is too old."""
        oldest = time.time() - self._limits.most_seconds
        with self._upkeep:
            self._shelf.adopt()
            for ready in self._shelf.ready():
                with contextlib.suppress(FileNotFoundError):
                    if ready.path.stat().st_mtime < oldest:
                        self._discard(ready)
            others = self._shelf.bytes_of_others()
            with self._lock:
                self._others = others

    def discarded(self) -> list[Ready]:
        """Files that were given up, to be counted and forgotten."""
        with self._upkeep:
            return self._shelf.discarded()

    def sync(self) -> None:
        """Write through to the disk what this process wrote. OSError where that fails."""
        with self._lock:
            segment = self._segment
            written = (segment.path, segment.at) if segment is not None else None
        with self._upkeep:
            ready = set(self._ready_of_own())
        paths = ready - self._synced
        if written is not None and written != self._synced_to and written[1] > len(MAGIC):
            paths.add(written[0])
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # sent meanwhile
                write_through(path)
        if paths:
            write_through(self._shelf.folder)
        self._synced, self._synced_to = ready, written

    def is_empty(self) -> bool:
        """Whether this process's own rows are all sent or given up."""
        with self._upkeep:
            with self._lock:
                segment = self._segment
                writing = segment is not None and segment.at > len(MAGIC)
                waiting = writing or bool(self._filled)
            return not waiting and not any(self._ready_of_own())

    def end(self) -> None:
        """Take no more rows."""
        with self._lock:
            self._refusal, self._refused_until = "the client is closed", math.inf
            self._retire()

    def close(self) -> None:
        """Give everything up; what is left is sent by the next process."""
        self.end()
        self.finish()
        with self._upkeep:
            self._shelf.release()

    @contextlib.contextmanager
    def forking(self) -> Iterator[None]:
        """Hold still while the process forks."""
        with contextlib.ExitStack() as stack:
            for lock in (self._upkeep, self._lock):
                if lock.acquire(timeout=_LOCK_SECONDS):
                    stack.callback(lock.release)
            yield

    def restart_in_child(self) -> None:
        """In a forked child: leave the parent's files alone and make one's own. OSError where
        that fails; rows are then refused.
        """
        closed = self._refused_until == math.inf
        for segment in (self._segment, self._spare, *self._filled):
            if segment is not None:
                segment.abandon()
        if closed:
            return
        self._shelf.abandon()
        self._segment = self._spare = None
        self._filled = []
        self._lock, self._upkeep = threading.RLock(), threading.Lock()
        self._refusal, self._refused_until = "no spool after a fork", math.inf
        self._start()

    def _retire(self) -> None:
        with self._lock:
            last = [self._segment, self._spare]
            self._filled += [segment for segment in last if segment is not None]
            self._segment = self._spare = None

    def _put_anew(self, shape: Shape, data: bytes) -> str | None:
        """Put a row where its shape was not declared yet, or where the segment is full."""
        if self._changing:
            return "a signal handler logged while a segment was begun"
        self._changing = True
        try:
            return self._put_declared(shape, data)
        finally:
            self._changing = False

    def _put_declared(self, shape: Shape, data: bytes) -> str | None:
        if self._refusal is not None:
            if time.monotonic() < self._refused_until:
                return self._refusal
            self._refusal = None
        both = shape.declaration + data
        segment = self._segment
        if segment is None or shape.declared is segment or not segment.put(both):
            segment = self._next(len(both) + len(MAGIC))
            if segment is None:
                return self._refuse(
                    f"{self._limits.most_bytes} bytes wait already in {self.root}: is the server up?"
                )
            segment.put(both)
        shape.declared = segment
        return None

    def _next(self, size: int) -> Segment | None:
        """A segment with room for ``size`` bytes; None where the spool is full."""
        if self._segment is not None:
            self._filled.append(self._segment)
            self._segment = None
            self._wanted = min(_LARGEST, self._wanted * 2)
        spare, self._spare = self._spare, None
        if spare is not None and spare.at + size <= spare.capacity:
            self._segment = spare
        else:
            if spare is not None:
                self._filled.append(spare)
            self._segment = self._opened(size)
        self._at_work()
        self.wake.put(None)
        return self._segment

    def _opened(self, size: int) -> Segment | None:
        free = self._limits.most_bytes - self._own - self._others
        while free < size and self._limits.drop_oldest:
            freed = self._drop_one()
            if freed == 0:
                break
            free += freed
        capacity = min(max(self._wanted, size), free)
        if capacity < size:
            return None
        self._number += 1
        path = self._shelf.path(self._number, WRITING)
        try:
            made = open_segment(path, capacity, mapped=bool(self._mapped))
        except OSError:  # a disk that is nearly full may have room for less
            self._wanted, capacity = _SMALLEST, min(capacity, max(_LEAST, size))
            made = open_segment(path, capacity, mapped=bool(self._mapped))
        self._own += capacity
        return made

    def _drop_one(self) -> int:
        """Give up the oldest file that is not being sent; the bytes that this frees."""
        for ready in self._shelf.ready(own_first=False):
            if ready != self._sending:
                with contextlib.suppress(FileNotFoundError):
                    size = ready.path.stat().st_size
                    self._discard(ready, locked=True)
                    return size
        return 0

    def _discard(self, ready: Ready, *, locked: bool = False) -> None:
        with contextlib.nullcontext() if locked else self._lock:
            if ready != self._sending:
                self._count_off(ready, locked=True)
                self._shelf.discard(ready)
                self.wake.put(None)

    def _count_off(self, ready: Ready, *, locked: bool = False) -> None:
        size = ready.path.stat().st_size
        with contextlib.nullcontext() if locked else self._lock:
            if ready.path.suffix == DROPPED:
                return
            if ready.owner == self.client_id:
                self._own -= size
            else:
                self._others -= size

    def _open_ahead(self) -> None:
        """Have the next segment open before it is needed, while there is room."""
        with self._lock:
            if self._spare is not None or self._refusal is not None:
                return
            if self._limits.most_bytes - self._own - self._others < self._wanted:
                return
            self._number += 1
            self._own += self._wanted
            number, capacity = self._number, self._wanted
        try:
            path = self._shelf.path(number, WRITING)
            spare = open_segment(path, capacity, mapped=bool(self._mapped))
        except OSError:
            with self._lock:  # the next row finds out, and says so
                self._own -= capacity
            return
        if not self._keep_spare(spare):
            self._close(spare)

    def _keep_spare(self, spare: Segment) -> bool:
        with self._lock:
            wanted = self._spare is None and self._refusal is None
            if wanted:
                self._spare = spare
        return wanted

    def _close(self, segment: Segment) -> None:
        kept = 0
        try:
            segment.close()
            if segment.at > len(MAGIC):
                segment.path.rename(segment.path.with_suffix(READY))
                kept = segment.at
            else:
                segment.path.unlink()
        finally:
            with self._lock:
                self._own -= segment.capacity - kept

    def _refuse(self, why: str) -> str:
        """Refuse rows for a while: asking a full disk again for every row would cost too much."""
        self._refusal, self._refused_until = why, time.monotonic() + _RETRY_SECONDS
        return why

    def _ready_of_own(self) -> Iterator[Path]:
        return (ready.path for ready in self._shelf.ready() if ready.owner == self.client_id)
