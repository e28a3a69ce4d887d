"""The vectorised fit says what the plain one says: window by window, block by block."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr

from watchkeeper.stats.variation import fit


def _plain_tau2(y, v, season, df) -> float:
    """The root of ``Q(τ²) = df``, by bisection."""

    def q(tau2: float) -> float:
        found = 0.0
        for name in set(season):
            here, weight = y[season == name], 1.0 / (v[season == name] + tau2)
            found += weight @ (here - weight @ here / weight.sum()) ** 2
        return found

    if df < 1 or q(1e-30) <= df:
        return 0.0
    low, high = 0.0, 10.0 * np.ptp(y) ** 2
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if q(middle) > df else (low, middle)
    return low


def _plain_p_value(rest, window) -> float:
    """Of ``window`` = (y, v, season) under a fit to ``rest``; of all seasons where it has none."""
    (y, v, season), (value, variance, wanted) = rest, window
    if wanted not in season:
        season, wanted = np.zeros(len(y), int), 0
    df = len(y) - len(set(season))
    tau2 = _plain_tau2(y, v, season, df)
    weight = 1.0 / (v + tau2)
    here = season == wanted
    error2 = 1.0 / weight[here].sum()
    total = variance + tau2 + error2
    estimated = (1.0 / weight.mean() + error2) / total
    df = df / estimated**2 if tau2 > 0.0 else 1e9
    mean = weight[here] @ y[here] * error2
    return min(1.0, 2.0 * stdtr(min(df, 1e9), -abs(value - mean) / np.sqrt(total)))


def _windows(tau: float, seasons: int, size: int = 40):
    random = np.random.default_rng(5)
    v = random.choice([0.3, 1.0, 4.0], size)
    season = np.arange(size) % seasons
    season[-1] = 99  # one season of a single window, which no other window can speak for
    y = 2.0 * season + random.normal(size=size) * np.sqrt(v + tau**2)
    return y, v, season, np.arange(size) // 7


@pytest.mark.parametrize("tau", [0.0, 1.5])
@pytest.mark.parametrize("seasons", [1, 7])
def test_left_out_p_values_are_those_of_a_fit_without_the_block(tau, seasons):
    """Every reference window is judged by the windows of all other blocks, refitted."""
    y, v, season, block = _windows(tau, seasons)

    plain = [
        _plain_p_value(
            tuple(part[block != block[at]] for part in (y, v, season)), (y[at], v[at], season[at])
        )
        for at in range(len(y))
    ]

    found = fit(y, v, season, blocks=block).reference_p_values
    assert found == pytest.approx(plain, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("season", [0, 3, 99, 1234])
def test_a_new_window_is_judged_by_all_of_the_reference(season):
    """A known, a rare and an unknown season."""
    y, v, seasons, block = _windows(1.5, 7)

    found = fit(y, v, seasons, blocks=block).p_value(4.0, 0.7, season)

    plain = _plain_p_value((y, v, seasons), (4.0, 0.7, season))
    assert found == pytest.approx(plain, rel=1e-6, abs=1e-9)


def test_exact_windows_are_left_out_like_any():
    """Without noise in any window the p-values stay numbers in [0, 1]."""
    y = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0])

    found = fit(y, np.zeros(8), blocks=np.arange(8) // 2).reference_p_values

    assert ((found >= 0.0) & (found <= 1.0)).all()
    assert found[6] == 0.0
