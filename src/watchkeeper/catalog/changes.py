"""The journal of changes: what was done when, of all models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into, to_micros
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.schema import changes
from watchkeeper.domain.change import Change, ChangeKind

__all__ = ["Changes"]

_FIELDS = tuple(item.name for item in fields(Change))


class Changes:
    """The journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, found: Iterable[Change]) -> int:
        """Note changes; returns how many were new. One whose key is there already stays as it is."""
        rows = [{name: getattr(item, name) for name in _FIELDS} for item in found]
        if not rows:
            return 0
        with self._database.write() as connection:
            insert = insert_into(connection, changes)
            keep = insert.on_conflict_do_nothing(index_elements=["key"]).returning(changes.c.key)
            return sum(len(connection.execute(keep.values(**row)).all()) for row in rows)

    def page(
        self,
        *,
        model: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Change]:
        """Changes in ``[start, end)``, the latest first: of every model, or those that ``model``
        may feel.
        """
        before = read_cursor(cursor, 2)
        at = sa.type_coerce(changes.c.at, sa.BigInteger)
        asked = sa.select(changes)
        if model is not None:
            asked = asked.where((changes.c.model == model) | changes.c.model.is_(None))
        if start is not None:
            asked = asked.where(changes.c.at >= start)
        if end is not None:
            asked = asked.where(changes.c.at < end)
        if before is not None:
            asked = asked.where(
                (at < before[0]) | ((at == before[0]) & (changes.c.key < before[1]))
            )
        asked = asked.order_by(at.desc(), changes.c.key.desc()).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return page_of(rows, limit, build=_change, place=lambda row: (to_micros(row.at), row.key))

    def latest(self, model: str | None, *, prefix: str, until: datetime) -> Change | None:
        """The last of a model's changes (None: of those without a model) up to a moment whose key
        begins so.
        """
        of = changes.c.model.is_(None) if model is None else changes.c.model == model
        asked = (
            sa.select(changes)
            .where(of, changes.c.key.startswith(prefix, autoescape=True), changes.c.at <= until)
            .order_by(changes.c.at.desc(), changes.c.key.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        return None if row is None else _change(row)

    def get(self, key: str) -> Change | None:
        """The change of that key."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(changes).where(changes.c.key == key)).first()
        return None if row is None else _change(row)


def _change(row: sa.Row[tuple[object, ...]]) -> Change:
    told = {name: getattr(row, name) for name in _FIELDS}
    return Change(**{**told, "kind": ChangeKind(row.kind)})
