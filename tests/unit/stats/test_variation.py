"""Natural variation between windows: calibration, seasons, degenerate references."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.variation import fit


def _false_alarms(tau: float, windows: int, seasons: int, runs: int = 300) -> tuple[float, float]:
    random = np.random.default_rng(7)
    new, left_out = [], []
    for _ in range(runs):
        variances = random.choice([0.2, 1.0, 5.0], windows + 10)
        season = np.arange(windows + 10) % seasons
        values = 3.0 * season + random.normal(size=windows + 10) * np.sqrt(variances + tau**2)
        normal = fit(values[:windows], variances[:windows], season[:windows])
        new += [
            normal.p_value(values[i], variances[i], season[i]) for i in range(windows, len(values))
        ]
        left_out.append(normal.reference_p_values)
    return float(np.mean(np.array(new) < 0.05)), float(np.mean(np.concatenate(left_out) < 0.05))


@pytest.mark.parametrize("tau", [0.0, 0.5, 2.0])
def test_a_quiet_window_alarms_as_often_as_stated(tau):
    """At 5 % about 5 % of quiet windows alarm, whatever the mix of window sizes, and the
    left-out p-values of the reference say the same.
    """
    new, left_out = _false_alarms(tau, windows=42, seasons=7)

    assert 0.03 < new < 0.07
    assert 0.03 < left_out < 0.07


def test_tau_is_recovered_from_windows_of_very_different_size():
    """τ is estimated without letting the smallest windows decide."""
    random = np.random.default_rng(1)
    variances = random.choice([0.001, 100.0], 400)
    values = random.normal(size=400) * np.sqrt(variances + 0.3**2)

    assert pytest.approx(fit(values, variances).tau, abs=0.04) == 0.3


def test_a_seasonal_value_is_normal_only_in_its_season():
    """A weekend's figure is normal on a weekend and abnormal on a weekday."""
    season = np.arange(56) % 7 // 5
    values = np.where(season == 1, 5.0, 1.0) + 0.01 * np.sin(np.arange(56.0))
    normal = fit(values, np.full(56, 1e-4), season)

    assert normal.p_value(5.0, 1e-4, 1) > 0.5
    assert normal.p_value(5.0, 1e-4, 0) < 1e-9


def test_an_unseen_season_is_judged_against_all_windows():
    """A season that the reference never saw falls back to all its windows together."""
    season = np.arange(56) % 2
    normal = fit(np.where(season == 1, 5.0, 1.0), np.full(56, 1e-4), season)

    assert pytest.approx(normal.expected(9)[0]) == 3.0
    assert normal.p_value(5.0, 1e-4, 9) > 0.2


def test_a_stated_tau_needs_no_windows_to_learn_from():
    """One window of reference is enough where the natural variation is stated."""
    normal = fit([1.0], [0.01], tau=0.0)

    assert pytest.approx(normal.p_value(1.2, 0.01), abs=1e-4) == 0.1573
    assert np.isinf(normal.df)


def test_a_reference_that_never_varies_takes_only_its_own_value():
    """Without any variation an equal value is certain and another one impossible."""
    normal = fit(np.ones(10), np.zeros(10))

    assert normal.p_value(1.0, 0.0) == 1.0
    assert normal.p_value(1.1, 0.0) == 0.0


def test_windows_known_exactly_vary_by_tau_alone():
    """With no sampling noise τ is the standard deviation of the windows."""
    values = np.random.default_rng(3).normal(size=200)

    assert fit(values, np.zeros(200)).tau == pytest.approx(values.std(ddof=1), rel=1e-6)


def test_the_band_holds_what_the_p_value_accepts():
    """The edge of the 95 % band has a p-value of 5 % where the normal law holds."""
    normal = fit(np.ones(20), np.full(20, 0.04))
    low, high = normal.band(0.04)

    assert normal.p_value(low, 0.04) == pytest.approx(0.05, rel=1e-6)
    assert normal.p_value(high, 0.04) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("values", "variances", "options"),
    [
        ([], [], {}),
        ([1.0, 2.0], [1.0], {}),
        ([1.0] * 5, [-1.0] * 5, {}),
        ([1.0, np.nan, 1.0, 1.0], [1.0] * 4, {}),
        ([1.0] * 3, [1.0] * 3, {}),
        ([1.0] * 5, [1.0] * 5, {"seasons": [1, 2]}),
    ],
)
def test_what_cannot_be_fitted_is_refused(values, variances, options):
    """Empty, ragged, negative, unfinished or too short references are invalid input."""
    with pytest.raises(InvalidInput):
        fit(values, variances, **options)
