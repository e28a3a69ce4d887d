"""Small windows of lumpy columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from watchkeeper.stats.drift.lumpy import excess, simulated_tempering
from watchkeeper.stats.drift.smooth import smooth_basis
from watchkeeper.stats.drift.tempering import Tempering

_SPIKE = np.append(9000.0, np.full(60, 1000 / 60))


def test_the_excess_is_that_of_simulated_windows():
    """The variance of |Z|² in multinomial windows is 2J(1 + excess − 1/n), to a few percent."""
    basis, n = smooth_basis(_SPIKE), 60
    z = np.random.default_rng(0).multinomial(n, _SPIKE / _SPIKE.sum(), 40_000) @ basis.T / n**0.5

    actual = (z**2).sum(axis=1).var() / (2 * len(basis))

    assert actual == pytest.approx(1.0 + excess(basis, _SPIKE, n), rel=0.1)


def test_a_continuous_column_is_left_alone():
    """64 equal bins and 30 values are normal enough."""
    counts = np.full(64, 100.0)

    assert simulated_tempering(smooth_basis(counts), counts, 30) == Tempering()


def test_a_spike_s_small_windows_are_no_longer_called_drift():
    """The p-values of 60 values are far too small before, and about right after."""
    basis, n = smooth_basis(_SPIKE), 60
    z = np.random.default_rng(1).multinomial(n, _SPIKE / _SPIKE.sum(), 20_000) @ basis.T / n**0.5
    p = chi2.sf((z**2).sum(axis=1), len(basis))

    tempered = simulated_tempering(basis, _SPIKE, n).apply(p)

    assert (p < 1e-3).mean() > 3e-3
    assert (tempered < 1e-3).mean() < 2e-3


def test_the_same_window_gets_the_same_tempering():
    """The simulation is seeded."""
    basis = smooth_basis(_SPIKE)

    assert simulated_tempering(basis, _SPIKE, 50) == simulated_tempering(basis, _SPIKE, 50)
