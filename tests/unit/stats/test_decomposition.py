"""Changes of a mean, parted into mix and within."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.decomposition import Cells, decompose, simultaneous

# Das Gupta (1993), Standardization and Decomposition of Rates, example 5.3: United States, by race
# and eleven age groups; population (thousands) and deaths per thousand, 1970 and 1985.
SIZE_1970 = [
    2968, 11484, 34614, 30992, 21983, 20314, 20928, 16897, 11339, 5720, 1315,
    535, 2162, 6120, 4781, 3096, 2718, 2363, 1767, 1149, 448, 117,
]  # fmt: skip
RATE_1970 = [
    18.469, 0.751, 0.391, 1.146, 1.287, 2.672, 6.636, 15.691, 34.723, 79.763, 176.837,
    36.993, 1.352, 0.541, 2.040, 3.523, 6.746, 12.967, 24.471, 45.091, 74.902, 123.205,
]  # fmt: skip
SIZE_1985 = [
    3041, 11577, 27450, 32711, 35480, 27411, 19555, 19795, 15254, 8022, 2472,
    707, 2692, 6473, 6841, 6547, 4352, 3034, 2540, 1749, 804, 236,
]  # fmt: skip
RATE_1985 = [
    9.163, 0.462, 0.248, 0.929, 1.084, 1.810, 4.715, 12.187, 27.728, 64.068, 157.570,
    17.208, 0.738, 0.328, 1.103, 2.045, 3.724, 8.052, 17.812, 34.128, 68.276, 125.161,
]  # fmt: skip


def cells(n, mean, spread=1.0):
    """Cells of ``n`` rows with these means, whose rows vary by ``spread``."""
    n, mean = np.asarray(n, float), np.asarray(mean, float)
    return Cells(n, n * mean, n * (mean**2 + spread**2))


def counted(cell, x, size):
    """Rows counted by cell."""
    return Cells(
        np.bincount(cell, minlength=size).astype(float),
        np.bincount(cell, weights=x, minlength=size),
        np.bincount(cell, weights=x * x, minlength=size),
    )


def test_by_hand():
    """Two cells: the share of the worse one grows by 0.3 (+0.06) and it gets worse by 0.1 (+0.08)."""
    found = decompose(cells([500, 500], [0.1, 0.3]), cells([200, 800], [0.1, 0.4]))

    assert float(found.mix) == pytest.approx(0.06)
    assert float(found.within) == pytest.approx(0.08)
    assert found.mix_cells == pytest.approx([0.03, 0.03])


def test_published_populations_by_regression():
    """On published data it is the Oaxaca-Blinder decomposition of a regression on dummies."""
    before, after = cells(SIZE_1970, RATE_1970), cells(SIZE_1985, RATE_1985)
    p, q = before.n / before.rows, after.n / after.rows
    dummies = np.column_stack([np.ones(22), np.eye(22)[:, 1:]])
    old, new = (
        np.linalg.lstsq(dummies * np.sqrt(w)[:, None], np.array(rate) * np.sqrt(w))[0]
        for w, rate in ((p, RATE_1970), (q, RATE_1985))
    )

    found = decompose(before, after)

    assert float(found.mix) == pytest.approx(float((q - p) @ dummies @ old))
    assert float(found.within) == pytest.approx(float(q @ dummies @ (new - old)))


def test_kitagawa_is_the_mean_of_forth_and_back():
    """Kitagawa's symmetric mix of the published populations, computed by her own formula."""
    before, after = cells(SIZE_1970, RATE_1970), cells(SIZE_1985, RATE_1985)
    shares = after.n / after.rows - before.n / before.rows
    symmetric = float(shares @ (np.array(RATE_1970) + np.array(RATE_1985)) / 2.0)

    forth, back = decompose(before, after), decompose(after, before)

    assert float(forth.mix - back.mix) / 2.0 == pytest.approx(symmetric)


@given(
    arrays(np.int64, 5, elements=st.integers(0, 300)),
    arrays(np.int64, (3, 5), elements=st.integers(0, 300)),
    arrays(float, (4, 5), elements=st.floats(-5, 5)),
)
def test_the_parts_are_the_whole(n, m, means):
    """Mix and within add up to the change of the mean, whatever cells are empty or new."""
    n[0], m[:, 1] = n[0] + 1, m[:, 1] + 1
    before, after = cells(n, means[0]), cells(m, means[1:])

    found = decompose(before, after)

    assert found.change == pytest.approx(after.mean - before.mean, abs=1e-9)
    assert np.all(found.mix_variance >= 0.0)
    assert np.all(found.within_variance >= 0.0)


def test_a_new_kind_of_rows_is_mix():
    """What rows of a kind do that the reference never held is no change of a relation."""
    found = decompose(cells([1000, 0], [0.1, 0.0]), cells([900, 100], [0.1, 0.6]))

    assert float(found.mix) == pytest.approx(0.05)
    assert float(found.within) == pytest.approx(0.0)


def test_errors_are_those_of_repeated_samples():
    """The variances of both parts are, on average, those that repeated samples have."""
    rng = np.random.default_rng(4)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    a, c = np.array([0.1, 0.2, 0.5]), np.array([0.15, 0.2, 0.4])

    def sample(rows, shares, rates):
        cell = rng.choice(3, rows, p=shares)
        return counted(cell, (rng.random(rows) < rates[cell]).astype(float), 3)

    found = [decompose(sample(4000, p, a), sample(1500, q, c)) for _ in range(1500)]

    for part in ("mix", "within"):
        seen = np.var([float(getattr(each, part)) for each in found])
        stated = np.mean([float(getattr(each, f"{part}_variance")) for each in found])
        assert stated == pytest.approx(seen, rel=0.12)


def test_many_windows_at_once():
    """Windows stacked along a leading axis are decomposed as each alone."""
    before = cells([50, 70, 90], [1.0, 2.0, 3.0])
    stacked = cells([[10, 20, 30], [30, 20, 10]], [[1.0, 2.5, 3.0], [2.0, 2.0, 2.0]])

    together = decompose(before, stacked)
    alone = decompose(before, Cells(stacked.n[1], stacked.total[1], stacked.square[1]))

    assert together.mix[1] == pytest.approx(float(alone.mix))
    assert together.within_variance[1] == pytest.approx(float(alone.within_variance))


@pytest.mark.parametrize(
    ("before", "after"), [([1, 2], [1, 2, 3]), ([0, 0], [1, 2]), ([1, 2], [0, 0])]
)
def test_nothing_to_compare(before, after):
    """Other cells, or a side without rows, are refused and not made into a number."""
    with pytest.raises(InvalidInput):
        decompose(cells(before, np.zeros(len(before))), cells(after, np.zeros(len(after))))


def test_intervals_hold_together():
    """Of five intervals each has a fifth of the 5 %; what does not vary has no width."""
    low, high = simultaneous(2.0, 4.0, np.inf, of=5)

    assert high - 2.0 == pytest.approx(0.5 * float(ndtri(1.0 - 0.005)))
    assert 2.0 - low == pytest.approx(high - 2.0)
    assert simultaneous(2.0, np.inf, 5.0, of=5) == (2.0, 2.0)
