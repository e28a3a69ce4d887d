"""When a window is judged, and with what was known when.

A window is judged first a little after it closed, with what was known at that moment: the grace
lets rows arrive that were on their way. When more comes to be known (late labels, late rows) it is
judged again at the next full hour, with what was known at that hour; so at most once an hour.

The moments follow from the windows and the receive times alone, never from when the worker looks:
a worker that was away judges as one that never was, and a replay of the past as the past itself.
They are moments of the model's clock: the wall's, or in a backfill the latest ``known_at``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.window import Window

__all__ = ["Look", "full_hour", "is_aligned", "looks", "next_look"]

_LATE_GRACE = timedelta(seconds=10)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Look:
    """A window is to be judged with what was known at ``as_of``; ``stored`` is the window as it
    will stand by then.
    """

    stored: StoredWindow
    as_of: datetime

    @property
    def window(self) -> Window:
        """The window that is looked at."""
        return self.stored.window


def next_look(stored: StoredWindow) -> datetime:
    """When a window that has something new is judged. One whose first rows came after it should
    have been judged (history that was sent late) is judged a moment after they came: a long file
    is sent in many batches, and a window that lies in two of them is one all the same.
    """
    if stored.judged_at is None:
        on_time, came = stored.window.due, stored.first_known_at or stored.known_at
        return on_time if came <= on_time else came + _LATE_GRACE
    later = stored.judged_at + timedelta(microseconds=1)
    return max(full_hour(stored.known_at), full_hour(later))


def looks(stored: StoredWindow, now: datetime) -> Iterator[Look]:
    """Every look at a dirty window that has come before ``now``, oldest first.

    Strictly before: at that moment itself more may still come to be known.
    """
    while (as_of := next_look(stored)) < now:
        yield Look(stored, as_of)
        if stored.known_at <= as_of:
            return
        stored = replace(stored, judged_at=as_of, profile_revision=stored.profile_revision + 1)


def full_hour(moment: datetime) -> datetime:
    """The first full hour at or after a moment."""
    begun = moment.replace(minute=0, second=0, microsecond=0)
    return begun if begun == moment else begun + _HOUR


def is_aligned(window: Window, moment: datetime) -> bool:
    """Whether a look as of a moment is one of those that are known beforehand: the first of a
    window whose rows came on time, or one at a full hour after it.
    """
    return moment == window.due or (moment > window.due and full_hour(moment) == moment)
