"""New files of a folder or an object store, each once.

A file is known by its path, size, time of change and content. It is read when it has not changed
for a while, out of a copy, so that what is read is what its content says; files whose name begins
with ``.`` or ``_``, or ends as unfinished ones do, are left alone until they are renamed. A file
that cannot be read goes to quarantine with the reason, and the others go on. What was read of a
file before a crash is known, and not read again.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from watchkeeper.catalog.source_files import FileState, KnownFile, SourceFiles
from watchkeeper.catalog.source_ledger import SourceCounts
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.ingest.pull.door import Door, Rows
from watchkeeper.ingest.pull.puller import Pulled
from watchkeeper.ingest.pull.reading import ENDINGS, How, read_rows
from watchkeeper.ingest.reasons import Reason

__all__ = ["FilePuller", "Folder", "Listed"]

_log = logging.getLogger(__name__)
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".inprogress", ".swp", "~")
_PIECE = 2**20
_NAME_LENGTH = 32
_TICK = 2_000_000_000  # stores tell times of change to the second
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing shows it: its path below the folder, bytes, nanoseconds since 1970."""

    path: str
    size: int
    stamp: int


class Folder(Protocol):
    """Where files lie."""

    def list(self) -> list[Listed]:
        """Every file, at any depth."""
        ...

    def look(self, path: str) -> Listed | None:
        """One file as it is now; None where it is gone."""
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces."""
        ...


@dataclass(slots=True)
class FilePuller:
    """Looks for new files, and takes one in each step."""

    door: Door
    folder: Folder
    files: SourceFiles
    scratch: Path  # where copies are read from
    settle: float
    poll: float
    seconds: Callable[[], float] = time.monotonic
    _due: list[Listed] = field(default_factory=list)
    _seen: dict[str, tuple[Listed, float]] = field(default_factory=dict)
    _look_at: float = float("-inf")

    def step(self) -> Pulled:
        """Take the file that has waited longest, or look for new ones where none waits."""
        if not self._due:
            now = self.seconds()
            if now < self._look_at:
                return Pulled(rest=min(1.0, self._look_at - now), lag=len(self._seen))
            self._due = self._settled(self._new(), now)
            self._look_at = now + self.poll
        if not self._due:
            return Pulled(lag=len(self._seen))
        taken = self._take(self._due[0])
        done = self._due.pop(0)
        self._seen.pop(done.path, None)
        return Pulled(events=int(taken), lag=len(self._seen))

    def close(self) -> None:
        """Nothing is held open."""

    def _new(self) -> list[Listed]:
        """The files that are not known as they are now, the oldest first."""
        pattern = self.door.source.text("pattern", "*")
        listed = [file for file in self.folder.list() if _is_rows(file.path, pattern)]
        known = self.files.known(self.door.source.name, [file.path for file in listed])
        return sorted(
            (file for file in listed if not _is_done(file, known.get(file.path), self._now())),
            key=lambda file: (file.stamp, file.path),
        )

    def _settled(self, new: list[Listed], now: float) -> list[Listed]:
        """Those that have looked the same for long enough."""
        before, self._seen = self._seen, {}
        due = []
        for file in new:
            held = before.get(file.path)
            since = held[1] if held is not None and held[0] == file else now
            self._seen[file.path] = (file, since)
            if now - since >= self.settle:
                due.append(file)
        return due

    def _take(self, file: Listed) -> bool:
        """Take a file's rows; False where it is to be looked at again."""
        with self._copy(file) as copied:
            if copied is None:
                return False  # it changed or went away meanwhile: the next look will tell
            copy, content = copied
            name = self.door.source.name
            known = self.files.known(name, [file.path]).get(file.path)
            if known is not None and known.content == content:
                known = replace(known, size=file.size, stamp=file.stamp)
                if known.state is not FileState.TAKING:
                    self._save(known, detail=known.detail)  # touched, not changed
                    return True
            elif self._refuses(file, known, content) or self._is_repeated(file, content):
                return True
            else:
                known = self._known(file, content, FileState.TAKING)
            self._read(copy, known)
            return True

    def _refuses(self, file: Listed, known: KnownFile | None, content: str) -> bool:
        """Whether a file that was taken has changed and must not be read again."""
        taken = known is not None and known.state in (FileState.TAKEN, FileState.TAKING)
        if not taken or self.door.source.text("changed", "refuse") == "read":
            return False
        detail = (
            f"a file must not change once it was taken, and {file.path!r} did: write new rows to "
            "a new file, or set `changed: read` on the source"
        )
        self._refuse(file, content, Reason.CHANGED_FILE, detail)
        return True

    def _is_repeated(self, file: Listed, content: str) -> bool:
        other = self.files.same(self.door.source.name, content)
        if other is None:
            return False
        _log.info(
            "file holds what another held source=%s path=%s", self.door.source.name, file.path
        )
        detail = f"its content was taken as {other!r}"
        self._save(self._known(file, content, FileState.REPEATED), detail=detail)
        return True

    def _read(self, copy: Path, known: KnownFile) -> None:
        source = self.door.source
        how = How(self.door.model(), source.columns, source.texts("null_values"))
        try:
            for part, rows in enumerate(read_rows(copy, known.path, how)):
                if part < known.parts or len(rows) == 0:
                    continue
                received = self._take_part(rows, part, known)
                known = replace(known, parts=part + 1, rows=known.rows + received)
                self._save(known)
        except InvalidInput as error:
            file = Listed(known.path, known.size, known.stamp)
            self._refuse(file, known.content, Reason.UNREADABLE, str(error), rows=known.rows)
            return
        self._save(replace(known, state=FileState.TAKEN))

    def _take_part(self, rows: Rows, part: int, known: KnownFile) -> int:
        """Make a part durable; how many rows it has. A part is known by its name, even where the
        definition changed since and its rows would be read otherwise now.
        """
        batch = _batch(known.content, str(part))
        seen = SourceCounts(events=1 if part == 0 else 0)
        try:
            return self.door.take(rows, batch=batch, seen=seen).received
        except Conflict:
            before = self.door.receipt(batch)
            if before is None:
                raise
            return before.received

    def _refuse(
        self, file: Listed, content: str, reason: Reason, detail: str, *, rows: int = 0
    ) -> None:
        _log.warning("file refused source=%s %s", self.door.source.name, detail)
        self.door.refuse(
            reason,
            detail,
            {"file": file.path, "bytes": file.size},
            batch=_batch(content, f"refused-{_digest(file.path)}"),
        )
        known = self._known(file, content, FileState.REFUSED)
        self._save(replace(known, rows=rows), detail=detail)

    def _now(self) -> int:
        return _nanoseconds(self.door.now())

    def _known(self, file: Listed, content: str, state: FileState) -> KnownFile:
        now = self.door.now()
        return KnownFile(file.path, file.size, file.stamp, content, state, 0, 0, None, now)

    def _save(self, known: KnownFile, *, detail: str | None = None) -> None:
        self.files.save(self.door.source.name, replace(known, detail=detail, at=self.door.now()))

    @contextmanager
    def _copy(self, file: Listed) -> Iterator[tuple[Path, str] | None]:
        """A copy and the SHA-256 of its bytes; None where it is not the file that was listed."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self.scratch, prefix="pull-") as copy:
            try:
                for piece in self.folder.read(file.path):
                    copy.write(piece)
                    digest.update(piece)
                    size += len(piece)
            except FileNotFoundError:
                yield None
                return
            copy.flush()
            whole = size == file.size and self.folder.look(file.path) == file
            yield (Path(copy.name), digest.hexdigest()) if whole else None


def _is_rows(path: str, pattern: str) -> bool:
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts) or path.endswith(_UNFINISHED):
        return False
    return path.lower().endswith(tuple(ENDINGS)) and fnmatchcase(path, pattern)


def _is_done(file: Listed, known: KnownFile | None, now: int) -> bool:
    """Whether a file is known as it is now. One that was read as soon as it was written is looked
    at once more: another of its size may have taken its place within the same tick of the store.
    """
    if known is None or known.state is FileState.TAKING:
        return False
    if (known.size, known.stamp) != (file.size, file.stamp):
        return False
    settled = file.stamp + _TICK
    return now < settled or _nanoseconds(known.at) >= settled


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _batch(content: str, part: str) -> str:
    return f"file-{content[:_NAME_LENGTH]}-{part}"


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:12]
