"""Where a lake may lie: folders and object stores, their options, and their files one by one.

Everything goes through the same library as the tables do, so that one set of options opens all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from deltalake.fs import DeltaStorageHandler

from watchkeeper.errors import InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo

__all__ = ["Files", "StoredFile", "is_remote", "store_options"]

_SCHEMES = ("s3", "s3a", "gs", "abfs", "abfss", "az", "azure", "adl")
_CHUNK = 8 * 1024 * 1024
_AT_ONCE = 16  # folders that are listed, each a request


def is_remote(root: str) -> bool:
    """Whether a lake's root is the URI of an object store; InvalidInput for a scheme unknown here.

    >>> is_remote("s3://bucket/lake"), is_remote("/srv/lake")
    (True, False)
    """
    scheme, colon, _ = root.partition("://")
    if not colon:
        return False
    if scheme.lower() not in _SCHEMES:
        raise InvalidInput(
            f"a lake must be a folder or an object store ({', '.join(f'{s}://' for s in _SCHEMES)}), "
            f"got {root!r}: correct WATCHKEEPER_LAKE"
        )
    return True


def store_options(root: str, given: Mapping[str, str] | None) -> dict[str, str] | None:
    """The options with which a root is opened: those given, and what several writers need.

    On ``s3://`` a commit is a conditional put, so that of two writers of one version one fails and
    tries again; stores that know no such puts need another way to lock, which is then to be given.
    """
    options = dict(given or {})
    named = {name.lower() for name in options}
    locks = ("aws_conditional_put", "conditional_put", "aws_s3_locking_provider")
    if is_remote(root) and root.lower().startswith("s3") and not named.intersection(locks):
        options["aws_conditional_put"] = "etag"
    return options or None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file under a root: its path from there, with ``/``; bytes; when it was last written."""

    path: str
    size: int
    modified_at: datetime


class Files:
    """The files under a root: a folder or a URI.

    Paths are relative to the root. What is written is there whole or not at all.
    """

    def __init__(self, root: str | Path, options: Mapping[str, str] | None = None) -> None:
        self.root = str(root)
        self.options = options
        self._local = None if is_remote(self.root) else Path(self.root)
        self._handler = None
        if self._local is None:
            self._handler = DeltaStorageHandler(
                self.root, options=store_options(self.root, options)
            )

    def walk(self, folder: str = "") -> Iterator[StoredFile]:
        """Every file below a folder, in no order; none where there is no such folder."""
        if self._local is not None:
            yield from _walk_folder(self._local, self._local / folder)
            return
        folders = [folder]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while folders:
                found = [item for listed in pool.map(self._listed, folders) for item in listed]
                folders = [item for item in found if isinstance(item, str)]
                yield from (item for item in found if isinstance(item, StoredFile))

    def folders(self, folder: str = "") -> list[str]:
        """The names of the folders in a folder, sorted."""
        if self._local is not None:
            there = self._local / folder
            return sorted(p.name for p in there.iterdir() if p.is_dir()) if there.is_dir() else []
        found = [item for item in self._listed(folder) if isinstance(item, str)]
        return sorted(item.rstrip("/").rpartition("/")[2] for item in found)

    def stat(self, path: str) -> StoredFile | None:
        """One file; None where there is none."""
        if self._local is not None:
            there = self._local / path
            return _stored(self._local, there) if there.is_file() else None
        (info,) = self._remote().get_file_info([path])
        return _told(info) if info.is_file else None

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        found = self.stat(path)
        return None if found is None else found.size

    def open(self, path: str) -> BinaryIO:
        """A file, to be read; NotFound where there is none."""
        try:
            if self._local is not None:
                return (self._local / path).open("rb")
            found: BinaryIO = self._remote().open_input_file(path)
        except FileNotFoundError as error:
            raise NotFound(f"there must be a file {self.root}/{path}, found none") from error
        else:
            return found

    def read(self, path: str) -> bytes:
        """A whole file; NotFound where there is none."""
        with self.open(path) as file:
            return file.read()

    def write(self, path: str, source: BinaryIO) -> None:
        """Write a file from where ``source`` stands to its end; what was there is replaced."""
        if self._local is not None:
            _write_local(self._local / path, source)
            return
        # The library's own stream: its Arrow wrapper takes no bytes.
        stream: BinaryIO = self._remote()._handler.open_output_stream(path)  # type: ignore[assignment]  # noqa: SLF001
        while chunk := source.read(_CHUNK):
            stream.write(bytes(chunk))
        stream.close()

    def delete(self, path: str) -> None:
        """Delete a file; nothing happens where there is none."""
        if self._local is not None:
            (self._local / path).unlink(missing_ok=True)
        elif self.size(path) is not None:
            self._remote().delete_file(path)

    def _remote(self) -> DeltaStorageHandler:
        if self._handler is None:
            raise AssertionError("only asked where the root is no folder")
        return self._handler

    def _listed(self, folder: str) -> list[StoredFile | str]:
        from pyarrow.fs import FileSelector, FileType

        try:
            infos = self._remote().get_file_info_selector(
                FileSelector(folder, allow_not_found=True)
            )
        except OSError as error:
            raise Unavailable(f"{self.root}/{folder} cannot be listed: {error}") from error
        return [item.path if item.type is FileType.Directory else _told(item) for item in infos]


def _told(info: FileInfo) -> StoredFile:
    return StoredFile(info.path, int(info.size), info.mtime.astimezone(UTC))


def _stored(root: Path, path: Path) -> StoredFile:
    told = path.stat()
    moment = datetime.fromtimestamp(told.st_mtime, UTC)
    return StoredFile(path.relative_to(root).as_posix(), told.st_size, moment)


def _walk_folder(root: Path, folder: Path) -> Iterator[StoredFile]:
    if not folder.is_dir():
        return
    for held, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # deleted since it was listed
                yield _stored(root, Path(held) / name)


def _write_local(path: Path, source: BinaryIO) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
