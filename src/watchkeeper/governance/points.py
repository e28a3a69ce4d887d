"""What a backup holds: points in time, each a manifest of files with their checksums.

::

    <backup>/points/<moment>/manifest.json     written last: a point without it is none
    <backup>/points/<moment>/{catalog,inbox}.db, logs.zip, admin.key
    <backup>/files/<model>/<table>/…           data files of the lake, each once for all points

Data files never change once written, so a point names those that earlier ones brought.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.lake.stores import Files

__all__ = [
    "FILES",
    "Kept",
    "Point",
    "PointTable",
    "copied",
    "list_points",
    "point_at",
    "read_point",
    "write_point",
]

FILES = "files"
_POINTS, _MANIFEST = "points", "manifest.json"
_FORMAT = 1
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_STAMP = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a backup: its bytes, and the SHA-256 of what it holds."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PointTable:
    """One table of the lake at a point: its folder, its version and that version's data files."""

    folder: str
    version: int
    files: Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class Point:
    """Everything of one moment: ``records`` are the files that lie beside the manifest."""

    taken_at: datetime
    code: str
    identity: str
    records: Mapping[str, Kept]
    tables: Sequence[PointTable]

    @property
    def name(self) -> str:
        """The folder's name, which sorts by time."""
        return self.taken_at.astimezone(UTC).strftime(_STAMP)

    @property
    def folder(self) -> str:
        """Where it lies in the backup."""
        return f"{_POINTS}/{self.name}"

    def data_files(self) -> dict[str, Kept]:
        """Every data file that it needs, by its path in the lake."""
        return {
            f"{table.folder}/{path}": kept
            for table in self.tables
            for path, kept in table.files.items()
        }


def list_points(backup: Files) -> list[datetime]:
    """The moments of the whole points, oldest first."""
    names = [name for name in backup.folders(_POINTS) if _NAME.fullmatch(name)]
    whole = [name for name in names if backup.size(f"{_POINTS}/{name}/{_MANIFEST}") is not None]
    return [datetime.strptime(name, _STAMP).replace(tzinfo=UTC) for name in sorted(whole)]


def point_at(backup: Files, moment: datetime | None = None) -> Point:
    """The latest point, or the latest at or before a moment; NotFound where there is none."""
    points = list_points(backup)
    found = [point for point in points if moment is None or point <= moment]
    if not found:
        held = f"its first is of {points[0].isoformat()}" if points else "it holds none"
        raise NotFound(
            f"{backup.root} must hold a point"
            f"{'' if moment is None else f' at or before {moment.isoformat()}'}, {held}"
        )
    return read_point(backup, found[-1])


def read_point(backup: Files, moment: datetime) -> Point:
    """One point; InvalidInput where its manifest is not one, or of a newer program."""
    path = f"{_POINTS}/{moment.astimezone(UTC).strftime(_STAMP)}/{_MANIFEST}"
    try:
        told = json.loads(backup.read(path))
        version = told.pop("format")
    except (ValueError, KeyError, AttributeError) as error:
        raise InvalidInput(
            f"{backup.root}/{path} must be a manifest of ours, it cannot be read: {error}; choose "
            "another point with --as-of"
        ) from error
    if version != _FORMAT:
        raise InvalidInput(
            f"{backup.root}/{path} must be of format {_FORMAT}, got {version}: restore it with the "
            "version that wrote it"
        )
    return Point(
        taken_at=datetime.fromisoformat(told["taken_at"]),
        code=told["code"],
        identity=told["identity"],
        records=_kept(told["records"]),
        tables=[PointTable(t["folder"], t["version"], _kept(t["files"])) for t in told["tables"]],
    )


def write_point(backup: Files, point: Point) -> None:
    """Write the manifest: from now on the point is there."""
    told = {"format": _FORMAT, **asdict(point), "taken_at": point.taken_at.isoformat()}
    backup.write(f"{point.folder}/{_MANIFEST}", io.BytesIO(json.dumps(told).encode()))


def copied(source: BinaryIO, target: Files, path: str) -> Kept:
    """Write what a stream still holds to a file; returns what was written."""
    reader = _Counted(source)
    target.write(path, reader)  # type: ignore[arg-type]  # only read from
    return Kept(reader.size, reader.digest.hexdigest())


class _Counted:
    """A stream that says in the end how much was read from it, and its checksum."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._source.read(size)
        self.digest.update(chunk)
        self.size += len(chunk)
        return chunk


def _kept(told: Mapping[str, Mapping[str, object]]) -> dict[str, Kept]:
    return {path: Kept(int(str(f["size"])), str(f["sha256"])) for path, f in told.items()}
