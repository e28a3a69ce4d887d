"""Gaps between groups: published figures, error rates, and silence where there is too little."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.fairness.criteria import CRITERIA, worst_gap
from watchkeeper.stats.fairness.gap import gap, lasting_gap
from watchkeeper.stats.fairness.rates import RATES, GroupCounts
from watchkeeper.stats.fairness.shrinkage import shrunk_rates


def test_compas_as_propublica_has_it(shared_data):
    """False positives 44.85 % of black, 23.45 % of white defendants; false negatives 27.99 % and
    47.72 %; and the gaps are no chance.
    """
    table = pq.read_table(shared_data / "compas" / "compas_two_years.parquet")
    races = np.array(table["race"].to_pylist())
    rows = np.isin(races, ["African-American", "Caucasian"])
    counts = GroupCounts.of(
        np.array(table["two_year_recid"])[rows] == 1,
        np.array(table["decile_score"])[rows] >= 5,
        (races[rows] == "Caucasian").astype(int),
    )

    def percent(name):
        events, totals = RATES[name](counts)
        return (100 * events / totals).round(2).tolist()

    assert percent("false_positive_rate") == [44.85, 23.45]
    assert percent("false_negative_rate") == [27.99, 47.72]
    name, found = worst_gap("equalized_odds", counts)
    assert name == "false_positive_rate"
    assert found.difference.value == pytest.approx(0.2140, abs=1e-4)
    assert 0.15 < found.difference.low < found.difference.high < 0.28
    assert (found.highest, found.lowest) == (0, 1)


def test_the_definitions_are_the_textbook_ones():
    """Differences and ratios between groups, written out row by row."""
    random = np.random.default_rng(1)
    y, p, g = random.random(900) < 0.4, random.random(900) < 0.5, random.integers(0, 3, 900)
    counts = GroupCounts.of(y, p, g)

    def by_group(chosen, of):
        return [chosen[(g == group) & of].mean() for group in range(3)]

    wanted = {
        "demographic_parity": np.ptp(by_group(p, np.ones(900, bool))),
        "equal_opportunity": np.ptp(by_group(p, y)),
        "equalized_odds": max(np.ptp(by_group(p, y)), np.ptp(by_group(p, ~y))),
        "predictive_parity": np.ptp(by_group(y, p)),
        "accuracy_parity": np.ptp(by_group(y == p, np.ones(900, bool))),
    }
    found = {name: worst_gap(name, counts)[1] for name in CRITERIA}

    assert {n: f.difference.value for n, f in found.items()} == pytest.approx(wanted, abs=1e-12)
    rates = by_group(p, np.ones(900, bool))
    assert found["demographic_parity"].ratio == pytest.approx(min(rates) / max(rates))


def test_the_figures_are_those_of_fairlearn_itself():
    """The library's own differences and ratios, on the same rows."""
    metrics = pytest.importorskip("fairlearn.metrics")
    random = np.random.default_rng(7)
    g = random.integers(0, 4, 2_000)
    y = random.random(2_000) < 0.3 + 0.05 * g
    p = random.random(2_000) < 0.2 + 0.3 * y
    counts = GroupCounts.of(y, p, g)

    def theirs(name):
        return getattr(metrics, name)(y, p, sensitive_features=g)

    for ours, name in (
        ("demographic_parity", "demographic_parity"),
        ("equal_opportunity", "equal_opportunity"),
        ("equalized_odds", "equalized_odds"),
    ):
        found = worst_gap(ours, counts)[1]
        assert found.difference.value == pytest.approx(theirs(f"{name}_difference"), abs=1e-12)
    ratio = worst_gap("demographic_parity", counts)[1].ratio
    assert ratio == pytest.approx(theirs("demographic_parity_ratio"), abs=1e-12)


def test_equal_groups_are_hardly_ever_called_unequal():
    """Six groups with one rate: the lower bound is above zero in at most 5 % of 600 looks."""
    random = np.random.default_rng(2)
    totals = np.array([40, 60, 100, 300, 800, 2_000])

    wrong = np.mean(
        [gap(random.binomial(totals, 0.3), totals).difference.low > 0.0 for _ in range(600)]
    )

    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_a_gap_that_is_watched_is_hardly_ever_wrong_at_any_look():
    """Two groups with one rate, 30 looks; one look's interval is wrong far more often."""
    random = np.random.default_rng(3)
    often, ever = 0, 0
    for _ in range(200):
        k = np.cumsum(random.binomial(100, 0.2, (30, 2)), axis=0)
        looks = [(k[i], [100 * (i + 1)] * 2) for i in range(30)]
        often += any(gap(*look).difference.low > 0.0 for look in looks)
        ever += any(lasting_gap(*look, tightest_at=1_500).difference.low > 0.0 for look in looks)

    assert ever / 200 <= 0.05
    assert often / 200 > 0.1


def test_a_real_gap_is_found():
    """A difference of 10 points between groups of a thousand."""
    assert gap([300, 400, 300], [1_000, 1_000, 1_000]).difference.low > 0.03
    assert lasting_gap([600, 900], [3_000, 3_000], tightest_at=2_000).difference.low > 0.0


def test_small_groups_are_insufficient_and_never_fair():
    """They are named, and where fewer than two are left there is no figure."""
    found = gap([3, 50, 60], [10, 100, 100])
    none = gap([3, 50], [10, 100])

    assert found.insufficient == (0,)
    assert found.difference.value == pytest.approx(0.1)
    assert (none.difference.value, none.ratio, none.insufficient) == (None, None, (0,))
    assert gap([0, 0], [50, 50]).ratio is None


def test_small_intersections_are_drawn_to_the_rest():
    """Of a hundred groups of one rate the shrunk rates spread far less than the raw ones."""
    random = np.random.default_rng(4)
    totals = np.full(100, 12)
    events = random.binomial(totals, 0.3)

    rates, low, high = shrunk_rates(events, totals)

    assert rates.std() < 0.4 * (events / totals).std()
    assert ((low < 0.3) & (0.3 < high)).mean() > 0.9
    assert shrunk_rates([0, 0], [9, 9])[0].max() < 0.01


@pytest.mark.parametrize("call", [
    lambda: gap([2], [1]),
    lambda: shrunk_rates([0.0], [0.0]),
    lambda: worst_gap("justice", GroupCounts.of([True], [True], [0])),
    lambda: GroupCounts.of([True], [True, False], [0]),
    lambda: GroupCounts.of([True], [True], [-1]),
])  # fmt: skip
def test_what_cannot_be_is_refused(call):
    """With an error that says what must hold."""
    with pytest.raises(InvalidInput):
        call()
