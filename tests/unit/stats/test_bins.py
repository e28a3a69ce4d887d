"""Reference-quantile bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.bins import BINS, compose, mid_cdf


def test_a_smooth_reference_gets_bins_of_equal_mass():
    """Cells that are fine compared with a bin give 64 bins of about 1/64 each."""
    counts = np.full(6400, 10)

    bins = compose(np.arange(6400), counts)
    shares = bins.count(np.arange(6400), counts)[1:-1] / counts.sum()

    assert len(shares) == BINS
    assert shares == pytest.approx(1 / BINS, rel=0.02)


def test_an_atom_is_a_bin_of_its_own():
    """A cell that holds more than 1/64 of the reference shares its bin with no other."""
    cells, counts = np.arange(1000), np.full(1000, 1)
    counts[500] = 2000

    bins = compose(cells, counts)

    where = bins.of(cells)
    assert (where == where[500]).sum() == 1


def test_values_beyond_the_reference_have_bins_of_their_own():
    """What lies below or above everything the reference held falls into the empty outer bins."""
    bins = compose([3, 4], [10, 10])

    assert bins.count(np.array([-50, 3, 4, 99]), np.array([1, 2, 3, 4])).tolist() == [1, 2, 3, 4]


def test_a_constant_reference_has_one_bin():
    """One value gives one bin between the two outer ones."""
    assert len(compose([7], [100])) == 3


@given(
    st.dictionaries(st.integers(-300, 300), st.integers(1, 1000), min_size=1, max_size=80),
    st.dictionaries(st.integers(-400, 400), st.integers(1, 1000), min_size=1, max_size=80),
)
def test_no_row_is_lost_or_moved_out_of_order(reference, window):
    """Rebinning keeps every row, and a higher cell never has a lower bin."""
    cells = np.array(sorted(reference))
    bins = compose(cells, [reference[c] for c in sorted(reference)])
    now = np.array(sorted(window))

    counted = bins.count(now, np.array([window[c] for c in sorted(window)]))

    assert counted.sum() == sum(window.values())
    assert (np.diff(bins.of(now)) >= 0).all()


def test_the_mid_cdf_is_symmetric_for_equal_shares():
    """The mid-CDF of four equal bins is 1/8, 3/8, 5/8, 7/8."""
    assert mid_cdf(np.full(4, 0.25)).tolist() == [0.125, 0.375, 0.625, 0.875]


def test_a_reference_without_values_is_refused():
    """Bins cannot be composed from nothing."""
    with pytest.raises(InvalidInput, match="reference with values"):
        compose([], [])
