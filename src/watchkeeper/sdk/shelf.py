"""The files of a spool at rest, in folders of which each belongs to one life of one process.

::

    <root>/<owner>/lock               held while the owner lives
    <root>/<owner>/00000001.ready     complete, to be sent as it is
    <root>/<owner>/00000002.dropped   given up, to be counted and deleted
    <root>/<owner>/00000003.writing   being written
    <root>/<owner>/00000004.later     written by a later version, left to it

A file that is ready never changes: its owner and number name its batches, so that sending it again,
even by another process, is the same batch to the server. Files ``.open`` and ``.sealed`` were
written by the version before, and are sent as they are.

POSIX only: the lock is ``flock``.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DROPPED", "READY", "WRITING", "Ready", "Shelf"]

WRITING, READY, DROPPED, LATER = ".writing", ".ready", ".dropped", ".later"
LOCK = "lock"
_OLD_WRITING, _OLD_READY = ".open", ".sealed"
_ADOPTED_AS = ((_OLD_WRITING, _OLD_READY), (WRITING, READY), (LATER, READY))


@dataclass(frozen=True, slots=True)
class Ready:
    """A file of rows to send; ``owner`` is the client that wrote it."""

    path: Path
    owner: str

    @property
    def identity(self) -> str:
        """Its own for ever."""
        return f"{self.owner}-{self.path.stem}"


class Shelf:
    """The folders under ``root``, which processes share; one is this process's own.

    OSError where it cannot be made. Not safe for threads: the spool holds a lock.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.owner = uuid.uuid4().hex
        self._adopted: dict[str, int] = {}
        self.folder = root / self.owner
        self._held = self._made()

    def _made(self) -> int:
        """Make the folder, and give the descriptor that holds its lock."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Others look at folders without a dot, so they never see one before it is locked.
        fresh = self.root / f".{self.owner}"
        fresh.mkdir(mode=0o700)
        held = _lock_folder(fresh)
        if held is None:
            raise OSError(f"{fresh} vanished while it was made")
        fresh.rename(self.folder)
        return held

    def restore(self) -> bool:
        """Make the folder again where someone deleted it; what was in it is lost."""
        if self.folder.exists():
            return False
        os.close(self._held)
        self._held = self._made()
        return True

    def path(self, number: int, suffix: str) -> Path:
        """Where this process's file of that number is."""
        return self.folder / f"{number:08d}{suffix}"

    def ready(self, *, own_first: bool = True) -> list[Ready]:
        """The files to send, each owner's oldest first."""
        owners = [self.owner, *sorted(self._adopted)]
        return [
            Ready(path, owner)
            for owner in (owners if own_first else reversed(owners))
            for suffix in (_OLD_READY, READY)
            for path in sorted((self.root / owner).glob(f"*{suffix}"))
        ]

    def discard(self, ready: Ready) -> None:
        """Give a file up; it is deleted once it is counted."""
        with contextlib.suppress(FileNotFoundError):
            ready.path.rename(ready.path.with_suffix(DROPPED))

    def set_aside(self, ready: Ready) -> None:
        """Leave a file to a later version, which adopts it with its folder."""
        ready.path.rename(ready.path.with_suffix(LATER))

    def discarded(self) -> list[Ready]:
        """The files that were given up."""
        owners = (self.owner, *self._adopted)
        return [
            Ready(path, owner)
            for owner in owners
            for path in sorted((self.root / owner).glob(f"*{DROPPED}"))
        ]

    def forget(self, ready: Ready) -> None:
        """Delete a file, and the folder of a dead process once it is empty."""
        ready.path.unlink(missing_ok=True)
        if ready.owner in self._adopted and not any(ready.path.parent.glob("*.*")):
            _release(ready.path.parent, self._adopted.pop(ready.owner))

    def adopt(self) -> None:
        """Take over the folders of processes that are gone."""
        for folder in sorted(self.root.glob("[!.]*")):
            if folder.name == self.owner or folder.name in self._adopted or not folder.is_dir():
                continue
            held = _lock_folder(folder, wait=False)
            if held is None:
                continue
            for was, becomes in _ADOPTED_AS:
                for path in folder.glob(f"*{was}"):
                    path.rename(path.with_suffix(becomes))
            self._adopted[folder.name] = held
            if not any(folder.glob("*.*")):
                _release(folder, self._adopted.pop(folder.name))

    def bytes_of_others(self) -> int:
        """How much the other folders hold; other processes make and delete them meanwhile."""
        others = (folder for folder in self.root.glob("*") if folder != self.folder)
        return sum(size for folder in others for size in _sizes(folder))

    def release(self) -> None:
        """Give up the locks; what is left is sent by the next process."""
        for name, held in self._adopted.items():
            _release(self.root / name, held)
        self._adopted.clear()
        _release(self.folder, self._held)

    def abandon(self) -> None:
        """In a forked child: close what is the parent's; the locks stay with the parent."""
        for held in (self._held, *self._adopted.values()):
            os.close(held)


def _release(folder: Path, held: int) -> None:
    """Give up the lock; where nothing is left to send the folder goes first."""
    if not any(folder.glob("*.*")):
        with contextlib.suppress(OSError):
            (folder / LOCK).unlink()
            folder.rmdir()
    os.close(held)


def _lock_folder(folder: Path, *, wait: bool = True) -> int | None:
    """The descriptor that holds the folder's lock; None where another holds it or it is gone."""
    import fcntl  # absent on Windows, where the rest of the package must still load

    try:
        held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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


def _sizes(folder: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):  # the folder is gone, or has another name
        for path in folder.glob("*.*"):
            with contextlib.suppress(OSError):
                yield path.stat().st_size
