"""The Cauchy combination."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import combine_pvalues, norm

from watchkeeper.stats.drift.combine import cauchy


def test_it_is_the_mean_of_cauchy_variables():
    """In the middle of the range the formula of the paper, term by term."""
    p = np.array([0.2, 0.03, 0.7])
    expected = 0.5 - np.arctan(np.tan((0.5 - p) * np.pi).mean()) / np.pi

    assert cauchy(p) == pytest.approx(expected)


def test_the_tail_is_accurate_to_the_smallest_numbers():
    """1e-200 and one half give 2e-200, not zero."""
    assert cauchy(np.array([1e-200, 0.5])) == pytest.approx(2e-200, rel=1e-6)


def test_dependent_tests_keep_their_level():
    """Strongly correlated tests reject at 0.01 about as often as said; Fisher's method does not."""
    rng = np.random.default_rng(0)
    z = 0.9 * rng.normal(size=(1, 20_000)) + 0.436 * rng.normal(size=(4, 20_000))
    p = 2 * norm.sf(np.abs(z))

    assert (cauchy(p) < 0.01).mean() == pytest.approx(0.01, abs=0.004)
    assert (combine_pvalues(p, axis=0).pvalue < 0.01).mean() > 0.02


def test_a_p_value_of_one_does_not_hide_a_small_one():
    """One test that sees nothing costs a factor, not the finding."""
    assert cauchy(np.array([1e-12, 1.0])) < 1e-8
