"""`watchkeeper doctor`: whether an installation is whole, and what mends it.

Works on records and lake themselves, whether or not the server runs.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from watchkeeper.catalog.schema import claims, documents
from watchkeeper.errors import WatchkeeperError
from watchkeeper.governance.backup import Installation
from watchkeeper.governance.checks.counts import counts, ids, profiles
from watchkeeper.governance.checks.finding import Check, Finding, Health, Subject
from watchkeeper.governance.checks.machine import clock, disk, permissions
from watchkeeper.governance.checks.records import databases, leftovers, migrations, positions
from watchkeeper.governance.checks.tables import tables
from watchkeeper.governance.checks.upkeep import upkeep
from watchkeeper.settings import Settings

__all__ = ["CHECKS", "examine", "mend"]

# The first ones must hold before the others can look.
_FIRST: tuple[tuple[str, Check], ...] = (
    ("permissions", permissions),
    ("disk", disk),
    ("databases", databases),
    ("migrations", migrations),
)
_THEN: tuple[tuple[str, Check], ...] = (
    ("clock", clock),
    ("upkeep", upkeep),
    ("inbox", leftovers),
    ("positions", positions),
    ("tables", tables),
    ("counts", counts),
    ("profiles", profiles),
    ("ids", ids),
)
CHECKS = tuple(name for name, _ in (*_FIRST, *_THEN))


def examine(settings: Settings, *, now: datetime, deep: bool = False) -> list[Finding]:
    """Every finding, the good ones included, in the order in which things build on each other;
    ``deep`` reads every file of the lake.

    NotFound where there is no installation. A check that fails itself is a finding.
    """
    installation = Installation.open(settings)
    try:
        subject = Subject(settings, installation, now, is_served(settings.home), deep)
        found = _run(_FIRST, subject)
        if any(item.health is Health.FAIL for item in found if item.check != "disk"):
            more = Finding(
                "records", Health.WARN, "lake and records were not compared: mend the above"
            )
            return [*found, more]
        return found + _run(_THEN, replace(subject, models=_models(installation)))
    finally:
        installation.close()


def mend(findings: Sequence[Finding]) -> list[str]:
    """Repair what can be repaired without losing anything; returns what was done, in words."""
    done = []
    for finding in findings:
        if finding.repair is not None and finding.health is not Health.OK:
            try:
                done.append(finding.repair())
            except (WatchkeeperError, OSError) as error:
                done.append(f"{finding.check} could not be mended: {error}")
    return done


def is_served(home: Path) -> bool:
    """Whether a server of this machine holds the home folder."""
    try:
        with (home / "serve.lock").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _run(checks: Sequence[tuple[str, Check]], subject: Subject) -> list[Finding]:
    found: list[Finding] = []
    for name, check in checks:
        found += _guarded(name, lambda check=check: list(check(subject)))  # type: ignore[misc]  # bound at once
    return found


def _guarded(name: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except Exception as error:  # noqa: BLE001  damaged files raise anything: that is a finding
        return [Finding(name, Health.FAIL, f"this could not be looked at: {error}")]


def _models(installation: Installation) -> tuple[str, ...]:
    named = sa.select(documents.c.name).where(documents.c.kind == "Model").distinct()
    with installation.records.read() as connection:
        found = set(connection.execute(named).scalars())
    with installation.inbox.read() as connection:
        found |= set(connection.execute(sa.select(claims.c.model)).scalars())
    return tuple(sorted(found))
