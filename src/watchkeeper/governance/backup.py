"""A backup of an installation while it works: records and lake as of one moment.

Records and inbox are read in one snapshot; the version of each table of the lake is the last one
that no later claim of the inbox has reached. What waits in the inbox is moved anew after a restore,
under the same claims, which the tables know: so no row is lost and none is doubled.

A backup can be killed at any moment: its point is there when its manifest is, and nothing that an
earlier point needs is ever written again.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.snapshots import Frozen, frozen
from watchkeeper.errors import NotFound, WatchkeeperError
from watchkeeper.governance.points import (
    FILES,
    Kept,
    Point,
    PointTable,
    copied,
    list_points,
    read_point,
    write_point,
)
from watchkeeper.ingest.mover import writer_of
from watchkeeper.lake.delta import open_delta
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.lake.log import commit_version, read_log
from watchkeeper.lake.stores import Files
from watchkeeper.settings import Settings

__all__ = ["LOGS", "Installation", "Taken", "checksum", "prune", "take_backup", "verify"]

LOGS = "logs.zip"
_AT_ONCE = 8
_LEFT_BEHIND = timedelta(days=1)  # a backup that runs now may still need what is younger


@dataclass(frozen=True, slots=True)
class Installation:
    """What is backed up: databases, lake, and the files of the home folder that are kept."""

    records: Database
    inbox: Database
    lake: Lake
    own_files: Sequence[Path] = ()

    @classmethod
    def open(cls, settings: Settings) -> Installation:
        """The installation that the settings name; NotFound where there is none."""
        missing = settings.home / "catalog.db"
        if not settings.database_url and not missing.exists():
            raise NotFound(
                f"there must be an installation in {settings.home}, found no {missing.name}: name "
                "its folder with --home or WATCHKEEPER_HOME"
            )
        records = Database(settings.catalog_url)
        inbox = records if settings.database_url else Database(settings.inbox_url)
        lake = Lake(settings.lake_root, settings.storage_options())
        return cls(records, inbox, lake, (settings.home / "admin.key",))

    def close(self) -> None:
        """Close every connection."""
        for database in {self.records, self.inbox}:
            database.close()


@dataclass(frozen=True, slots=True)
class Taken:
    """A point that was made: how many data files it has, how many were copied now, their bytes."""

    point: Point
    files: int
    copied: int
    bytes: int


def take_backup(installation: Installation, backup: Files, *, now: datetime, code: str) -> Taken:
    """Add a point to a backup; only data files that no earlier point brought are copied."""
    known = _known_files(backup)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-backup-") as folder:
        with frozen(installation.records, installation.inbox) as held:
            pinned = list(_pinned(installation.lake, held))
            records, inbox = Path(folder, "catalog.db"), Path(folder, "inbox.db")
            held.save(records, inbox)
        logs = Path(folder, LOGS)
        _pack_logs(installation.lake.files(), pinned, logs)
        tables, fresh = _copy_tables(installation.lake.files(), backup, pinned, known)
        point = Point(now, code, held.identity, {}, tables)
        own = [path for path in installation.own_files if path.is_file()]
        kept = {path.name: _put(backup, point, path) for path in (records, inbox, logs, *own)}
    point = Point(now, code, held.identity, kept, tables)
    write_point(backup, point)
    return Taken(point, len(point.data_files()), len(fresh), sum(fresh))


def prune(backup: Files, *, keep: int, now: datetime) -> int:
    """Delete all points but the latest ``keep``, and files that none of these needs; returns how
    many points. Of a point the manifest goes first, so that no half of one is left to be restored.
    """
    points = list_points(backup)
    for moment in points[:-keep]:
        point = read_point(backup, moment)
        backup.delete(f"{point.folder}/manifest.json")
    kept = [read_point(backup, moment) for moment in points[-keep:]]
    needed = {f"{FILES}/{path}" for point in kept for path in point.data_files()}
    folders = tuple(f"{point.folder}/" for point in kept)
    for item in list(backup.walk()):
        unknown = item.path not in needed and not item.path.startswith(folders)
        if unknown and now - item.modified_at > _LEFT_BEHIND:
            backup.delete(item.path)
    return len(points[:-keep])


def verify(backup: Files, point: Point) -> list[str]:
    """Read every file of a point anew; returns what is wrong, a sentence a file."""
    wanted = {f"{FILES}/{path}": kept for path, kept in point.data_files().items()}
    wanted |= {f"{point.folder}/{name}": kept for name, kept in point.records.items()}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda item: _fault(backup, *item), wanted.items())
    return [fault for fault in found if fault is not None]


def checksum(files: Files, path: str) -> Kept:
    """What a file holds: its bytes, and their checksum."""
    digest, size = hashlib.sha256(), 0
    with files.open(path) as source:
        while chunk := source.read(8 * 1024 * 1024):
            digest.update(chunk)
            size += len(chunk)
    return Kept(size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class _Pinned:
    """One table at the version that the point holds."""

    folder: str
    version: int
    sizes: dict[str, int]


def _known_files(backup: Files) -> dict[str, Kept]:
    points = list_points(backup)
    return read_point(backup, points[-1]).data_files() if points else {}


def _pinned(lake: Lake, held: Frozen) -> Iterator[_Pinned]:
    for model in held.models:
        for table in LakeTable:
            version = _version_at(lake, model, table, held)
            if version is None:
                continue
            opened = open_delta(
                table_uri(lake.root, model, table), version, storage_options=lake.options
            )
            files = pa.table(opened.get_add_actions(flatten=True))
            sizes = dict(
                zip(files["path"].to_pylist(), files["size_bytes"].to_pylist(), strict=True)
            )
            yield _Pinned(table_uri("", model, table).lstrip("/"), version, sizes)


def _version_at(lake: Lake, model: str, table: LakeTable, held: Frozen) -> int | None:
    """The latest version that holds no claim which was made after the records were read."""
    uri = table_uri(lake.root, model, table)
    try:
        opened = open_delta(uri, storage_options=lake.options)
    except NotFound:
        return None
    latest = int(opened.version())
    for version in range(latest, -1, -1):
        if version < latest:
            opened = open_delta(uri, version, storage_options=lake.options)
        reached = opened.transaction_version(writer_of(held.identity))
        if reached is None or reached <= held.claimed.get(model, 0):
            return version
    return None


def _pack_logs(lake: Files, pinned: Sequence[_Pinned], archive: Path) -> None:
    """The part of each log that its version is read from: the last checkpoint and what follows."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for table in pinned:
            log = read_log(Files(f"{lake.root}/{table.folder}", lake.options))
            start = max((v for v in log.checkpoints if v <= table.version), default=0)
            for path in sorted(log.sizes):
                version = commit_version(path)
                if version is not None and start <= version <= table.version:
                    whole = f"{table.folder}/{path}"
                    packed.writestr(whole, lake.read(whole))


def _copy_tables(
    lake: Files, backup: Files, pinned: Sequence[_Pinned], known: dict[str, Kept]
) -> tuple[list[PointTable], list[int]]:
    """The tables as the manifest names them, and the bytes of each file that was copied."""
    fresh: list[int] = []

    def keep(path: str, size: int) -> Kept:
        there = known.get(path)
        if there is not None and there.size == size == backup.size(f"{FILES}/{path}"):
            return there
        with lake.open(path) as source:
            kept = copied(source, backup, f"{FILES}/{path}")
        if kept.size != size:
            raise WatchkeeperError(
                f"{lake.root}/{path} must hold {size} bytes as its table says, it holds "
                f"{kept.size}: run `watchkeeper doctor`"
            )
        fresh.append(size)
        return kept

    tables = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for table in pinned:
            paths = {path: f"{table.folder}/{path}" for path in table.sizes}
            kept = pool.map(keep, paths.values(), table.sizes.values())
            files = dict(zip(paths, kept, strict=True))
            tables.append(PointTable(table.folder, table.version, files))
    return tables, fresh


def _put(backup: Files, point: Point, path: Path) -> Kept:
    with path.open("rb") as source:
        return copied(source, backup, f"{point.folder}/{path.name}")


def _fault(backup: Files, path: str, kept: Kept) -> str | None:
    try:
        found = checksum(backup, path)
    except (NotFound, OSError) as error:
        return f"{path} cannot be read: {error}"
    return None if found == kept else f"{path} is not what was written"
