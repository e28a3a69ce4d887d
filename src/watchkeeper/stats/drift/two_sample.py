"""Two samples of categories, without time: are they of one population.

Three tests on the groups of `watchkeeper.stats.drift.grouping`, combined by Cauchy:

- Pearson's χ² of the 2 × G table, for many small changes;
- the smallest p-value of a single category, given its rows in both samples binomial (mid-p),
  corrected for G − 1 of them (Šidák), for one large change;
- the rows with values that the reference never held against Good and Turing's estimate:
  ``r·f₁`` with r = n/N is expected, with variance ``f₁(r + r²) + 2r²f₂``, where f_i categories of
  the reference have i rows. Left out where values of the reference are not counted by name.

Assumes exchangeable rows. Not for windows of time, which differ by nature. O(K).

References
----------
Good, I. J. (1953), The population frequencies of species. Biometrika 40.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from watchkeeper.stats.drift.binomial import mid_p
from watchkeeper.stats.drift.combine import cauchy
from watchkeeper.stats.drift.grouping import Grouping

__all__ = ["two_sample_p_value"]

_SINGLETONS = 10.0

Floats = npt.NDArray[np.float64]


def two_sample_p_value(reference: Floats, current: Floats, grouping: Grouping) -> float:
    """The p-value of "one population" for counts (K,); the last two are other and unseen.

    1.0 where nothing can be tested (every row of both samples is in one group).
    """
    a, b = grouping.count(reference), grouping.count(current)
    used = a + b > 0.0
    a, b = a[used], b[used]
    tests = []
    if len(a) > 1:
        tests += [_pearson(a, b), _single(a, b)]
    unseen = _unseen(reference, current)
    if unseen is not None:
        tests.append(unseen)
    return float(cauchy(np.array(tests))) if tests else 1.0


def _pearson(a: Floats, b: Floats) -> float:
    n, m = a.sum(), b.sum()
    pooled = (a + b) / (n + m)
    statistic = (n * m / (n + m)) * ((b / m - a / n) ** 2 / pooled).sum()
    return float(chdtrc(len(a) - 1, statistic))


def _single(a: Floats, b: Floats) -> float:
    """Šidák over the categories of the two-sided mid-p of b given a + b."""
    n, m = a.sum(), b.sum()
    # Each row of a category fell into the current sample with chance m/(n + m); large categories
    # are drawn without replacement, which takes the share of the category off the variance.
    total = a + b
    share = m / (n + m)
    scale = np.sqrt(np.maximum(1.0 - total / (n + m), 1e-12))
    shifted = np.rint(share * total + (b - share * total) / scale)
    k = np.clip(shifted, 0.0, total)
    p = mid_p(k, total, share)
    return float(-np.expm1((len(p) - 1) * np.log1p(-min(float(p.min()), 1.0 - 1e-12))))


def _unseen(reference: Floats, current: Floats) -> float | None:
    known, other, unseen = reference[:-2], reference[-2], current[-1]
    if other > 0.0:
        return None
    ratio = current.sum() / reference.sum()
    once, twice = float((known == 1.0).sum()), float((known == 2.0).sum())
    if once < _SINGLETONS:
        return None  # too few for the normal approximation; the rare group holds them
    variance = once * (ratio + ratio**2) + 2.0 * twice * ratio**2
    z = (unseen - ratio * once) / np.sqrt(variance)
    return float(2.0 * ndtr(-abs(z)))
