"""Means of few values, judged by the values' own law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, norm

from watchkeeper.stats.drift.deviance import (
    Laws,
    Means,
    bartlett,
    corrected,
    deviance,
    laws_of,
    tilted,
)
from watchkeeper.stats.drift.smooth import smooth_basis, smooth_components
from watchkeeper.stats.drift.variation import fit_normal, stated_normal

_ROUNDED = np.diff(norm.cdf((np.arange(-4, 8) - 0.5) / 1.5), prepend=0.0, append=1.0)
_COLUMNS = {
    "even": np.ones(64),
    "rounded": _ROUNDED,
    "half at zero": np.append(64.0, np.ones(64)),
    "nine of ten at zero": np.append(9000.0, np.full(60, 1000 / 60)),
    "counts around one": np.array([1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720]),
}


def _law(counts):
    return laws_of([smooth_basis(counts)], [counts])


def _drawn(counts, n, windows, seed=0):
    rng = np.random.default_rng(seed)
    basis = smooth_basis(counts)
    return smooth_components(rng.multinomial(n, counts / counts.sum(), windows), basis)


def _repeated(law, k):
    return law.of(np.zeros(k, np.int64))


@pytest.mark.parametrize("n", [15, 41])
@pytest.mark.parametrize("name", list(_COLUMNS))
def test_small_windows_are_not_called_drift(name, n):
    """Of 200,000 windows without a change at most 1.5 times the due lie below 1e-3 and 1e-4."""
    counts = 1e6 * _COLUMNS[name] / _COLUMNS[name].sum()
    basis = smooth_basis(counts)
    normal = stated_normal((counts @ basis.T / counts.sum())[None, None], np.array([[1e-6]]), 0.0)
    z, v = _drawn(counts, n, 200_000)

    p = normal.p_values(z[None], v[None], np.zeros(len(z), np.int64), _law(counts))[0]

    assert (p < 1e-3).mean() < 1.2e-3
    assert (p < 1e-4).mean() < 1.5e-4


@pytest.mark.parametrize("name", ["even", "rounded"])
def test_the_square_alone_would_call_them_drift(name):
    """What the law is for: with 15 values χ² has its p-values below 1e-4 four times too often."""
    z, v = _drawn(_COLUMNS[name], 15, 100_000)

    assert (chi2.sf((z**2).sum(axis=1) / v, z.shape[1]) < 1e-4).mean() > 4e-4


def test_a_season_s_law_is_its_own():
    """Where the hours' levels differ, windows of each hour are right at 1e-3, with 42 values."""
    rng = np.random.default_rng(3)
    hours = np.tile(np.arange(24), 420)
    levels = 0.5 * np.linspace(-1.0, 1.0, 24)[rng.permutation(24)]
    values = rng.normal(levels[hours][:, None], 1.0, (len(hours), 42))
    edges = np.quantile(values[:1344], np.arange(1, 64) / 64)
    cells = np.searchsorted(edges, values) + 64 * np.arange(len(hours))[:, None]
    counts = np.bincount(cells.ravel(), minlength=64 * len(hours)).reshape(-1, 64).astype(float)
    basis = smooth_basis(counts[:1344].sum(axis=0))
    z, v = smooth_components(counts, basis)
    normal = fit_normal(z[None, :1344], v[None, :1344], hours[:1344])

    p = [
        normal.p_values(z[None, 1344:], v[None, 1344:], hours[1344:], laws)[0]
        for laws in (None, laws_of([basis], [counts[:1344].sum(axis=0)]))
    ]

    assert (p[0] < 1e-3).mean() > 2e-3
    assert (p[1] < 1e-3).mean() < 1.5e-3


def test_two_values_give_the_binomial_deviance():
    """2(k log(k/np) + (n − k) log((n − k)/(n(1 − p)))), as in a textbook."""
    law, n, k = _law(np.array([70.0, 30.0])), 40, 20
    z, _ = smooth_components(np.array([[n - k, k]]), law.basis[0])

    found = deviance(law, Means(z, np.array([40.0]), np.zeros((1, 1, 1))))

    assert found[0] == pytest.approx(2 * (20 * np.log(20 / 12) + 20 * np.log(20 / 28)), rel=1e-6)


def test_what_is_normal_in_the_mean_gives_back_the_square():
    """Where windows differ by nature by much more than sampling noise, D is d'V⁻¹d."""
    law, rest = _law(_COLUMNS["nine of ten at zero"]), np.diag([1.0, 2.0, 3.0, 4.0])
    d = np.array([[1.0, -2.0, 0.5, 3.0]])

    found = deviance(law, Means(d, np.array([1000.0]), rest[None]))

    assert found[0] == pytest.approx((d**2 / (np.diag(rest) + 1e-3)).sum(), rel=1e-2)


def test_many_values_give_back_the_square():
    """A hundred thousand values are normal enough."""
    law, n = _law(_COLUMNS["rounded"]), 1e5
    d = np.array([[1.0, -2.0, 0.5, 3.0]]) / np.sqrt(n)

    found = deviance(law, Means(d, np.array([n]), np.zeros((1, 4, 4))))

    assert found[0] == pytest.approx((d**2).sum() * n, rel=0.05)


def test_a_mean_that_the_law_cannot_give_is_far_out_but_finite():
    """All 30 values beyond all that the reference held."""
    law = _law(np.append(np.ones(64), 0.0))
    d = 3.0 * law.basis[:, :, -1]

    found = deviance(law, Means(d, np.array([30.0]), np.zeros((1, 4, 4))))

    assert 100.0 < found[0] < np.inf


def test_bartlett_s_factor_brings_the_mean_to_that_of_chi_square():
    """With 40 values of an even column: E D = 4(1 + c/n) to a tenth of what the factor adds."""
    law, n = _law(np.ones(64)), 40
    z, _ = _drawn(np.ones(64), n, 60_000, seed=1)
    means = Means(z, np.full(len(z), float(n)), np.zeros((len(z), 4, 4)))

    found = deviance(_repeated(law, len(z)), means)
    c = bartlett(law)

    assert c[0] / n > 0.02
    assert corrected(found, c, np.array([n])).mean() == pytest.approx(4.0, abs=0.025)


def test_a_tilted_law_has_the_mean_asked_for():
    """The member of the family with the season's mean, φ centred there."""
    law, level = _law(_COLUMNS["rounded"]), np.array([[0.3, -0.1, 0.05, 0.1]])

    found = tilted(law, level)

    assert found.shares.sum() == pytest.approx(1.0)
    assert (law.basis[0] @ found.shares[0]).round(6).tolist() == level[0].tolist()
    assert (found.basis[0] @ found.shares[0]).round(6).tolist() == [0.0] * 4


def test_a_narrower_column_is_judged_as_if_it_were_alone():
    """Columns of fewer bins are padded with bins that hold nothing."""
    wide, narrow = _COLUMNS["even"], _COLUMNS["rounded"]
    means = Means(np.full((1, 4), 0.2), np.array([50.0]), np.zeros((1, 4, 4)))
    both = laws_of([smooth_basis(wide), smooth_basis(narrow)], [wide, narrow])

    second = Laws(both.basis[1:], both.shares[1:])

    assert deviance(second, means) == pytest.approx(deviance(_law(narrow), means))
    assert bartlett(both)[1] == pytest.approx(bartlett(_law(narrow))[0])
