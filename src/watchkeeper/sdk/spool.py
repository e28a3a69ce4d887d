"""The spool: rows on disk between the predict path and the network.

A process writes into a folder of its own, under a lock that dies with it::

    <root>/<owner>/lock
    <root>/<owner>/00000001.sealed     lines of `encode.encode_line`, to be sent as they are
    <root>/<owner>/00000002.open       being written

Each row is one ``write`` to the operating system, so it outlives the process by whatever means
that ends (not a loss of power). A sealed segment never changes: its name and its content give the
ids of its batches, so that sending it again, even by another process, is the same batch to the
server. When the spool is full the newest rows are refused, since older ones were promised.

POSIX only: the lock is ``flock``.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Segment", "Spool"]

_SEGMENT_BYTES = 256 * 1024
_OPEN, _SEALED, _LOCK = ".open", ".sealed", "lock"


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed file of rows; ``identity`` is its own for ever."""

    path: Path
    identity: str

    def read(self) -> bytes:
        """Its lines; a last line that was cut off by a crash of the machine is left out."""
        content = self.path.read_bytes()
        return content[: content.rfind(b"\n") + 1]


class Spool:
    """The folder of one process under ``root``, which processes share; OSError where it cannot be
    made. ``max_bytes`` bounds all that lies under the root as this process knows it.
    """

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self.root = root
        self._max_bytes = max_bytes
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._file: int | None = None
        self._written = 0
        self._number = 0
        self._adopted: dict[str, int] = {}
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._used = sum(path.stat().st_size for path in _files(self.root))
        self._owner = uuid.uuid4().hex
        # Others look at folders without a dot, so they never see one before it is locked.
        fresh = self.root / f".{self._owner}"
        fresh.mkdir(mode=0o700)
        held = _lock_folder(fresh)
        if held is None:
            raise OSError(f"{fresh} vanished while it was made")
        self._held = held
        self._folder = fresh.rename(self.root / self._owner)

    def append(self, line: bytes) -> bool:
        """Write one row; False where the spool is full. OSError where the disk refuses."""
        with self._lock:
            if self._used + len(line) > self._max_bytes:
                return False
            if self._file is None:
                self._number += 1
                self._file = os.open(
                    self._name(_OPEN), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
                )
            _write(self._file, line)
            self._written += len(line)
            self._used += len(line)
            if self._written >= _SEGMENT_BYTES:
                self._seal()
        return True

    def seal(self) -> None:
        """Close the segment that is being written, if there is one."""
        with self._lock:
            if self._file is not None:
                self._seal()

    def sealed(self) -> list[Segment]:
        """The segments to send, this process's own first, oldest first."""
        owners = [self._owner, *sorted(self._adopted)]
        return [
            Segment(path, f"{owner}-{path.stem}")
            for owner in owners
            for path in sorted((self.root / owner).glob(f"*{_SEALED}"))
        ]

    def adopt(self) -> None:
        """Take over the folders of processes that are gone."""
        for folder in sorted(self.root.glob("[!.]*")):
            if folder.name == self._owner or folder.name in self._adopted or not folder.is_dir():
                continue
            held = _lock_folder(folder, wait=False)
            if held is None:
                continue
            for path in folder.glob(f"*{_OPEN}"):
                path.rename(path.with_suffix(_SEALED))
            self._adopted[folder.name] = held

    def forget(self, segment: Segment) -> None:
        """Delete a segment that was sent, and the folder of a dead process once it is empty."""
        size = segment.path.stat().st_size
        segment.path.unlink()
        with self._lock:
            self._used = max(0, self._used - size)
        owner = segment.path.parent.name
        if owner in self._adopted and not any(segment.path.parent.glob(f"*{_SEALED}")):
            self._release(segment.path.parent, self._adopted.pop(owner))

    def is_empty(self) -> bool:
        """Whether this process's own rows are all sent."""
        with self._lock:
            return self._file is None and not any(self._folder.glob(f"*{_SEALED}"))

    def close(self) -> None:
        """Seal, and give up the locks; what is left is sent by the next process."""
        self.seal()
        for name, held in self._adopted.items():
            self._release(self.root / name, held)
        self._adopted.clear()
        self._release(self._folder, self._held)

    @contextlib.contextmanager
    def forking(self) -> Iterator[None]:
        """Hold still while the process forks."""
        with self._lock:
            yield

    def restart_in_child(self) -> None:
        """In a forked child: leave the parent's folder alone and make one's own."""
        for held in (self._file, self._held, *self._adopted.values()):
            if held is not None:
                os.close(held)  # the lock itself stays with the parent's descriptor
        self._start()

    def _seal(self) -> None:
        assert self._file is not None  # noqa: S101  the callers hold the lock and looked
        os.close(self._file)
        self._file, self._written = None, 0
        self._name(_OPEN).rename(self._name(_SEALED))

    def _name(self, suffix: str) -> Path:
        return self._folder / f"{self._number:08d}{suffix}"

    def _release(self, folder: Path, held: int) -> None:
        """Give up the lock; where nothing is left to send the folder goes first."""
        if not any(folder.glob("*.*")):
            with contextlib.suppress(OSError):
                (folder / _LOCK).unlink()
                folder.rmdir()
        os.close(held)


def _write(file: int, line: bytes) -> None:
    """All of the line, or OSError with nothing that could be taken for a whole row."""
    written = os.write(file, line)
    if written != len(line):
        os.ftruncate(file, os.fstat(file).st_size - written)
        raise OSError(f"wrote {written} of {len(line)} bytes: the disk is full")


def _lock_folder(folder: Path, *, wait: bool = True) -> int | None:
    """The descriptor that holds the folder's lock; None where another holds it or it is gone."""
    import fcntl  # absent on Windows, where the rest of the package must still load

    try:
        held = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(held)
        return None
    if os.fstat(held).st_nlink == 0:  # its owner finished and removed it meanwhile
        os.close(held)
        return None
    return held


def _files(root: Path) -> Iterator[Path]:
    for suffix in (_OPEN, _SEALED):
        yield from root.glob(f"*/*{suffix}")
