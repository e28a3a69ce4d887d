"""The machine: who may read the home folder, is there room, what time is it."""

from __future__ import annotations

import io
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from watchkeeper.catalog.chores import Chores
from watchkeeper.governance.checks.finding import Finding, Health, Subject
from watchkeeper.lake.stores import is_remote

__all__ = ["clock", "disk", "permissions"]

_GIB = 1024**3
_FULL, _TIGHT, _TIGHT_SHARE = _GIB, 5 * _GIB, 0.05
_SKEWED, _WRONG = timedelta(seconds=5), timedelta(seconds=60)


def permissions(subject: Subject) -> Iterator[Finding]:
    """The home folder is its owner's alone, and can be written to."""
    home = subject.settings.home
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding(
            "permissions",
            Health.FAIL,
            f"{home} cannot be written to",
            "give it to the server's user",
        )
        return
    wrong = [path for path in (home, home / "admin.key") if path.exists() and _is_open(path)]
    for path in wrong:
        yield Finding(
            "permissions",
            Health.WARN,
            f"{path} can be reached by other users of this machine",
            "chmod go= it",
            partial(_close, path),
        )
    if not wrong:
        yield Finding("permissions", Health.OK, f"{home} is its owner's alone")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _close(path: Path) -> str:
    path.chmod(path.stat().st_mode & stat.S_IRWXU)
    return f"{path} is its owner's alone now"


def disk(subject: Subject) -> Iterator[Finding]:
    """There is room for what is to come."""
    root = subject.installation.lake.root
    places = {subject.settings.home}
    if not is_remote(root) and Path(root).exists():
        places.add(Path(root))
    seen = set()
    for place in sorted(places):
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free, total = shutil.disk_usage(place).free, shutil.disk_usage(place).total
        health = Health.OK
        if free < _TIGHT and free < _TIGHT_SHARE * total:
            health = Health.WARN
        if free < _FULL:
            health = Health.FAIL
        yield Finding(
            "disk",
            health,
            f"{free / _GIB:,.1f} GiB free of {total / _GIB:,.1f} where {place} lies",
            "" if health is Health.OK else "make room, or keep rows for less long (retention)",
        )


def clock(subject: Subject) -> Iterator[Finding]:
    """Our clock agrees with those of the database and the store, and with the past."""
    told = [
        ("the database", _database_time(subject)),
        ("the object store", _store_time(subject)),
    ]
    for name, moment in told:
        if moment is not None:
            off = abs(moment - subject.now)
            health = Health.FAIL if off > _WRONG else Health.WARN if off > _SKEWED else Health.OK
            yield Finding(
                "clock",
                health,
                f"{name} and this machine are {off.total_seconds():,.1f} s apart",
                "" if health is Health.OK else "let both follow a time server (NTP)",
            )
    latest = _latest_chore(subject)
    if latest is not None and latest > subject.now + _WRONG:
        yield Finding(
            "clock",
            Health.FAIL,
            f"work was recorded at {latest.isoformat()}, which is still to come",
            "the clock was set back: correct it, or what is due daily waits until then",
        )
    else:
        yield Finding("clock", Health.OK, "nothing is recorded of a time to come")


def _database_time(subject: Subject) -> datetime | None:
    database = subject.installation.records
    if database.is_sqlite:
        return None
    with database.read() as connection:
        found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found


def _store_time(subject: Subject) -> datetime | None:
    """When an object store says that a file was written now."""
    lake = subject.installation.lake
    if not is_remote(lake.root):
        return None
    files, name = lake.files(), f"watchkeeper-clock-{uuid.uuid4().hex}"
    files.write(name, io.BytesIO(b"x"))
    try:
        written = files.stat(name)
        return None if written is None else written.modified_at
    finally:
        files.delete(name)


def _latest_chore(subject: Subject) -> datetime | None:
    found = Chores(subject.installation.records).all().values()
    return max((chore.done_at for chore in found if chore.done_at), default=None)
