"""Labels that are bought with known chances give figures that are unbiased, and sharper."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.labelling.audited import audited_mean, audited_terms
from watchkeeper.stats.labelling.design import draw, propensities
from watchkeeper.stats.labelling.forecast import half_width, labels_needed, labels_needed_plain
from watchkeeper.stats.labelling.lure import lure_weights
from watchkeeper.stats.labelling.ppi import power_of, ppi_mean


def test_ppi_golden_value():
    """λ, estimate and standard error of a fixed draw, by an independent computation."""
    random = np.random.default_rng(0)
    others, guess = random.random(1_000), random.random(100)
    outcome = (random.random(100) < guess).astype(float)

    found = ppi_mean(outcome, guess, others)

    assert power_of(outcome, guess, others) == pytest.approx(0.759378, abs=1e-6)
    assert (found.value, found.se) == pytest.approx((0.514794, 0.044526), abs=1e-6)


@pytest.fixture
def rows():
    """An auditor that is honest, and what is true."""
    random = np.random.default_rng(1)
    guess = random.beta(9.0, 1.0, 5_000)
    return guess, (random.random(5_000) < guess).astype(float), random


def test_the_audit_is_unbiased_and_covers(rows):
    """400 audits of about 300 labels: the mean error is noise, the intervals hold 95 %, and they
    are as wide as was told before.
    """
    guess, truth, random = rows
    pi = propensities(np.sqrt(guess * (1.0 - guess)), budget=300)
    found = []
    for _ in range(400):
        labelled = np.where(draw(pi, random=random), truth, np.nan)
        found.append(audited_mean(guess, labelled, pi))

    errors = np.array([each.value for each in found]) - truth.mean()
    # The rows are all that there are, so the spread of their guesses adds no error here.
    inside = np.abs(errors) <= 1.96 * np.array([each.se for each in found])
    assert abs(errors.mean()) < 3.0 * errors.std() / 20.0
    assert inside.mean() > 0.93
    told = half_width(guess, labels=300)
    assert np.median([each.high - each.value for each in found]) == pytest.approx(told, rel=0.1)


def test_a_wrong_auditor_costs_width_and_not_truth(rows):
    """Guesses that are upside down: still unbiased."""
    guess, truth, random = rows
    wrong = 1.0 - guess
    pi = propensities(np.sqrt(wrong * (1.0 - wrong)), budget=500)

    values = [
        audited_mean(wrong, np.where(draw(pi, random=random), truth, np.nan), pi).value
        for _ in range(300)
    ]

    assert abs(np.mean(values) - truth.mean()) < 3.0 * np.std(values) / np.sqrt(300)


def test_a_good_auditor_saves_labels():
    """As many labels as a plain sample needs at accuracy .9, several times less for a sharp one."""
    random = np.random.default_rng(2)
    sharp = np.where(random.random(20_000) < 0.9, 0.995, 0.05)

    needed = labels_needed(sharp, half_width_wanted=0.02)

    assert needed < 0.5 * labels_needed_plain(float(sharp.mean()), half_width_wanted=0.02)
    assert half_width(sharp, labels=needed) <= 0.0201
    assert labels_needed(sharp[:50], half_width_wanted=0.001) is None
    assert labels_needed(np.full(10_000, 0.5), half_width_wanted=0.9) == 2


def test_the_budget_is_kept_and_nobody_is_left_out():
    """Chances add up to the budget also where some are cut at one; none is zero."""
    u = np.array([1_000.0, 10.0, 1.0, 0.0, 0.0, 0.0])

    found = propensities(u, budget=3)

    assert found.sum() == pytest.approx(3.0)
    assert found[0] == 1.0
    assert found.min() > 0.0
    assert propensities(np.zeros(4), budget=2).tolist() == [0.5] * 4
    assert propensities([0.1, 0.2], budget=9).tolist() == [1.0, 1.0]


def test_lure_is_unbiased():
    """Rows with a larger loss are chosen sooner; the weighted mean is that of all."""
    random = np.random.default_rng(3)
    loss = np.array([0.0, 0.1, 0.3, 0.9, 1.0])
    found = []
    for _ in range(4_000):
        left, chances, seen = list(range(5)), [], []
        for _ in range(3):
            weight = loss[left] + 0.2
            q = weight / weight.sum()
            at = random.choice(len(left), p=q)
            chances.append(q[at])
            seen.append(loss[left.pop(at)])
        found.append((lure_weights(chances, rows=5) * seen).mean())

    assert np.mean(found) == pytest.approx(loss.mean(), abs=3.0 * np.std(found) / np.sqrt(4_000))
    assert lure_weights([0.2, 0.25, 1 / 3, 0.5, 1.0], rows=5) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("call", [
    lambda: propensities([-1.0], budget=1),
    lambda: propensities([1.0, 1.0], budget=0),
    lambda: draw([1.5], random=np.random.default_rng(0)),
    lambda: audited_terms([0.5], [1.0], [0.0]),
    lambda: audited_terms([0.5, 0.5], [1.0], [1.0]),
    lambda: ppi_mean([1.0], [1.0, 2.0], [1.0]),
    lambda: ppi_mean([np.nan], [1.0], [1.0]),
    lambda: lure_weights([0.0], rows=2),
    lambda: lure_weights([0.5, 0.5], rows=1),
    lambda: half_width([1.5], labels=10),
    lambda: labels_needed_plain(2.0, half_width_wanted=0.1),
])  # fmt: skip
def test_what_cannot_be_is_refused(call):
    """With an error that says what must hold."""
    with pytest.raises(InvalidInput):
        call()


def test_too_few_labels_give_no_figure():
    """One label says nothing of its spread."""
    assert audited_mean([0.5, 0.5], [1.0, np.nan], [0.5, 0.5]).value is None
    assert ppi_mean([1.0], [0.5], [0.5]).value is None
