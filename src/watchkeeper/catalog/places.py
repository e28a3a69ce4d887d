"""Which window a moment belongs to, and windows that are to be judged anew."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import from_micros
from watchkeeper.catalog.schema import moves, windows

__all__ = ["Places", "hold", "touch"]


def hold(connection: sa.Connection, model: str) -> None:
    """Wait until no move of the model is being recorded, and let none begin before the transaction
    ends: whoever changes accounts or clients beside a move would else wait for it, and it for them.
    """
    connection.execute(sa.select(moves.c.number).where(moves.c.model == model).with_for_update())


class Places:
    """Which window of a model a moment is charged to: the one that holds it, else the last before
    it, else the first after it; None where the model has no window.
    """

    def __init__(self, connection: sa.Connection, model: str) -> None:
        self._connection = connection
        self._model = model
        self._known: dict[datetime, datetime | None] = {}

    def of(self, moment: datetime) -> datetime | None:
        """The start of that window."""
        if moment not in self._known:
            own = windows.c.model == self._model
            before = sa.select(sa.func.max(sa.type_coerce(windows.c.start, sa.BigInteger))).where(
                own, windows.c.start <= moment
            )
            after = sa.select(sa.func.min(sa.type_coerce(windows.c.start, sa.BigInteger))).where(
                own
            )
            found = self._connection.execute(before).scalar()
            if found is None:
                found = self._connection.execute(after).scalar()
            self._known[moment] = None if found is None else from_micros(found)
        return self._known[moment]


def touch(connection: sa.Connection, model: str, start: datetime, *, known_at: datetime) -> None:
    """Mark the window that begins at ``start``: something of it came to be known."""
    later = sa.literal(known_at, windows.c.known_at.type)
    connection.execute(
        sa.update(windows)
        .where(windows.c.model == model, windows.c.start == start)
        .values(
            changed=windows.c.changed + 1,
            known_at=sa.case((windows.c.known_at > known_at, windows.c.known_at), else_=later),
        )
    )
