"""Distances on bins: textbook values, and effects without the noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.distances.chi2 import chi2
from watchkeeper.stats.distances.distance import Pair
from watchkeeper.stats.distances.hellinger import hellinger
from watchkeeper.stats.distances.js import js
from watchkeeper.stats.distances.js_divergence import js_divergence
from watchkeeper.stats.distances.ks import ks
from watchkeeper.stats.distances.linf import linf
from watchkeeper.stats.distances.psi import psi
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.distances.w1 import w1

_COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=30)
_ALL = (psi, js, js_divergence, hellinger, chi2, ks, linf, tvd)


def _pair(counts):
    a, b = np.array(counts, float).T
    return a + 1.0, b + 1.0  # no empty bin: the textbook values are defined


@given(_COUNTS)
def test_jensen_shannon_is_scipy_s(counts):
    """The distance in base 2, and its square the divergence."""
    a, b = _pair(counts)
    expected = jensenshannon(a, b, base=2)

    assert js(Pair.of(a, b)).value == pytest.approx(expected, abs=1e-7)
    assert js_divergence(Pair.of(a, b)).value == pytest.approx(expected**2, abs=1e-12)


@given(_COUNTS)
def test_chi2_is_scipy_s(counts):
    """Pearson's statistic of the two-row table without Yates' correction."""
    a, b = _pair(counts)
    expected = stats.chi2_contingency(np.array([a, b]), correction=False).statistic

    assert chi2(Pair.of(a, b)).value == pytest.approx(expected, abs=1e-9)


@given(_COUNTS)
def test_wasserstein_is_scipy_s(counts):
    """The area between the distribution functions, at any positions."""
    a, b = _pair(counts)
    x = np.cumsum(np.arange(len(a)) % 4 + 0.5)
    expected = stats.wasserstein_distance(x, x, a, b)

    assert w1(Pair.of(a, b), x).value == pytest.approx(expected, abs=1e-9)


@given(_COUNTS)
def test_kolmogorov_smirnov_is_scipy_s_of_the_binned_samples(counts):
    """The distance of two samples that lie at their bins."""
    a, b = (x.astype(int) for x in _pair(counts))
    where = np.arange(len(a))
    expected = stats.ks_2samp(np.repeat(where, a), np.repeat(where, b), method="asymp").statistic

    assert ks(Pair.of(a, b)).value == pytest.approx(expected, abs=1e-12)


@given(_COUNTS)
def test_the_others_are_their_formulas(counts):
    """PSI, Hellinger, total variation and L-infinity as the textbooks write them."""
    a, b = _pair(counts)
    p, q = a / a.sum(), b / b.sum()
    pair = Pair.of(a, b)

    assert psi(pair).value == pytest.approx(((q - p) * np.log(q / p)).sum(), abs=1e-12)
    assert hellinger(pair).value == pytest.approx(
        np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2), abs=1e-7
    )
    assert tvd(pair).value == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-12)
    assert linf(pair).value == pytest.approx(np.abs(p - q).max(), abs=1e-12)


@given(_COUNTS)
def test_every_effect_lies_in_its_interval(counts):
    """0 ≤ low ≤ effect ≤ high, whatever the counts."""
    pair = Pair.of(*_pair(counts))
    for distance in (*(f(pair) for f in _ALL), w1(pair, np.arange(len(pair.used)))):
        effect = distance.effect
        assert 0.0 <= effect.low <= effect.value + 1e-12 <= effect.high + 1e-9


def test_an_empty_bin_keeps_psi_finite():
    """A bin that one side leaves empty counts as half a row there."""
    expected = (0.5 - 1e-9) * 0 + (0.5 - 0.005) * np.log(0.5 / 0.005) + (1.0 - 0.5) * np.log(2.0)

    assert psi(Pair.of([50, 50], [0, 100])).value == pytest.approx(expected)


@pytest.mark.parametrize("distance", [psi, hellinger, js, ks, tvd])
@pytest.mark.parametrize(("n", "m"), [(8_000, 1_000), (50_000, 50_000)])
def test_the_interval_holds_the_true_distance(distance, n, m):
    """About 95 % of the intervals hold the distance of the two populations (here 0.3 sd apart)."""
    rng = np.random.default_rng(7)
    edges = stats.norm.ppf(np.arange(1, 64) / 64)
    q = np.diff(np.concatenate([[0.0], stats.norm.cdf(edges, 0.3), [1.0]]))
    exact = distance(Pair.of(np.full(64, 1e15), q * 64e15)).value

    held = 0
    for _ in range(100):
        found = distance(
            Pair.of(rng.multinomial(n, np.full(64, 1 / 64)), rng.multinomial(m, q))
        ).effect
        held += found.low <= exact <= found.high

    assert held >= 85


@pytest.mark.parametrize("distance", [psi, hellinger, js, js_divergence, chi2, ks, linf, tvd])
def test_pure_noise_has_no_effect(distance):
    """Two samples of one population reach above zero with the lower bound in few of 100 cases."""
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.full(64, 5.0))

    pairs = (Pair.of(rng.multinomial(5_000, p), rng.multinomial(1_000, p)) for _ in range(100))
    above = sum(distance(pair).effect.low > 0.0 for pair in pairs)

    assert above <= 12


@pytest.mark.parametrize(
    ("reference", "current"), [([0, 0], [1, 1]), ([1], [1, 2]), ([-1, 2], [1, 1])]
)
def test_counts_that_are_none_are_refused(reference, current):
    """Both sides need rows, counts at least zero, and the same bins."""
    with pytest.raises(InvalidInput, match=r"distance needs rows|same bins"):
        Pair.of(reference, current)


def test_positions_out_of_order_are_refused():
    """Wasserstein's distance needs bins in the order of their positions."""
    with pytest.raises(InvalidInput, match="ascending"):
        w1(Pair.of([1, 1], [1, 2]), [1.0, 0.0])
