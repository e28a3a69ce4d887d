"""Exact p-values of counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from watchkeeper.stats.drift.binomial import mid_p


@given(st.integers(1, 200), st.floats(0.001, 0.999), st.data())
def test_it_is_twice_the_smaller_tail_with_half_the_count_itself(n, share, data):
    """SciPy's binomial says the same."""
    k = data.draw(st.integers(0, n))
    at, below, above = binom.pmf(k, n, share), binom.cdf(k - 1, n, share), binom.sf(k, n, share)

    found = mid_p(np.array([float(k)]), np.array([float(n)]), share)[0]

    assert found == pytest.approx(min(1.0, 2.0 * min(below, above) + at), rel=1e-6, abs=1e-12)


def test_what_is_certain_and_what_cannot_be():
    """A share of one or zero: all or none is as expected, anything else impossible."""
    p = mid_p(np.array([0.0, 3.0, 0.0, 3.0]), np.full(4, 3.0), np.array([0.0, 0.0, 1.0, 1.0]))

    assert p.tolist() == [1.0, 0.0, 0.0, 1.0]
