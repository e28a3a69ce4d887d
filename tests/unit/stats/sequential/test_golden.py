"""Published and independently computed values, to the digits that they are given with."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

from watchkeeper.stats.sequential import (
    beta_binomial,
    group_sequential,
    msprt,
    multinomial,
    normal_mixture,
    paired,
    planning,
)
from watchkeeper.stats.sequential.confidence_sequence import Moments, best_rho2, difference, margin
from watchkeeper.stats.sequential.paired_auc import auc_difference, p_value
from watchkeeper.stats.sequential.quantiles import log_evidence


@pytest.mark.parametrize(("of", "out_of", "around", "low", "high"), [
    (700, 1000, 100, 0.6516298, 0.7459495),
    (15, 50, 50, 0.1295570, 0.5118964),
])  # fmt: skip
def test_proportions_as_confseq_has_them(of, out_of, around, low, high):
    """The unit tests of confseq (Howard and Ramdas)."""
    found = beta_binomial.proportion_interval(of, out_of, tightest_at=around)

    assert found == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("quantile", "offset", "chance"), [
    (0.5, 70, 0.814704), (0.5, 85, 0.0838055), (0.5, 100, 0.0054947), (0.9, 55, 0.0340463),
])  # fmt: skip
def test_quantiles_of_two_arms_as_confseq_has_them(quantile, offset, chance):
    """1 to 1,000 against the same, shifted."""
    values = np.arange(1, 1001)

    found = log_evidence(values, values + offset, quantile=quantile, tightest_at=100)

    assert np.exp(-found) == pytest.approx(chance, rel=1e-5)


@pytest.mark.parametrize(("spending", "bounds"), [
    ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
    ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
])  # fmt: skip
def test_boundaries_as_lan_and_demets_have_them(spending, bounds):
    """Five equal looks, two-sided 5 % (Reboussin et al. 2000, table of the ld98 programs)."""
    found = group_sequential.boundaries([0.2, 0.4, 0.6, 0.8, 1.0], spending=spending)

    assert found == pytest.approx(bounds, abs=2e-4)


def test_one_look_is_the_plain_test():
    """Boundary, power and size of a single look are those of the textbook."""
    bounds = group_sequential.boundaries([1.0])

    assert bounds == pytest.approx([stats.norm.ppf(0.975)], abs=1e-6)
    drift = stats.norm.ppf(0.975) + stats.norm.ppf(0.9)
    assert group_sequential.crossing([1.0], bounds, drift=drift)[-1] == pytest.approx(0.9, abs=1e-6)
    assert planning.group_sequential_size(0.1, variance=1.0, looks=1) == pytest.approx(
        planning.fixed_size(0.1, variance=1.0), abs=2
    )


def test_asymptotic_sequence():
    """Margin after 10,000 rows, tightest at 2,500; the fixed test has .0196."""
    rho2 = best_rho2(2500, alpha=0.05)

    assert rho2 == pytest.approx(0.00317446, abs=1e-8)
    assert float(margin(10_000, 1.0, alpha=0.05, rho2=rho2)) == pytest.approx(0.031271, abs=1e-6)


def test_the_asymptotic_sequence_is_the_normal_mixture():
    """The same boundary in two notations: ρ = 1/ρ²."""
    rho2, n = best_rho2(2500, alpha=0.05), 7_000

    of_mixture = float(normal_mixture.boundary(n, alpha=0.05, rho=1.0 / rho2)) / n

    assert float(margin(n, 1.0, alpha=0.05, rho2=rho2)) == pytest.approx(of_mixture, rel=1e-12)


def test_the_msprt_is_the_normal_mixture():
    """Ln Λ with τ² = σ²ρ²."""
    effect, n, rho2 = 0.05, 3_000, 0.002

    found = msprt.log_likelihood_ratio(effect, n, variance=1.0, prior_variance=rho2)

    of_mixture = normal_mixture.log_two_sided(effect * n, n, rho=1.0 / rho2)
    assert float(found) == pytest.approx(float(of_mixture), rel=1e-12)


def test_sample_ratio():
    """(5300, 4700) against halves."""
    found = multinomial.log_bayes_factor([5300, 4700], [1, 1], concentration=10_000.0)

    assert found == pytest.approx(8.655215, abs=1e-6)


@pytest.mark.parametrize(("b", "c"), [(9, 1), (0, 6), (12, 12), (25, 40), (0, 0)])
def test_mcnemar_is_the_exact_binomial_test(b, c):
    """The two-sided binomial test of scipy, of b among b + c against a half."""
    wanted = stats.binomtest(b, b + c).pvalue if b + c else 1.0

    assert paired.mcnemar(b, c) == pytest.approx(wanted, rel=1e-12)


def test_paired_auc_by_brute_force():
    """Areas and DeLong's variance from the matrices of all pairs."""
    random = np.random.default_rng(4)
    y = random.random(200) < 0.3
    scores = [np.round(y + random.normal(size=200), 1) for _ in range(2)]

    found = auc_difference(y, *scores)

    kernels = [(s[y][:, None] > s[~y]) + 0.5 * (s[y][:, None] == s[~y]) for s in scores]
    apart = kernels[1] - kernels[0]
    wanted = apart.mean(axis=1).var(ddof=1) / y.sum() + apart.mean(axis=0).var(ddof=1) / (~y).sum()
    assert found.value == pytest.approx(apart.mean(), abs=1e-12)
    assert found.se == pytest.approx(np.sqrt(wanted), rel=1e-12)
    assert 0.0 < p_value(found) <= 1.0


def test_cookie_cats(shared_data):
    """Retention after 7 days of the real experiment: 19.02 % at gate 30, 18.20 % at gate 40."""
    table = pq.read_table(shared_data / "ab_cookie_cats" / "cookie_cats.parquet")
    gate = np.array(table["version"].to_pylist())
    kept = table["retention_7"].to_numpy(zero_copy_only=False).astype(float)
    arms = [Moments.of(kept[gate == name]) for name in ("gate_30", "gate_40")]

    found = difference(*arms, rho2=best_rho2(len(kept) / 2, alpha=0.05))

    assert [arm.n for arm in arms] == [44_700, 45_489]
    assert found.value == pytest.approx(-0.008201, abs=1e-6)
    assert found.low < -0.0082 < found.high < 0.0015
