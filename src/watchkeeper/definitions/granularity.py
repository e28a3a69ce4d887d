"""Choosing the length of windows for a table, or that it is better judged as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidInput

__all__ = ["Span", "choose"]

_ROWS = 200
_WINDOWS = 8
_FEWEST_WINDOWS = 4
_MOST_WINDOWS = 1_500
_DAY, _HOUR, _WEEK = (Granularity.parse(text) for text in ("1d", "1h", "1w"))


@dataclass(frozen=True, slots=True)
class Span:
    """The event times of a table: the first, the last (both aware), and how many rows have one."""

    start: datetime
    end: datetime
    rows: int

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end < self.start:
            raise InvalidInput(f"a span needs aware times in order, got {self.start} to {self.end}")

    def windows(self, granularity: Granularity) -> float:
        """How many windows the span fills (at least one is begun)."""
        return max(1.0, (self.end - self.start) / granularity.length)

    def rows_per_window(self, granularity: Granularity) -> float:
        """Rows in a window, on average over the span."""
        return self.rows / self.windows(granularity)


def choose(reference: Span | None, current: Span | None = None) -> Granularity | None:
    """Choose the windows in which ``current`` is judged against ``reference``.

    Parameters
    ----------
    reference, current
        When their rows happened; None where that is not known (no time column, no rows).
        ``current`` may be left out where only a reference is at hand.

    Returns
    -------
    Granularity or None
        None: the tables are compared as a whole, as one test.

    Notes
    -----
    A window must hold some 200 rows, in the reference and in the current table, or its figures
    are mostly noise: a thousand rows over a month are one test, not thirty of 33 rows. And there
    must be enough windows of the reference to learn how much a quiet window varies: eight, or
    failing that four (not of weeks: a month cut in four says less than the month). Below that
    the natural variation cannot be told from a change, and one test over everything says more.

    Days come first: a person reads and acts by the day, and a day holds a whole turn of the
    daily season. Hours are taken only where the reference is too short for days (less than four
    of them), weeks where days are too thin, or would be more than 1,500. A current table that is
    shorter than a window is one window.

    >>> from datetime import UTC
    >>> month = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 31, tzinfo=UTC)
    >>> str(choose(Span(*month, 60_000))), choose(Span(*month, 1_000))
    ('1d', None)
    """
    if reference is None or (current is not None and not current.rows):
        return None
    for fewest in (_WINDOWS, _FEWEST_WINDOWS):
        for granularity in (_DAY, _HOUR, _WEEK):
            if not _considered(reference, granularity, fewest):
                continue
            if _fits(reference, granularity, fewest) and _holds_enough(current, granularity):
                return granularity
    return None


def _considered(reference: Span, granularity: Granularity, fewest: int) -> bool:
    if granularity is _HOUR:
        return reference.end - reference.start < _FEWEST_WINDOWS * timedelta(days=1)
    return granularity is _DAY or fewest == _WINDOWS


def _fits(reference: Span, granularity: Granularity, fewest: int) -> bool:
    windows = reference.windows(granularity)
    return fewest <= windows <= _MOST_WINDOWS and reference.rows_per_window(granularity) >= _ROWS


def _holds_enough(current: Span | None, granularity: Granularity) -> bool:
    return current is None or current.rows_per_window(granularity) >= _ROWS
