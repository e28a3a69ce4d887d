"""Where lines go: standard error, or a file that others may move away or empty at any time.

A line is one write of its own, so that lines of several processes never run into each other.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Lines"]


class Lines(logging.Handler):
    """Writes each event as a line. ``path`` None: to standard error.

    A file is opened anew as soon as another one, or none, stands in its place: whoever rotates logs
    just moves it. Where a line cannot be written, the event is lost, and never the program.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path
        self._descriptor: int | None = None
        self._file: tuple[int, int] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            descriptor = 2 if self._path is None else self._opened(self._path)
            while line:
                line = line[os.write(descriptor, line) :]
        except Exception:  # noqa: BLE001  logging must not break what it tells of
            self._forget()

    def close(self) -> None:
        """Close the file."""
        self._forget()
        super().close()

    def _opened(self, path: Path) -> int:
        if self._descriptor is not None:
            try:
                found = path.stat()
            except OSError:
                found = None
            if found is not None and (found.st_dev, found.st_ino) == self._file:
                return self._descriptor
            self._forget()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o640)
        held = os.fstat(self._descriptor)
        self._file = (held.st_dev, held.st_ino)
        return self._descriptor

    def _forget(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor, self._file = None, None
