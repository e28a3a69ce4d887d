"""An installation as it was at a point of a backup, in an empty place.

Every file is checked against its checksum as it is written. The records come last: a restore that
was cut short leaves no installation behind, and is gone on with by repeating it.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.snapshots import copy_records
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.governance.backup import LOGS
from watchkeeper.governance.points import FILES, Kept, Point, copied
from watchkeeper.lake.stores import Files

__all__ = ["Target", "restore"]

_UNFINISHED = "restore.unfinished"
_RECORDS = ("catalog.db", "inbox.db")
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Target:
    """Where an installation is to be: its home folder, its lake, and its database; None: files in
    the home folder.
    """

    home: Path
    lake: Files
    database_url: str | None = None


def restore(backup: Files, point: Point, target: Target) -> None:
    """Write everything of a point into an empty place.

    Raises
    ------
    Conflict
        Where the place holds something that this restore did not write.
    InvalidInput
        Where a file is not what was backed up.
    """
    _claim(backup, point, target)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda item: _copy(backup, target.lake, *item), point.data_files().items()))
    with tempfile.TemporaryDirectory(dir=target.home, prefix=".restore-") as name:
        folder = Files(name)
        for path, kept in point.records.items():
            _fetch(backup, f"{point.folder}/{path}", folder, path, kept)
        _unpack_logs(Path(name) / LOGS, target.lake)
        _place_records(Path(name), point, target)
    (target.home / _UNFINISHED).unlink()


def _claim(backup: Files, point: Point, target: Target) -> None:
    """Mark the place as ours; Conflict where it is somebody else's."""
    target.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker = target.home / _UNFINISHED
    told = json.dumps({"backup": backup.root, "point": point.name, "lake": target.lake.root})
    if marker.exists() and marker.read_text(encoding="utf-8") == told:
        return
    if any(target.home.iterdir()):
        raise Conflict(f"a restore needs an empty folder, {target.home} is not: choose another")
    if next(iter(target.lake.walk()), None) is not None:
        raise Conflict(f"a restore needs an empty lake, {target.lake.root} is not: choose another")
    marker.write_text(told, encoding="utf-8")


def _copy(backup: Files, lake: Files, path: str, kept: Kept) -> None:
    _fetch(backup, f"{FILES}/{path}", lake, path, kept)


def _fetch(backup: Files, source: str, target: Files, path: str, kept: Kept) -> None:
    with backup.open(source) as opened:
        found = copied(opened, target, path)
    if found != kept:
        target.delete(path)
        raise InvalidInput(
            f"{backup.root}/{source} must be as it was written (SHA-256 {kept.sha256[:16]}…), it is "
            "not: choose another point with --as-of, or another copy of the backup"
        )


def _unpack_logs(archive: Path, lake: Files) -> None:
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            with packed.open(name) as source:
                lake.write(name, source)  # type: ignore[arg-type]  # read from, as any file


def _place_records(folder: Path, point: Point, target: Target) -> None:
    own = [name for name in point.records if name not in (LOGS, *_RECORDS)]
    if target.database_url is None:
        own += reversed(_RECORDS)
    else:
        with _database(target.database_url) as database:
            records, inbox = (folder / name for name in _RECORDS)
            copy_records(records, inbox, (database, database))
    for name in own:
        (folder / name).chmod(0o600)
        (folder / name).replace(target.home / name)


@contextmanager
def _database(url: str) -> Iterator[Database]:
    opened = Database(url)
    try:
        yield opened
    finally:
        opened.close()
