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


def test_a_column_that_is_often_far_out_keeps_all_its_windows():
    """Rain on one day of five is no broken reference, and its worst days are no faults."""
    z, v = np.zeros((1, 56, 1)), np.full((1, 56), 1e-4)
    z[0, ::5, 0] = np.arange(1, 13)

    assert np.isfinite(trimmed(z, v, np.zeros(56, np.int64))).all()
