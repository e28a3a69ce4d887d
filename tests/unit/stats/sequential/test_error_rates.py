"""What these methods promise, simulated: hardly ever wrong at any look, and not blind."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.sequential import (
    beta_binomial,
    betting,
    confidence_sequence,
    group_sequential,
    multinomial,
    normal_mixture,
    paired,
)
from watchkeeper.stats.sequential.aipw import effect, pseudo_outcomes
from watchkeeper.stats.sequential.bandit import best_rates, with_floor
from watchkeeper.stats.sequential.confidence_sequence import Moments, best_rho2
from watchkeeper.stats.sequential.quantiles import log_evidence_binned, quantile_interval

RUNS = 400
# Three standard errors above 5 %.
ALLOWED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)


def test_a_sequence_of_the_mean_covers_at_every_look():
    """Skewed values, a look after every hundredth row: one interval in twenty may ever be wrong."""
    random = np.random.default_rng(1)
    x = random.exponential(size=(RUNS, 5_000))
    looks = np.arange(500, 5_001, 100)
    n = np.arange(1, 5_001)
    mean = np.cumsum(x, axis=1) / n
    sd = np.sqrt(np.maximum(np.cumsum(x**2, axis=1) / n - mean**2, 0.0))
    rho2 = best_rho2(2_500, alpha=0.05)

    half = confidence_sequence.margin(n, sd, alpha=0.05, rho2=rho2)

    wrong = (np.abs(mean - 1.0) > half)[:, looks - 1].any(axis=1)
    assert wrong.mean() <= ALLOWED


def test_a_fixed_interval_does_not():
    """The same looks with ± 1.96 standard errors are wrong far more often: the check can fail."""
    random = np.random.default_rng(1)
    x = random.normal(size=(RUNS, 5_000))
    n = np.arange(1, 5_001)
    apart = np.abs(np.cumsum(x, axis=1)) > 1.96 * np.sqrt(n)

    assert apart[:, 499::100].any(axis=1).mean() > 0.15


@pytest.mark.parametrize("rate", [0.002, 0.1, 0.5])
def test_proportions_are_covered_at_every_look(rate):
    """Rare and common successes, a look after every row."""
    random = np.random.default_rng(2)
    n = np.arange(1, 3_001)
    s = np.cumsum(random.random((RUNS, 3_000)) < rate, axis=1) - rate * n
    v = rate * (1.0 - rate)
    rho = normal_mixture.best_rho(1_000 * v, alpha=0.05)

    logs = beta_binomial.log_two_sided(s, n * v, g=rate, h=1.0 - rate, rho=rho)

    assert (logs > np.log(20.0)).any(axis=1).mean() <= ALLOWED


def test_bets_cover_rare_events_from_the_first_row_on():
    """A mean of 1 % is inside at ten looks in 19 of 20 runs, and the interval is short."""
    random = np.random.default_rng(3)
    inside, widths = [], []
    for _ in range(60):
        x = (random.random(2_000) < 0.01).astype(float)
        found = betting.running_interval(x, at=np.arange(200, 2_001, 200))
        inside.append(all(low <= 0.01 <= high for low, high in found))
        widths.append(found[-1][1] - found[-1][0])

    assert np.mean(inside) >= 0.9
    assert np.median(widths) < 0.025


@pytest.mark.parametrize(("shares", "counted", "concentration"), [
    ((0.5, 0.5), (0.5, 0.5), multinomial.ASSIGNMENT),
    ((0.95, 0.05), (0.95, 0.05), multinomial.ERRORS),
])  # fmt: skip
def test_a_fair_deal_is_not_doubted(shares, counted, concentration):
    """Looked at after every hundredth count."""
    random = np.random.default_rng(5)
    wrong = 0
    for _ in range(RUNS):
        counts = np.cumsum(random.multinomial(100, counted, size=50), axis=0)
        logs = [
            multinomial.log_bayes_factor(c, shares, concentration=concentration) for c in counts
        ]
        wrong += multinomial.p_value(logs) <= 0.05

    assert wrong / RUNS <= ALLOWED


def test_a_broken_canary_is_seen_soon():
    """Twice the error rate at 5 % of the traffic, 50 requests a second, 1 % errors: half of the
    canaries are stopped within three looks of five minutes.
    """
    random = np.random.default_rng(6)
    looks = []
    for _ in range(200):
        canary = np.cumsum(random.poisson(0.05 * 50 * 300 * 0.02, size=40))
        others = np.cumsum(random.poisson(0.95 * 50 * 300 * 0.01, size=40))
        logs = [
            multinomial.log_bayes_factor([o, c], [0.95, 0.05], concentration=multinomial.ERRORS)
            for o, c in zip(others, canary, strict=True)
        ]
        looks.append(np.flatnonzero(np.array(logs) > np.log(20.0))[0] + 1)

    assert np.median(looks) <= 3


def test_planned_looks_keep_the_error_and_the_power():
    """Monte Carlo of the five O'Brien-Fleming looks, without an effect and with the planned one."""
    random = np.random.default_rng(7)
    shares = np.arange(1, 6) / 5
    bounds = group_sequential.boundaries(shares)
    drift = group_sequential.drift_for(shares, bounds, power=0.9)
    walk = np.cumsum(random.normal(size=(20_000, 5)) * np.sqrt(0.2), axis=1)

    null = (np.abs(walk / np.sqrt(shares)) > bounds).any(axis=1).mean()
    found = ((walk + drift * shares) / np.sqrt(shares) > bounds).any(axis=1).mean()

    assert null == pytest.approx(0.05, abs=0.005)
    assert found == pytest.approx(0.9, abs=0.007)


def test_looks_that_were_not_planned_keep_the_error():
    """The information at the looks is what came, not what was planned."""
    random = np.random.default_rng(8)
    shares = np.array([0.13, 0.2, 0.55, 0.61, 1.0])
    bounds = group_sequential.boundaries(shares, spending="pocock")
    steps = np.sqrt(np.diff(shares, prepend=0.0))
    walk = np.cumsum(random.normal(size=(20_000, 5)) * steps, axis=1)

    null = (np.abs(walk / np.sqrt(shares)) > bounds).any(axis=1).mean()

    assert null == pytest.approx(0.05, abs=0.005)


def test_equal_models_are_not_told_apart_by_the_rows_they_differ_on():
    """A look after every tenth such row."""
    random = np.random.default_rng(9)
    n = np.arange(10, 501, 10)

    def evidence():
        first = np.cumsum(random.random(500) < 0.5)[n - 1]
        return max(paired.log_evidence(int(b), int(k - b)) for b, k in zip(first, n, strict=True))

    wrong = [evidence() > np.log(20.0) for _ in range(RUNS)]

    assert np.mean(wrong) <= ALLOWED
    assert paired.log_evidence(80, 40) > np.log(20.0)


def test_equal_latencies_are_not_told_apart_on_bins():
    """p95 on 256 bins, a look after every 500 rows an arm; 1.3 times as slow is seen."""
    random = np.random.default_rng(10)
    edges = np.geomspace(0.1, 1_000.0, 255)

    def evidence(factor):
        arms = [random.lognormal(3.0, 0.5, 5_000), factor * random.lognormal(3.0, 0.5, 5_000)]
        binned = [np.searchsorted(edges, arm) for arm in arms]
        return max(
            log_evidence_binned(
                *(np.bincount(b[:n], minlength=256) for b in binned),
                quantile=0.95,
                tightest_at=2_500,
            )
            for n in range(500, 5_001, 500)
        )

    assert np.mean([evidence(1.0) > np.log(20.0) for _ in range(200)]) <= 0.05
    assert np.mean([evidence(1.3) > np.log(20.0) for _ in range(40)]) >= 0.9


def test_a_quantile_is_covered_at_every_look():
    """The median of skewed values, at ten looks."""
    random = np.random.default_rng(11)
    wrong = 0
    for _ in range(200):
        x = random.lognormal(size=2_000)
        found = [
            quantile_interval(x[:n], quantile=0.5, tightest_at=1_000)
            for n in range(200, 2_001, 200)
        ]
        wrong += any(not low <= 1.0 <= high for low, high in found)

    assert wrong / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_aipw_is_unbiased_where_plain_means_of_a_bandit_are_not():
    """Two equal arms under Thompson sampling: the plain mean of the worse-looking arm is too low,
    AIPW's effect is not, and its sequence covers.
    """
    random = np.random.default_rng(12)
    plain, effects, wrong = [], [], 0
    for _ in range(100):
        success, trials = np.zeros(2), np.zeros(2)
        y, a, e = [], [], []
        for _ in range(20):
            p = with_floor(best_rates(success, trials, random=random))
            arm = random.choice(2, size=50, p=p)
            won = random.random(50) < 0.3
            np.add.at(trials, arm, 1.0)
            np.add.at(success, arm, won)
            y.append(won)
            a.append(arm)
            e.append(np.tile(p, (50, 1)))
        pseudo = pseudo_outcomes(np.concatenate(y), np.concatenate(a), np.concatenate(e))
        found = effect(pseudo, arm=1, against=0, rho2=best_rho2(500, alpha=0.05))
        wrong += not found.low <= 0.0 <= found.high
        effects.append(found.value)
        plain.append((success / np.maximum(trials, 1.0)).mean())

    assert np.mean(plain) < 0.3 - 3 * np.std(plain) / np.sqrt(100)
    assert abs(np.mean(effects)) < 3 * np.std(effects) / np.sqrt(100)
    assert wrong / 100 <= 0.1


def test_moments_merge_exactly():
    """Any split of the values gives what all of them give."""
    x = np.random.default_rng(13).lognormal(size=1_000)

    merged = Moments.of(x[:1]) + Moments.of(x[1:17]) + Moments.of([]) + Moments.of(x[17:])

    whole = Moments.of(x)
    assert merged.n == whole.n
    assert (merged.mean, merged.variance) == pytest.approx((whole.mean, whole.variance), rel=1e-12)
