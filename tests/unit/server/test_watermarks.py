"""How late rows come, and what that says of a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from watchkeeper.catalog.database import to_micros
from watchkeeper.catalog.partials import Mark
from watchkeeper.server.watermarks import closing, observed, watermark

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NEW = Mark("m", "inbox", 0, "1.0")


def after(mark, *rows):
    """The mark after (event, receipt) pairs."""
    events, known = (
        np.array([to_micros(moment) for moment in part]) for part in zip(*rows, strict=True)
    )
    return observed(mark, events, known)


def test_rows_on_time_keep_the_watermark_near_the_clock():
    """Rows that come within seconds leave nothing to wait for."""
    mark = after(NEW, *[(NOON + i * MINUTE, NOON + i * MINUTE) for i in range(60)])

    assert NOON - watermark(mark.lateness, NOON) <= timedelta(seconds=1)
    assert mark.latest == NOON + 59 * MINUTE


def test_a_day_sent_at_midnight_is_not_late():
    """Rows that wait for their batch are expected with it: only what it was held back counts."""
    rows = [(NOON + i * HOUR, NOON + 12 * HOUR) for i in range(12)]
    mark = after(NEW, *rows)

    assert NOON - watermark(mark.lateness, NOON) <= timedelta(hours=2)


def test_rows_behind_others_are_late():
    """A row that comes when later ones had come long ago is late by as much."""
    mark = after(NEW, *[(NOON, NOON)] * 10)

    mark = after(mark, *[(NOON - 3 * HOUR, NOON + MINUTE)] * 10)

    assert watermark(mark.lateness, NOON) <= NOON - 3 * HOUR


def test_old_lateness_is_forgotten():
    """What was late long ago counts for less and less."""
    mark = after(NEW, (NOON, NOON))
    mark = after(mark, *[(NOON - DAY, NOON + MINUTE)] * 5_000)
    late = watermark(mark.lateness, NOON)
    for i in range(8):
        moment = NOON + i * HOUR
        mark = after(mark, *[(moment, moment)] * 100_000)

    assert late <= NOON - DAY
    assert watermark(mark.lateness, NOON) > NOON - MINUTE


def test_nothing_observed_leaves_the_clock():
    """Before any row came there is nothing to wait for."""
    assert watermark((), NOON) == NOON


def test_where_a_window_stands():
    """Open until judged, provisional until the watermark has passed, then complete."""
    late = after(NEW, (NOON, NOON + HOUR)).lateness

    def stands(clock, *, judged):
        return closing(NOON, judged=judged, lateness=late, clock=clock).state

    assert stands(NOON + MINUTE, judged=False) == "open"
    assert stands(NOON + MINUTE, judged=True) == "provisional"
    assert stands(NOON + 2 * HOUR, judged=True) == "complete"
