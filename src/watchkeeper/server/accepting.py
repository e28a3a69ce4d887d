"""Accepting a change: what an incident told of becomes what is normal.

The reference is kept for every column that the incident is not about; for those that it is about,
the windows since it opened take the place of the reference's. No row is read again: the profiles
are there, counted on the same grid. The reference before stays stored, and the verdicts that were
made with it stay what they were.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.errors import Conflict
from watchkeeper.lake.lake import Lake
from watchkeeper.profiles.codec import decode
from watchkeeper.server.models import Models
from watchkeeper.server.references import References

__all__ = ["Accepting", "rebased"]

_FEWEST_WINDOWS = 14


@dataclass(frozen=True, slots=True)
class Accepting:
    """Makes a new baseline of an old one and of the windows since a change."""

    catalog: Catalog
    lake: Lake
    models: Models
    references: References

    def accept(
        self, incident: Incident, alerts: Sequence[Alert], *, by: str, now: datetime
    ) -> None:
        """Take the change in; Conflict while it is younger than 14 windows, which is too short
        to tell what is normal now, and where the model has no reference.
        """
        model = self.models.get(incident.model).model
        reference = self.references.current(model)
        if reference is None:
            raise Conflict(
                f"model {model.name!r} has no reference that a change could be accepted into"
            )
        rows = self.lake.profiles(model.name, _since(incident, alerts), now)
        changed = [part for part in decode(rows) if part.rows]
        windows = {part.window for part in changed}
        if len(windows) < _FEWEST_WINDOWS:
            raise Conflict(
                f"a change is accepted after {_FEWEST_WINDOWS} windows, and this one has "
                f"{len(windows)} since {_since(incident, alerts):%Y-%m-%d %H:%M} UTC: "
                "resolve it, or wait"
            )
        columns = {alert.column for alert in alerts if alert.column is not None}
        whole = any(alert.column is None for alert in alerts)
        parts = rebased(reference.profiles, changed, columns=columns, figures=whole)
        self.references.replace(reference.baseline, parts, by=by)


def rebased(
    reference: Sequence[WindowProfile],
    changed: Sequence[WindowProfile],
    *,
    columns: Collection[str],
    figures: bool,
) -> list[WindowProfile]:
    """The reference without the changed columns, and the changed windows with them alone.

    ``figures`` says that performance or service changed: these are then taken from the changed
    windows too.
    """
    kept = [
        replace(
            part,
            columns={name: held for name, held in part.columns.items() if name not in columns},
            performance=None if figures else part.performance,
            service=None if figures else part.service,
        )
        for part in reference
    ]
    taken = [
        replace(
            part,
            columns={name: held for name, held in part.columns.items() if name in columns},
            performance=part.performance if figures else None,
            service=part.service if figures else None,
            complete=False,  # its number of rows is not what was accepted
        )
        for part in changed
    ]
    return sorted(
        [*kept, *taken],
        key=lambda part: (part.window is not None, part.window or changed[0].window),
    )


def _since(incident: Incident, alerts: Sequence[Alert]) -> datetime:
    """When the change began: the first window that fired."""
    fired = [tick.start for alert in alerts for tick in alert.recent if tick.fired]
    return min([incident.opened_at, *fired])
