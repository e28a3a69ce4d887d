"""Which of a client's numbered rows arrived, whatever way they came."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.sending import Sending, SentCounts
from watchkeeper.domain.sequence import (
    MOST_GAPS,
    PATIENCE,
    Charge,
    Seen,
    Stream,
    due_at,
    settle,
    take,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def fresh():
    """A stream of which nothing came yet."""
    return Stream("c", "predictions", NOON, NOON)


def whole(moment):
    """Every moment lies in one window, the day's."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


class Story:
    """Batches that arrive one after another, and what they charge."""

    def __init__(self):
        self.stream, self.charges = fresh(), []

    def batch(self, first, last, *, minute=0, rows=None, **counts):
        """Rows ``first`` to ``last`` arrive, made in the minute that their numbers say."""
        spooled = max(counts.pop("spooled", 0), last or 0)
        closed, horizon = counts.pop("closed", False), counts.pop("horizon", 86_400.0)
        said = Sending(
            "c",
            NOON,
            first,
            last,
            SentCounts(spooled, **counts),
            closed=closed,
            horizon_seconds=horizon,
        )
        times = (None, None) if first is None else (NOON + first * MINUTE, NOON + last * MINUTE)
        seen = Seen(NOON + minute * MINUTE, said.rows if rows is None else rows, *times)
        self.stream, charges = take(self.stream, said, seen)
        self.charges += charges
        return self

    def wait(self, minute):
        """Time passes, and whatever is due is told."""
        self.stream, charges = settle(self.stream, NOON + minute * MINUTE, whole)
        self.charges += charges
        return self

    @property
    def missing(self):
        """The rows that windows are charged with."""
        return sum(charge.missing for charge in self.charges)

    @property
    def holes(self):
        """The numbers that are missing."""
        return [(gap.first, gap.last) for gap in self.stream.gaps]


def test_rows_in_order_leave_no_gap():
    """One number after another: nothing is missing, however long one waits."""
    story = Story().batch(1, 10).batch(11, 30).wait(10_000)

    assert story.holes == []
    assert story.charges == []
    assert due_at(story.stream) is None


def test_a_gap_is_told_when_patience_is_over():
    """A number that is passed over is told ten minutes later, and not a minute before."""
    story = Story().batch(1, 10).batch(15, 20, minute=1)

    assert story.wait(10).missing == 0
    assert story.wait(11).missing == 4
    assert story.wait(12).missing == 4
    assert story.stream.lost == 4


def test_a_gap_that_is_filled_in_time_is_never_told():
    """Batches that come out of order are no gap."""
    story = Story().batch(1, 10).batch(15, 20).batch(11, 14, minute=5).wait(100)

    assert story.charges == []
    assert story.holes == []


def test_what_arrives_after_all_is_taken_back():
    """A told gap that is filled leaves no charge, from the very window that was charged."""
    story = Story().batch(1, 10).batch(15, 20).wait(100).batch(12, 13, minute=101)

    assert story.missing == 2
    assert story.holes == [(11, 11), (14, 14)]
    assert story.batch(11, 14, minute=102).missing == 0
    assert {charge.at for charge in story.charges} == {whole(NOON)}


def test_a_retry_changes_nothing():
    """The same numbers again, whole or in part, are not counted again."""
    story = Story().batch(1, 10).batch(1, 10).batch(4, 6).batch(11, 12).wait(100)

    assert story.stream.highest == 12
    assert story.charges == []


def test_the_end_is_told_once_a_client_has_ended():
    """Of a client that ended, rows that it gave out and never sent are told after ten minutes."""
    story = Story().batch(1, 10, spooled=25, closed=True)

    assert story.wait(9).missing == 0
    assert story.wait(10).missing == 15
    assert story.batch(11, 25, minute=50).missing == 0


def test_the_end_of_a_silent_client_waits_for_its_horizon():
    """A client that only fell silent may send what it kept for as long as it keeps rows."""
    story = Story().batch(1, 10, spooled=25, horizon=3600.0)

    assert due_at(story.stream) == NOON + timedelta(hours=1)
    assert story.wait(59).missing == 0
    assert story.wait(60).missing == 15


def test_a_word_without_rows_counts():
    """A client that says what it gave out, and lost all of it, is believed."""
    story = Story().batch(None, None, spooled=7, closed=True).wait(30)

    assert story.missing == 7


def test_dropped_and_sampled_rows_are_charged_once():
    """Counts only grow: an older word that comes later says nothing new."""
    story = Story().batch(1, 5, dropped=2, sampled=10).batch(11, 15, dropped=6, sampled=30)
    story.batch(6, 10, dropped=4, sampled=20)

    assert sum(charge.dropped for charge in story.charges) == 6
    assert sum(charge.sampled for charge in story.charges) == 30


def test_a_batch_that_lacks_rows_says_so_itself():
    """Numbers for ten rows with eight rows: two are missing, though nobody knows which."""
    story = Story().batch(1, 10, rows=8)

    assert story.missing == 2
    assert story.stream.lost == 2
    assert story.holes == []


def test_a_gap_lies_where_its_neighbours_do():
    """A gap is charged where the row before it was, with the row after it as its other end."""
    story = Story().batch(1, 10).batch(15, 20)

    assert story.stream.gaps[0].since == NOON + 10 * MINUTE
    assert story.stream.gaps[0].until == NOON + 15 * MINUTE


def test_without_a_window_a_gap_stays_untold():
    """Where there is no window to charge the gap waits for one."""
    story = Story().batch(1, 10).batch(15, 20)

    stream, charges = settle(story.stream, NOON + 2 * PATIENCE, lambda _: None)

    assert charges == ()
    assert stream.lost == 0
    assert due_at(stream) is not None


def test_gaps_are_bounded():
    """However a client numbers, what is kept of it is bounded, and no lost row is forgotten."""
    story = Story()
    for number in range(1, 2 * MOST_GAPS + 400, 2):
        story.batch(number, number)
    story.wait(100)

    assert len(story.stream.gaps) == MOST_GAPS
    assert story.missing == story.stream.lost == MOST_GAPS + 199


def test_told_and_untold_parts_of_an_end_stay_apart():
    """An end that grows (another process knew more) is told for what is new alone."""
    story = Story().batch(1, 10, spooled=12, closed=True).wait(20)
    story.batch(None, None, minute=30, spooled=15).wait(50)

    assert story.missing == 5
    assert story.holes == [(11, 12), (13, 15)]


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    st.integers(0, 4),
)
def test_the_order_of_arrival_does_not_matter(sizes, order, lost):
    """Any order, with any repeats, leaves the same gaps and the same charge."""
    ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    batches = [(end - size + 1, end) for size, end in zip(sizes, ends, strict=True)]
    kept = [batch for place, batch in enumerate(batches) if place >= lost or place % 2]
    shuffled = kept + [order.choice(kept) for _ in range(3)] if kept else []
    order.shuffle(shuffled)
    sizes_of_holes = set(range(1, ends[-1] + 1)) - {
        number for first, last in kept for number in range(first, last + 1)
    }

    story = Story()
    for minute, (first, last) in enumerate(shuffled):
        story.batch(first, last, minute=minute).wait(minute)
    story.batch(None, None, minute=60, spooled=ends[-1], closed=True).wait(1000)

    found = {number for first, last in story.holes for number in range(first, last + 1)}
    assert found == sizes_of_holes
    assert story.missing == story.stream.lost == len(sizes_of_holes)


@pytest.mark.parametrize("seed", range(5))
def test_charges_add_up_with_what_is_lost(seed):
    """At any moment the charges sum to the rows that are told as lost."""
    dice = random.Random(seed)
    story = Story()
    for minute in range(200):
        first = dice.randrange(1, 400)
        story.batch(first, first + dice.randrange(12), minute=minute, rows=None)
        if dice.random() < 0.3:
            story.wait(minute)
        assert story.missing == story.stream.lost

    assert replace(story.stream, gaps=()).lost == 0


def test_taking_back_is_charged_where_the_gap_was_told():
    """What is taken back carries the moment that was charged."""
    told = Story().batch(1, 1).batch(5, 5).wait(30)

    _, charges = take(told.stream, Sending("c", NOON, 2, 4), Seen(NOON, 3))

    assert charges == (Charge(whole(NOON), missing=-3),)
