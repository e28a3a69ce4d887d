"""Benjamini-Hochberg."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.multiplicity.bh import benjamini_hochberg


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_it_rejects_what_scipy_rejects(p_values, alpha):
    """A p-value is rejected exactly where its adjusted p-value is at most alpha."""
    adjusted = false_discovery_control(p_values)

    clear = np.abs(adjusted - alpha) > 1e-12  # a tie may round either way
    rejected = benjamini_hochberg(p_values, alpha=alpha)
    assert rejected[clear].tolist() == (adjusted <= alpha)[clear].tolist()


def test_the_paper_s_example_rejects_four():
    """The fifteen p-values of Benjamini and Hochberg (1995), section 3.2, at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]

    assert benjamini_hochberg(p, alpha=0.05).sum() == 4


def test_nothing_to_test_rejects_nothing():
    """No p-values give no decisions."""
    assert benjamini_hochberg([], alpha=0.05).tolist() == []


@pytest.mark.parametrize(("p", "alpha"), [([1.5], 0.05), ([np.nan], 0.05), ([0.5], 0.0)])
def test_what_is_no_probability_is_refused(p, alpha):
    """p-values and alpha must be probabilities."""
    with pytest.raises(InvalidInput, match="p-values"):
        benjamini_hochberg(p, alpha=alpha)


def test_weights_that_are_equal_change_nothing():
    """Any common weight gives the plain procedure."""
    p = [0.001, 0.02, 0.04, 0.5]

    weighted = benjamini_hochberg(p, alpha=0.05, weights=[0.3] * 4)
    assert weighted.tolist() == benjamini_hochberg(p, alpha=0.05).tolist()


def test_a_small_weight_asks_for_more_and_gives_to_the_others():
    """Of two p-values of 0.03 the one with the weight is rejected, the other not."""
    p = [0.03, 0.03]

    assert benjamini_hochberg(p, alpha=0.05, weights=[1.0, 0.05]).tolist() == [True, False]


def test_weights_must_be_positive():
    """A weight of zero would forbid a series to speak."""
    with pytest.raises(InvalidInput, match="weights"):
        benjamini_hochberg([0.1], alpha=0.05, weights=[0.0])
