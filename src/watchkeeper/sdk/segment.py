"""One file that rows are written into: mapped into memory, or by one ``write`` a row.

Either way the row belongs to the operating system when `put` returns, so it outlives the process
by whatever means that ends. The mapped file costs no system call and does not let go of the
interpreter, for which a busy thread would make the caller wait up to 5 ms; a mapped page that
finds no room on disk would however end the process, so it is used on file systems alone where room
that was reserved is kept (`can_map`), and elsewhere rows are written.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Protocol

from watchkeeper.sdk.frames import MAGIC

__all__ = ["Mapped", "Segment", "Written", "can_map", "open_segment", "write_through"]

_KEEPS_RESERVED_ROOM = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})
_MODE = 0o600


class Segment(Protocol):
    """A file that is being written. ``at`` is how many bytes of it are used."""

    path: Path
    capacity: int
    at: int

    def put(self, data: bytes) -> bool:
        """Append; False where it does not fit. OSError where the disk refuses."""
        ...

    def close(self) -> None:
        """Cut the file to what is used; nothing may be put afterwards."""
        ...

    def abandon(self) -> None:
        """In a forked child: let go of what is the parent's."""
        ...


class Mapped:
    """A file of one size, mapped into memory."""

    __slots__ = ("_map", "at", "capacity", "path")

    def __init__(self, path: Path, capacity: int) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            os.posix_fallocate(file, 0, capacity)
            self._map = mmap.mmap(file, capacity)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        self.path, self.capacity, self.at = path, capacity, 0

    def put(self, data: bytes) -> bool:
        """As `Segment`."""
        size = len(data)
        at = self.at
        end = at + size
        if end > self.capacity:
            return False
        self.at = end  # nothing can come between: what is put meanwhile goes behind it
        self._map[at:end] = data
        return True

    def close(self) -> None:
        """As `Segment`."""
        self._map.close()
        os.truncate(self.path, self.at)

    def abandon(self) -> None:
        """As `Segment`."""
        self._map.close()


class Written:
    """A file that grows with every row."""

    __slots__ = ("_file", "at", "capacity", "path")

    def __init__(self, path: Path, capacity: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, _MODE)
        self.path, self.capacity, self.at = path, capacity, 0

    def put(self, data: bytes) -> bool:
        """As `Segment`."""
        if self.at + len(data) > self.capacity:
            return False
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self.at)
            raise OSError(f"wrote {written} of {len(data)} bytes: the disk is full")
        self.at += written
        return True

    def close(self) -> None:
        """As `Segment`."""
        os.close(self._file)

    def abandon(self) -> None:
        """As `Segment`."""
        os.close(self._file)


def open_segment(path: Path, capacity: int, *, mapped: bool) -> Segment:
    """A new file with its first bytes in place; OSError where the disk refuses."""
    made: Segment = Mapped(path, capacity) if mapped else Written(path, capacity)
    try:
        made.put(MAGIC)
    except BaseException:
        made.abandon()
        path.unlink(missing_ok=True)
        raise
    return made


def can_map(folder: Path) -> bool:
    """Whether reserved room is kept there: on a known file system of a Linux machine."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        device = folder.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        if left.split(" ")[2] == wanted:
            return right.split(" ")[0] in _KEEPS_RESERVED_ROOM
    return False


def write_through(path: Path) -> None:
    """Have the system write a file or a folder to the disk itself; OSError where it cannot."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
