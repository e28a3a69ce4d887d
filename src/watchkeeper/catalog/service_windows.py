"""How models answered by what their own servers count: one text for each window, source and model.

What comes again for a window takes the place of what was there, and the window is judged anew.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import service_windows, windows
from watchkeeper.domain.window import Window

__all__ = ["ServiceWindows"]


class ServiceWindows:
    """The windows of all models that a source told of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, model: str, window: Window, *, source: str, body: str, known_at: datetime
    ) -> None:
        """Keep what a source told of a window, and mark the window, which is made where it is new."""
        place = {"model": model, "start": window.start, "end": window.end}
        told = {"body": body, "known_at": known_at}
        with self._database.write() as connection:
            change = insert_into(connection, service_windows).values(**place, source=source, **told)
            keys = [column.name for column in service_windows.primary_key]
            connection.execute(change.on_conflict_do_update(index_elements=keys, set_=told))
            held = windows.c
            mark = insert_into(connection, windows).values(
                **place, changed=1, known_at=known_at, first_known_at=known_at
            )
            later = sa.literal(known_at, held.known_at.type)
            connection.execute(
                mark.on_conflict_do_update(
                    index_elements=[column.name for column in windows.primary_key],
                    set_={
                        "changed": held.changed + 1,
                        "known_at": sa.case((held.known_at > known_at, held.known_at), else_=later),
                    },
                )
            )

    def of(self, model: str, window: Window, *, known_at: datetime) -> str | None:
        """What was told of a window by a moment: of several sources, what was told last."""
        held = service_windows.c
        asked = (
            sa.select(held.body)
            .where(
                held.model == model,
                held.start == window.start,
                held.end == window.end,
                held.known_at <= known_at,
            )
            .order_by(held.known_at.desc(), held.source)
            .limit(1)
        )
        with self._database.read() as connection:
            found = connection.execute(asked).scalar()
        return None if found is None else str(found)

    def last(self, model: str, source: str) -> datetime | None:
        """The start of the last window that a source told of; None where it never did."""
        held = service_windows.c
        asked = (
            sa.select(held.start)
            .where(held.model == model, held.source == source)
            .order_by(held.start.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            found: datetime | None = connection.execute(asked).scalar()
        return found

    def let_go(self, model: str, before: datetime) -> int:
        """Delete what was told of windows that ended before a moment; returns of how many."""
        held = service_windows.c
        gone = sa.delete(service_windows).where(held.model == model, held.end < before)
        with self._database.write() as connection:
            return int(connection.execute(gone).rowcount)
