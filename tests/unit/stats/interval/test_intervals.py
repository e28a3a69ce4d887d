"""Closed-form intervals against published values and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.interval.bounded import positive, unit
from watchkeeper.stats.interval.multinomial import multinomial_se
from watchkeeper.stats.interval.newcombe import newcombe
from watchkeeper.stats.interval.normal import normal, quantile
from watchkeeper.stats.interval.wilson import wilson


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_equals_scipys(count, n):
    """For any count the interval equals scipy's, and holds the rate."""
    count = min(count, n)
    expected = binomtest(count, n).proportion_ci(method="wilson")

    low, high = wilson(count, n)

    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0.0 <= low <= count / n <= high <= 1.0


def test_newcombe_gives_the_published_example():
    """56/70 against 48/80 gives (0.0524, 0.3339), Newcombe's own example (a)."""
    assert newcombe((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombe_gives_the_published_extreme_examples(first, second, expected):
    """Newcombe's table II, method 10: (b) 9/10 − 3/10, (g) 10/10 − 0/20, (h) 10/10 − 0/10."""
    assert newcombe(first, second) == pytest.approx(expected, abs=5e-5)


def test_wilson_covers_where_the_normal_interval_does_not():
    """At n = 50 and p = .95 Wilson covers 93 to 97 %."""
    counts = np.random.default_rng(2).binomial(50, 0.95, 20000)
    intervals = [wilson(k, 50) for k in range(51)]

    covered = np.mean([intervals[k][0] <= 0.95 <= intervals[k][1] for k in counts])

    assert 0.93 < covered < 0.97


@given(st.floats(0, 1), st.floats(0, 0.5))
def test_the_unit_interval_stays_inside_and_holds_the_figure(value, se):
    """For any figure in [0, 1] the interval is within [0, 1] around it."""
    low, high = unit(value, se)

    assert 0.0 <= low <= value <= high <= 1.0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_positive_interval_stays_positive_and_holds_the_figure(value, se):
    """For any figure that is not negative the interval is not negative around it."""
    low, high = positive(value, se)

    assert 0.0 <= low <= value <= high < np.inf


def test_a_share_is_the_simplest_multinomial_figure():
    """The delta method gives a share's own standard error."""
    assert multinomial_se(np.array([30.0, 70.0]), np.array([1.0, 0.0])) == pytest.approx(
        np.sqrt(0.3 * 0.7 / 100)
    )


def test_the_normal_interval_is_symmetric():
    """Half its width is the quantile times the standard error."""
    assert normal(2.0, 1.0) == pytest.approx((2.0 - quantile(0.95), 2.0 + quantile(0.95)))


@pytest.mark.parametrize(("count", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_a_rate_that_cannot_be_is_refused(count, n):
    """A rate needs 0 <= count <= n and n > 0."""
    with pytest.raises(InvalidInput):
        wilson(count, n)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_its_range_is_refused(level):
    """A level lies strictly between 0 and 1."""
    with pytest.raises(InvalidInput):
        quantile(level)
