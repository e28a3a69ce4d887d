"""How far a clock is ahead, from one-way differences alone."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.clock_offset import clock_offset


def test_no_message_says_nothing():
    """Without a difference there is no figure."""
    assert clock_offset([], longest=300.0).value is None


def test_one_message_leaves_the_longest_delay_open():
    """A single difference may be all delay."""
    found = clock_offset([7.0], longest=300.0)

    assert (found.low, found.high, found.n) == (-7.0, 293.0, 1)


def test_the_interval_is_that_of_robson_and_whitlock():
    """At 95 % it reaches nineteen times the distance of the two smallest beyond the smallest."""
    found = clock_offset([5.0, 2.0, 2.5], longest=300.0)

    assert (found.value, found.low) == (-2.0, -2.0)
    assert found.high == pytest.approx(-2.0 + 19 * 0.5)


@pytest.mark.parametrize("shape", ["exponential", "uniform"])
def test_the_interval_holds_the_offset_as_often_as_it_says(shape):
    """Of 4,000 clocks at least 95 % less chance lie in their interval, and none below it."""
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(4_000):
        truth = random.normal(0, 100)
        delays = getattr(random, shape)(size=12)
        found = clock_offset(delays - truth, longest=300.0)
        assert truth >= found.low
        inside += truth <= found.high

    assert inside / 4_000 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 4_000)
