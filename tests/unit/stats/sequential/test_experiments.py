"""Adjustment, ratios, plans, drafts, propensities: and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.multiplicity.e_bh import e_benjamini_hochberg
from watchkeeper.stats.sequential import (
    aipw,
    bandit,
    beta_binomial,
    betting,
    confidence_sequence,
    cuped,
    group_sequential,
    interleaving,
    msprt,
    multinomial,
    normal_mixture,
    paired,
    paired_auc,
    planning,
    quantiles,
    ratio,
)
from watchkeeper.stats.sequential.confidence_sequence import Moments


def test_cuped_takes_off_what_the_covariate_explains():
    """The variance falls by r², the mean stays."""
    random = np.random.default_rng(1)
    x = random.normal(3.0, 2.0, 20_000)
    y = x + random.normal(0.0, 2.0, 20_000)

    found = cuped.adjusted(y, x, center=x.mean())

    assert found.mean() == pytest.approx(y.mean(), abs=1e-9)
    assert found.var() / y.var() == pytest.approx(0.5, abs=0.02)
    assert cuped.theta_of(y, np.ones(20_000)) == 0.0


def test_a_ratio_knows_its_clusters():
    """Rows of one user go together: the variance of a mean over users, by simulation."""
    random = np.random.default_rng(2)

    def draw():
        views = 1 + random.poisson(4, 500)
        users = np.repeat(np.arange(500), views)
        clicks = random.random(len(users)) < np.repeat(random.beta(2, 5, 500), views)
        return ratio.ratio_moments(clicks.astype(float), np.ones(len(users)), users)

    found = [draw() for _ in range(300)]

    truth = np.var([m.mean for m in found])
    assert np.mean([m.variance / m.n for m in found]) == pytest.approx(truth, rel=0.2)


def test_a_sequence_needs_more_rows_than_planned_looks():
    """In the order of what may be looked at; each grows as the effect shrinks."""
    sizes = [
        planning.fixed_size(0.01, variance=0.09),
        planning.group_sequential_size(0.01, variance=0.09, looks=5),
        planning.sequence_size(0.01, variance=0.09),
    ]

    assert sizes == sorted(sizes)
    assert sizes[2] < 2.5 * sizes[0]
    assert planning.fixed_size(0.005, variance=0.09) == pytest.approx(4 * sizes[0], rel=1e-4)


def test_a_planned_sequence_has_its_power():
    """Of runs with the planned effect the planned share is decided by the planned size."""
    random = np.random.default_rng(3)
    n = planning.sequence_size(0.2, variance=1.0, power=0.8)
    rho2 = confidence_sequence.best_rho2(n / 2, alpha=0.05)
    hits = 0
    for _ in range(300):
        arms = [Moments.of(random.normal(m, 1.0, n // 2)) for m in (0.0, 0.2)]
        hits += confidence_sequence.difference(*arms, rho2=rho2).low > 0.0

    assert hits / 300 == pytest.approx(0.8, abs=0.08)


def test_the_p_value_and_the_interval_agree():
    """The interval leaves zero out exactly where the p-value is below alpha."""
    arms = Moments(5_000, 0.0, 1.0), Moments(5_000, 0.0722, 1.0)
    rho2 = 0.001

    for alpha in (0.01, 0.03, 0.05, 0.2):
        found = confidence_sequence.difference(*arms, alpha=alpha, rho2=rho2)
        p = confidence_sequence.p_value(found, rho2=rho2)
        assert (found.low > 0.0) == (p < alpha)


def test_few_rows_give_no_figure():
    """Before a hundred rows an arm nothing is said."""
    found = confidence_sequence.difference(Moments(99, 0, 1), Moments(10_000, 1, 1), rho2=0.01)

    assert (found.value, found.n) == (None, 10_099)
    assert confidence_sequence.p_value(found, rho2=0.01) == 1.0


def test_team_draft_is_fair_and_complete():
    """Each item once, the best of both first, teams of equal size, neither always first."""
    random = np.random.default_rng(4)
    drafts = [interleaving.team_draft("abcd", "dcba", length=4, random=random) for _ in range(400)]

    assert all(sorted(draft.items) == list("abcd") for draft in drafts)
    assert all(sum(draft.teams) == 2 for draft in drafts)
    assert 140 < sum(draft.teams[0] for draft in drafts) < 260
    assert interleaving.team_draft("ab", "b", length=9, random=random).items.__len__() == 2
    assert interleaving.winner(drafts[0], []) == 0


def test_every_arm_keeps_its_floor():
    """Raising one arm may push another below the floor; paused arms get nothing."""
    found = bandit.with_floor([0.9, 0.06, 0.04, 0.0], floor=0.05)
    paused = bandit.with_floor([0.9, 0.1, 0.0], paused=[True, False, False])

    assert found.sum() == pytest.approx(1.0)
    assert found.min() >= 0.05 - 1e-12
    assert paused[0] == 0.0
    assert paused.sum() == pytest.approx(1.0)


def test_the_best_mean_is_found():
    """By normal draws of the means; equal chances where nothing is known."""
    random = np.random.default_rng(5)
    arms = [Moments(1_000, 0.0, 1.0), Moments(1_000, 0.3, 1.0), Moments(1_000, 0.1, 1.0)]

    assert bandit.best_means(arms, random=random).argmax() == 1
    assert bandit.best_means([Moments(0, 0, 0), *arms], random=random).tolist() == [0.25] * 4


def test_e_values_of_many_metrics():
    """None, some, all; never more than the p-values 1/e would have."""
    assert not e_benjamini_hochberg([1.0, 2.0], alpha=0.05).any()
    assert e_benjamini_hochberg([20.0], alpha=0.05).tolist() == [True]
    assert e_benjamini_hochberg([], alpha=0.05).tolist() == []


@pytest.mark.parametrize("call", [
    lambda: normal_mixture.best_rho(0.0, alpha=0.05),
    lambda: beta_binomial.proportion_interval(5, 4, tightest_at=10),
    lambda: beta_binomial.log_two_sided(1.0, 1.0, g=0.0, h=1.0, rho=1.0),
    lambda: confidence_sequence.Moments.of([np.nan]),
    lambda: confidence_sequence.best_rho2(-1, alpha=0.05),
    lambda: msprt.log_likelihood_ratio(0.1, 10, variance=0.0, prior_variance=1.0),
    lambda: multinomial.log_bayes_factor([1, -1], [0.5, 0.5], concentration=10),
    lambda: multinomial.log_bayes_factor([1, 1], [0.5, 0.5], concentration=0),
    lambda: quantiles.log_evidence([1.0], [np.nan], quantile=0.5, tightest_at=10),
    lambda: quantiles.log_evidence([1.0], [2.0], quantile=1.5, tightest_at=10),
    lambda: quantiles.log_evidence_binned([1], [1, 2], quantile=0.5, tightest_at=10),
    lambda: betting.mean_interval([2.0]),
    lambda: betting.mean_interval([0.5], alpha=2.0),
    lambda: cuped.adjusted([1.0], [1.0, 2.0], center=0.0),
    lambda: ratio.ratio_moments([1.0], [0.0]),
    lambda: ratio.ratio_moments([1.0, 2.0], [1.0, 1.0], [1]),
    lambda: group_sequential.boundaries([0.5, 0.4]),
    lambda: group_sequential.boundaries([0.5], alpha=0.0),
    lambda: group_sequential.crossing([0.5, 1.0], [2.0], drift=1.0),
    lambda: group_sequential.drift_for([1.0], [2.0], power=1.0),
    lambda: paired.mcnemar(-1, 2),
    lambda: paired_auc.auc_difference([True, False], [0.1, np.inf], [0.1, 0.2]),
    lambda: bandit.best_rates([3], [2], random=np.random.default_rng(0)),
    lambda: bandit.best_means([], random=np.random.default_rng(0)),
    lambda: bandit.with_floor([1.0, 0.0], floor=0.6),
    lambda: bandit.with_floor([1.0], paused=[True]),
    lambda: aipw.pseudo_outcomes([1.0], [0], [[0.0, 1.0]]),
    lambda: aipw.pseudo_outcomes([1.0], [2], [[0.5, 0.5]]),
    lambda: planning.fixed_size(0.0, variance=1.0),
    lambda: planning.group_sequential_size(0.1, variance=1.0, looks=0),
    lambda: e_benjamini_hochberg([-1.0], alpha=0.05),
])  # fmt: skip
def test_what_cannot_be_is_refused(call):
    """With an error that says what must hold."""
    with pytest.raises(InvalidInput):
        call()
