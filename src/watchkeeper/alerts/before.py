"""What was changed shortly before an incident began: candidates for its cause, never more.

That a change came before proves nothing; how long before is told with each, and the reader judges.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from watchkeeper.domain.alert import Incident
from watchkeeper.domain.change import Change

__all__ = ["MOST_TOLD", "changes_before", "in_words", "span_before"]

MOST_TOLD = 5
_SHORTLY = timedelta(days=1)
_WINDOWS = 3


def span_before(incident: Incident, *, window_length: timedelta) -> tuple[datetime, datetime]:
    """Where candidates are looked for: a day, or three windows if they are longer, before the first
    window that fired, and within that window, since nobody knows when in it things went wrong.
    """
    onset = incident.opened_at
    return onset - max(_SHORTLY, _WINDOWS * window_length), onset + window_length


def changes_before(
    incident: Incident, changes: Iterable[Change], *, window_length: timedelta
) -> list[dict[str, object]]:
    """The candidates, the nearest to the onset first, ready for a message.

    What the incident itself brought into the journal is none. At most `MOST_TOLD`.
    """
    start, end = span_before(incident, window_length=window_length)
    own = {f"alert|{alert}" for alert in incident.alerts}
    found = [change for change in changes if start <= change.at < end and change.key not in own]
    found.sort(key=lambda change: (abs(change.at - incident.opened_at), change.key))
    return [
        {
            "at": change.at.isoformat(),
            "kind": str(change.kind),
            "title": change.title,
            "by": change.by,
            "link": change.link,
            "when": in_words(incident.opened_at - change.at),
        }
        for change in found[:MOST_TOLD]
    ]


def in_words(before: timedelta) -> str:
    """How long before the first window that fired.

    >>> in_words(timedelta(hours=26, minutes=5))
    '1 d 2 h before'
    >>> in_words(timedelta(minutes=-5))
    'in the first window that fired'
    """
    minutes = before // timedelta(minutes=1)
    if before <= timedelta(0):
        return "in the first window that fired"
    if not minutes:
        return "less than a minute before"
    hours, days = minutes // 60, minutes // 1_440
    if days:
        rest = hours - 24 * days
        return f"{days} d {rest} h before" if rest else f"{days} d before"
    rest = minutes - 60 * hours
    if hours:
        return f"{hours} h {rest} min before" if rest else f"{hours} h before"
    return f"{minutes} min before"
