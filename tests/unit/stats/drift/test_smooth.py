"""Smooth components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.drift.smooth import smooth_basis, smooth_components

_EDGES = norm.ppf(np.arange(1, 64) / 64)


def _shares(shift=0.0, scale=1.0):
    return np.diff(np.concatenate([[0.0], norm.cdf((_EDGES - shift) / scale), [1.0]]))


@given(
    st.lists(st.integers(0, 1000), min_size=6, max_size=70).filter(lambda c: sum(map(bool, c)) > 4)
)
def test_the_basis_is_orthonormal_under_the_reference(counts):
    """Components have mean zero, variance one and no correlation in the reference itself."""
    basis, p = smooth_basis(counts), np.array(counts) / sum(counts)

    assert basis @ p == pytest.approx(np.zeros(4), abs=1e-8)
    assert (basis * p) @ basis.T == pytest.approx(np.eye(4), abs=1e-8)


def test_a_location_shift_moves_the_first_component_by_about_as_many_sd():
    """A shift by 0.1 standard deviations gives about 0.1 in location, and nearly nothing else."""
    z, _ = smooth_components([_shares(shift=0.1) * 1e6], smooth_basis(np.ones(64)))

    assert z[0, 0] == pytest.approx(0.0977, abs=0.002)
    assert np.abs(z[0, 1:]).max() < 0.02


def test_a_wider_distribution_moves_the_second_component_up():
    """A standard deviation 15 % larger shows as spread, not as location."""
    z, _ = smooth_components([_shares(scale=1.15) * 1e6], smooth_basis(np.ones(64)))

    assert z[0, 1] > 0.1 > abs(z[0, 0])


def test_few_values_have_few_components():
    """A reference of two values has one component, one of a single value none."""
    assert smooth_basis([0, 5, 5, 0]).shape == (1, 4)
    assert smooth_basis([0, 5, 0]).shape == (0, 3)


def test_an_empty_window_has_infinite_variance():
    """A window without values is at zero and says nothing."""
    z, v = smooth_components(np.zeros((1, 4)), smooth_basis(np.ones(4)))

    assert z[0].tolist() == [0.0, 0.0, 0.0]
    assert v[0] == np.inf


def test_a_reference_without_values_is_refused():
    """There is no basis without a reference."""
    with pytest.raises(InvalidInput, match="reference that holds values"):
        smooth_basis(np.zeros(5))
