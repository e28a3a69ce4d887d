"""Natural variation of component vectors."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.drift.variation import fit_normal, left_out, stated_normal

_ONE = np.zeros(56, np.int64)


def _windows(rng, columns, tau, rows=1000, windows=56):
    """Components with sampling noise 1/n and natural variation of the location."""
    z = rng.normal(0.0, rows**-0.5, (columns, windows, 4))
    z[:, :, 0] += rng.normal(0.0, tau, (columns, windows))
    return z, np.full((columns, windows), 1.0 / rows)


@pytest.mark.parametrize("tau", [0.0, 0.05, 0.3])
def test_p_values_of_unchanged_windows_are_uniform(tau):
    """Whatever the natural variation, hardly more than 5 % and 1 % of new windows get p below 0.05
    and 0.01, and not far fewer.
    """
    rng = np.random.default_rng(1)
    z, v = _windows(rng, 100, tau)
    new, noise = _windows(rng, 100, tau, windows=100)

    p = fit_normal(z, v, _ONE).p_values(new, noise, np.zeros(100, np.int64))

    assert 0.02 <= (p < 0.05).mean() <= 0.06
    assert 0.002 <= (p < 0.01).mean() <= 0.014


def test_natural_variation_is_found():
    """The variance of the location beyond the noise is the one that was put in."""
    z, v = _windows(np.random.default_rng(2), 200, 0.2)

    variance = fit_normal(z, v, _ONE).variance(np.zeros((200, 1)), np.zeros(1, np.int64))

    assert variance[:, 0, 0].mean() == pytest.approx(0.04, rel=0.2)


def test_windows_of_very_different_size_are_judged_alike():
    """Among small and ten times larger windows neither gets more small p-values than it should."""
    rng = np.random.default_rng(3)
    rows = np.where(np.arange(56) % 7 == 0, 3000, 300)
    z = rng.normal(0, 1, (100, 56, 4)) / np.sqrt(rows)[:, None]
    z[:, :, 0] += rng.normal(0, 0.05, (100, 56))
    new = rng.normal(0, 1, (100, 60, 4)) / np.sqrt(3000)
    new[:, :, 0] += rng.normal(0, 0.05, (100, 60))

    normal = fit_normal(z, np.broadcast_to(1 / rows, (100, 56)), _ONE)
    p = normal.p_values(new, np.full((100, 60), 1 / 3000), np.zeros(60, np.int64))

    assert (p < 0.01).mean() < 0.025


def test_seasons_are_judged_by_themselves():
    """A level that is usual on its own day is odd on another."""
    rng = np.random.default_rng(4)
    z, v = _windows(rng, 5, 0.02)
    season = np.arange(56) % 7
    z[:, season == 0, 0] += 1.0

    normal = fit_normal(z, v, season)
    sunday = np.array([[[1.0, 0.0, 0.0, 0.0]]] * 5)
    own, other = (normal.p_values(sunday, np.full((5, 1), 1e-3), np.array([s])) for s in (0, 1))

    assert own.min() > 0.001
    assert other.max() < 1e-8


def test_a_season_that_the_reference_never_saw_is_judged_by_all():
    """The pooled level stands in, with the variation between the seasons."""
    z, v = _windows(np.random.default_rng(5), 4, 0.02)
    season = np.arange(56) % 7
    z[:, season == 0, 0] += 1.0

    p = fit_normal(z, v, season).p_values(z[:, :1], v[:, :1], np.array([7]))

    assert p.min() > 1e-4


def test_an_empty_window_has_no_p_value_and_does_not_count():
    """Infinite noise leaves a window out of the fit, and gives NaN where it is judged."""
    z, v = _windows(np.random.default_rng(6), 3, 0.1)
    broken, gone = z.copy(), v.copy()
    broken[:, 5], gone[:, 5] = 1e6, np.inf

    p = fit_normal(broken, gone, _ONE).p_values(broken[:, 4:6], gone[:, 4:6], np.zeros(2, np.int64))

    assert np.isfinite(p[:, 0]).all()
    assert np.isnan(p[:, 1]).all()


def test_a_column_unlike_the_others_keeps_its_own_variation():
    """One column that varies much among fifty that do not vary is not called drifted for it."""
    rng = np.random.default_rng(7)
    z, v = _windows(rng, 50, 0.0)
    z[0, :, 0] += rng.normal(0, 0.5, 56)
    new, noise = _windows(rng, 50, 0.0, windows=200)
    new[0, :, 0] += rng.normal(0, 0.5, 200)

    p = fit_normal(z, v, _ONE).p_values(new, noise, np.zeros(200, np.int64))

    assert (p[0] < 0.01).mean() < 0.04


def test_left_out_p_values_are_those_of_new_windows():
    """A week judged by the other weeks looks like a week of production."""
    z, v = _windows(np.random.default_rng(8), 100, 0.03)

    p = left_out(z, v, _ONE, np.arange(56) // 7)

    assert 0.03 <= (p < 0.05).mean() <= 0.06


def test_stated_variation_is_taken_as_given():
    """With τ = 0 a pooled reference of N rows and n new ones differ by 1/n + 1/N."""
    z, v = np.zeros((1, 8, 1)), np.full((1, 8), 1 / 125)
    new = np.full((1, 1, 1), 1.959964 * np.sqrt(1 / 1000 + 1 / 1000))

    p = stated_normal(z, v, 0.0).p_values(new, np.full((1, 1), 1 / 1000), np.zeros(1, np.int64))

    assert p[0, 0] == pytest.approx(0.05, abs=1e-4)


def test_what_is_far_out_now_and_then_is_judged_by_few_degrees_of_freedom():
    """One day in eight lies far out, as rain does: the next such day is no surprise."""
    rng = np.random.default_rng(5)
    z, v = rng.normal(0.0, 0.05, (1, 56, 2)), np.full((1, 56), 1e-3)
    z[0, ::8] *= 30.0
    even = rng.normal(0.0, z[0].std(), (1, 56, 2))

    heavy, usual = (fit_normal(x, v, np.zeros(56, np.int64)) for x in (z, even))

    day, noise, season = np.full((1, 1, 2), 2.0), np.full((1, 1), 1e-3), np.zeros(1, np.int64)
    assert heavy.p_values(day, noise, season).item() > 0.002
    assert usual.p_values(day, noise, season).item() < 1e-3
