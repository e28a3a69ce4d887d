"""Tail tempering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.stats.drift.tempering import fit_tempering


def test_exact_p_values_are_left_nearly_alone():
    """Uniform reference p-values give an exponent near one."""
    p = np.random.default_rng(0).random(5000)

    assert fit_tempering(p).kappa > 0.9


def test_tails_that_are_too_heavy_are_corrected():
    """p-values whose true law is √p in the tail come back near their true frequency."""
    u = np.random.default_rng(1).random(20_000)
    heavy = np.where(u < 0.05, 0.05 * (u / 0.05) ** 2, u)

    tempered = fit_tempering(heavy).apply(heavy)

    assert (tempered < 0.001).mean() == pytest.approx(0.001, abs=0.0008)


@given(
    st.lists(st.floats(1e-12, 1.0), max_size=50),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20),
)
def test_it_never_lowers_a_p_value_and_keeps_their_order(reference, p_values):
    """Tempering may only make evidence weaker, never reorder it."""
    p = np.sort(p_values)

    tempered = fit_tempering(reference).apply(p)

    assert (tempered >= p - 1e-15).all()
    assert (np.diff(tempered) >= -1e-15).all()
    assert (tempered <= 1.0).all()


def test_nothing_known_changes_nothing():
    """Without reference p-values, or with none that exist, p-values stay."""
    for nothing in ([], [np.nan, np.nan]):
        assert fit_tempering(nothing).apply([1e-6, 0.3]) == pytest.approx([1e-6, 0.3])
