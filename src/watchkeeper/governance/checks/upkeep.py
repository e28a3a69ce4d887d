"""Upkeep is done: small files are merged, old ones go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from watchkeeper.catalog.chores import Chores
from watchkeeper.governance.checks.finding import Finding, Health, Subject

__all__ = ["upkeep"]

_LATE = timedelta(days=2)


def upkeep(subject: Subject) -> Iterator[Finding]:
    """While the server runs every daily chore was done within two days."""
    known = Chores(subject.installation.records).all()
    late = sorted(
        f"{key.task} of {key.model}/{key.name}"
        for key, chore in known.items()
        if key.task in ("order", "vacuum", "retain")
        and key.model in subject.models
        and (chore.done_at is None or subject.now - chore.done_at > _LATE)
    )
    if late and subject.serving:
        yield Finding(
            "upkeep",
            Health.WARN,
            f"{len(late):,} chores were not done for two days, such as {late[0]}",
            "see the server's log for `upkeep failed`; it waits while many rows come",
        )
    else:
        yield Finding("upkeep", Health.OK, f"{len(known):,} chores are recorded, none is late")
