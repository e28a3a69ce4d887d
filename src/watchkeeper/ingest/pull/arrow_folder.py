"""A folder of any file system that Arrow knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow import fs

from watchkeeper.errors import Unavailable
from watchkeeper.ingest.pull.files import Listed

__all__ = ["ArrowFolder"]

_PIECE = 2**20


class ArrowFolder:
    """The files below a path of an Arrow file system."""

    def __init__(self, system: fs.FileSystem, base: str) -> None:
        self._system = system
        self._base = base.rstrip("/")

    def list(self) -> list[Listed]:
        """Every file, at any depth."""
        with _answers(self._base):
            found = self._system.get_file_info(
                fs.FileSelector(self._base, recursive=True, allow_not_found=True)
            )
        return [self._listed(info) for info in found if info.type is fs.FileType.File]

    def look(self, path: str) -> Listed | None:
        """One file as it is now; None where it is gone."""
        with _answers(self._base):
            (info,) = self._system.get_file_info([f"{self._base}/{path}"])
        return self._listed(info) if info.type is fs.FileType.File else None

    def read(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces; FileNotFoundError where it is gone."""
        with _answers(self._base):
            stream = self._system.open_input_stream(f"{self._base}/{path}", compression=None)
        with stream, _answers(self._base):
            while piece := stream.read(_PIECE):
                yield piece

    def _listed(self, info: fs.FileInfo) -> Listed:
        path = info.path.removeprefix(self._base).lstrip("/")
        return Listed(path, info.size or 0, info.mtime_ns or 0)


@contextmanager
def _answers(base: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(f"the files below {base!r} cannot be reached: {error}") from error
