"""What people said of incidents: one answer a person and incident, the latest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import feedback, incidents
from watchkeeper.domain.feedback import Feedback, Worth

__all__ = ["FeedbackStore"]


class FeedbackStore:
    """The feedback on all incidents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, given: Feedback) -> None:
        """Keep what was said, in place of what the same person said before."""
        keys = {"incident": given.incident, "by": given.by}
        told = {"worth": given.worth.value, "at": given.at, "note": given.note}
        with self._database.write() as connection:
            insert = insert_into(connection, feedback).values(**keys, **told)
            connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=told))

    def of(self, incident_id: str) -> tuple[Feedback, ...]:
        """What was said of one incident, oldest first."""
        asked = (
            sa.select(feedback)
            .where(feedback.c.incident == incident_id)
            .order_by(feedback.c.at, feedback.c.by)
        )
        with self._database.read() as connection:
            return tuple(_feedback(row) for row in connection.execute(asked))

    def latest(
        self, *, model: str | None = None, since: datetime | None = None
    ) -> Mapping[str, Feedback]:
        """The last word on each incident that has one, by the incident's id: of every model or of
        one, of incidents that opened at ``since`` or later.
        """
        asked = sa.select(feedback).join(incidents, incidents.c.id == feedback.c.incident)
        if model is not None:
            asked = asked.where(incidents.c.model == model)
        if since is not None:
            asked = asked.where(incidents.c.opened_at >= since)
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(feedback.c.at, feedback.c.by)).all()
        return {row.incident: _feedback(row) for row in rows}


def _feedback(row: sa.Row[tuple[object, ...]]) -> Feedback:
    return Feedback(row.incident, row.by, Worth(row.worth), row.at, row.note)
