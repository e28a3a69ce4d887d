"""Baselines: which reference a model's windows are compared against, every revision kept."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import baselines

__all__ = ["Baselines", "StoredBaseline"]


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """One revision of a model's reference.

    ``binnings`` is JSON text, frozen with the reference; the profiles lie in the lake under
    `reference`. ``windows`` counts windows of time, or random blocks where ``timed`` is False.
    """

    model: str
    model_revision: int
    rows: int
    windows: int
    timed: bool
    binnings: str
    created_at: datetime
    created_by: str
    start: datetime | None = None
    end: datetime | None = None
    revision: int = 0

    @property
    def reference(self) -> str:
        """The name of its profiles in the lake."""
        return f"reference-{self.revision}"


class Baselines:
    """The references of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_revision(self, model: str) -> int:
        """The revision that `add` gives next: its profiles are stored under it beforehand."""
        asked = sa.select(sa.func.max(baselines.c.revision)).where(baselines.c.model == model)
        with self._database.read() as connection:
            return (connection.execute(asked).scalar() or 0) + 1

    def add(self, baseline: StoredBaseline) -> StoredBaseline:
        """Make it the current one; its revision 0 becomes the next number."""
        newest = sa.select(sa.func.max(baselines.c.revision)).where(
            baselines.c.model == baseline.model
        )
        with self._database.write() as connection:
            revision = baseline.revision or (connection.execute(newest).scalar() or 0) + 1
            made = replace(baseline, revision=revision)
            values = {item.name: getattr(made, item.name) for item in fields(made)}
            connection.execute(sa.insert(baselines).values(**values))
        return made

    def current(self, model: str) -> StoredBaseline | None:
        """The latest reference of a model; None where none was given yet."""
        asked = (
            sa.select(baselines)
            .where(baselines.c.model == model)
            .order_by(baselines.c.revision.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        return None if row is None else _baseline(row)

    def current_of_all(self) -> dict[str, StoredBaseline]:
        """The latest reference of every model that has one, in one statement."""
        newest = (
            sa.select(baselines.c.model, sa.func.max(baselines.c.revision).label("revision"))
            .group_by(baselines.c.model)
            .subquery()
        )
        asked = sa.select(baselines).join(
            newest,
            (baselines.c.model == newest.c.model) & (baselines.c.revision == newest.c.revision),
        )
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return {row.model: _baseline(row) for row in rows}


def _baseline(row: sa.Row[tuple[object, ...]]) -> StoredBaseline:
    return StoredBaseline(**{item.name: getattr(row, item.name) for item in fields(StoredBaseline)})
