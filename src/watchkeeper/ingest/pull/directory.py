"""Files of this machine, or of a network drive that it has mounted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from watchkeeper.errors import NotFound
from watchkeeper.ingest.pull.arrow_folder import ArrowFolder
from watchkeeper.ingest.pull.files import Listed

__all__ = ["Directory"]


class Directory:
    """A folder; it must be there, because one that is not mounted must not look empty."""

    def __init__(self, path: str) -> None:
        from pyarrow import fs

        self._path = Path(path).expanduser().absolute()
        self._files = ArrowFolder(fs.LocalFileSystem(), str(self._path))

    def list(self) -> list[Listed]:
        """Every file, at any depth; NotFound where there is no such folder."""
        if not self._path.is_dir():
            raise NotFound(f"the folder of a source must exist, got {str(self._path)!r}: mount it")
        return self._files.list()

    def look(self, path: str) -> Listed | None:
        """One file as it is now; None where it is gone."""
        return self._files.look(path)

    def read(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces."""
        return self._files.read(path)
