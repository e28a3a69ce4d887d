"""How surprising the farthest value is."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.extreme import Above, Tail, tail


def _draw(name: str, rng: np.random.Generator, n: int) -> np.ndarray:
    draws = {
        "normal": lambda: rng.normal(size=n),
        "lognormal": lambda: rng.lognormal(3.0, 1.0, n),
        "t3": lambda: rng.standard_t(3, n),
        "pareto": lambda: rng.pareto(1.1, n),
        "poisson": lambda: rng.poisson(4, n).astype(float),
    }
    return draws[name]()


@pytest.mark.parametrize("name", ["normal", "lognormal", "t3", "pareto", "poisson"])
def test_the_farthest_value_of_the_same_law_is_rarely_odd(name):
    """Under no change a p-value below 1 % comes at most about that often, for every tail."""
    rng = np.random.default_rng(3)
    reference = _draw(name, rng, 20_000)
    middle = np.median(reference)
    fitted = tail(reference - middle, np.ones(20_000))
    assert fitted is not None

    p_values = [
        fitted.p_value(float(_draw(name, rng, 500).max() - middle), 500) for _ in range(400)
    ]

    assert np.mean(np.array(p_values) < 0.01) <= 0.0225


def _pareto(threshold: float, beyond: int, n: int, logs: float) -> Tail:
    return Tail(n, (Above(threshold, beyond, logs),), np.empty(0), np.empty(0))


def test_a_pareto_tail_is_the_stated_formula():
    """With k beyond u of N and S the sum of logs, the chance is (k/N)(1 + ln(d/u)/S)^-k."""
    fitted = _pareto(threshold=2.0, beyond=100, n=10_000, logs=50.0)

    assert fitted.p_value(2.0 * np.e, 1) == pytest.approx(0.01 * (1.0 + 1.0 / 50.0) ** -100)


def test_more_rows_make_a_far_value_less_odd():
    """The largest of many is farther than the largest of few."""
    fitted = _pareto(2.0, 100, 10_000, 50.0)

    assert fitted.p_value(30.0, 10_000) > fitted.p_value(30.0, 100)


def test_within_the_threshold_nothing_is_odd():
    """A value that a fiftieth of the reference exceeds has p = 1."""
    assert _pareto(2.0, 100, 10_000, 50.0).p_value(1.9, 5) == 1.0


def test_what_the_reference_holds_is_no_surprise():
    """Of two tables alike, each holds the farthest value of both every other time."""
    reference = np.append(np.random.default_rng(1).normal(size=9_999), 5_000.0)
    fitted = tail(reference, np.ones(10_000))
    assert fitted is not None

    assert fitted.p_value(5_000.0, 10_000) == pytest.approx(0.5, abs=1e-3)
    assert fitted.p_value(50_000.0, 10_000) < 0.05


def test_a_bulk_before_the_tail_does_not_hide_it():
    """Many values just beyond the threshold do not make the far ones of a heavy tail odd."""

    def draw(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        far = 20_000.0 + 2_000.0 * np.abs(rng.standard_t(1.5, 10_000))
        return np.where(rng.random(10_000) < 0.03, far, 0.0)

    fitted = [tail(draw(seed), np.ones(10_000)) for seed in range(5)]
    largest = [float(draw(seed).max()) for seed in range(5, 45)]

    p_values = [each.p_value(far, 10_000) for each in fitted if each for far in largest]

    assert len(p_values) == 200
    assert np.mean(np.array(p_values) < 1e-4) <= 0.02


def test_a_tail_of_one_repeated_value_knows_only_its_count():
    """Anything beyond a repeated largest value is as odd as one new in N."""
    fitted = tail([0.0, 1.0], [900, 100])

    assert fitted is None or fitted.p_value(5.0, 1) == pytest.approx(1.0 / 1001.0)


@pytest.mark.parametrize(
    ("distances", "counts"), [([-1.0, 0.0], [50, 50]), ([1.0, 2.0], [3, 3]), ([], [])]
)
def test_too_little_has_no_tail(distances, counts):
    """No positive threshold, or fewer than some values beyond it, is no tail at all."""
    assert tail(distances, counts) is None


def test_what_is_not_finite_is_refused():
    """Infinite distances are counted elsewhere."""
    with pytest.raises(InvalidInput, match="finite"):
        tail([np.inf], [1])
