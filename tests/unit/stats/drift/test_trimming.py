"""Reference windows that were broken themselves."""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.drift.trimming import trimmed

_SEASONS = np.arange(56) % 7


def test_a_broken_window_is_left_out():
    """A day on which the column was off by a hundred times its noise does not count."""
    rng = np.random.default_rng(0)
    z, v = rng.normal(0, 0.03, (3, 56, 4)), np.full((3, 56), 1e-3)
    z[1, 20, 0] = 1.5

    left = np.argwhere(np.isinf(trimmed(z, v, _SEASONS))).tolist()

    assert left == [[1, 20]]


def test_windows_that_vary_by_nature_stay():
    """Heavy-tailed variation of every window is natural: nothing is left out."""
    z = np.random.default_rng(1).standard_t(10, (20, 56, 4)) * 0.2

    assert np.isfinite(trimmed(z, np.full((20, 56), 1e-3), _SEASONS)).all()


def test_at_most_a_tenth_is_left_out():
    """A reference of which much is odd is odd by nature."""
    z, v = np.zeros((1, 56, 1)), np.full((1, 56), 1e-4)
    z[0, :20, 0] = np.arange(1, 21)

    assert np.isinf(trimmed(z, v, np.zeros(56, np.int64))).sum() <= 5
