"""The difference of two models' areas under the ROC curve on the same labelled rows.

Each row's placement (the share of the other class that it is ranked above) makes both areas means
over rows; their covariance gives that of the difference. Ties count half. O(n log n).

References
----------
DeLong, E. R., DeLong, D. M., and Clarke-Pearson, D. L. (1988), Comparing the areas under two or
more correlated receiver operating characteristic curves. Biometrics 44.
Sun, X., and Xu, W. (2014), Fast implementation of DeLong's algorithm. IEEE Signal Proc. Letters 21.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate

__all__ = ["auc_difference", "p_value"]

_Z95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


def auc_difference(label: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Estimate:
    """The second model's area less the first's, for one look.

    Parameters
    ----------
    label
        True for the positive class, shape (n,).
    first, second
        Scores of the same rows, finite.

    No figure with fewer than two rows of either class.
    """
    y = np.asarray(label, np.bool_)
    scores = [np.asarray(score, np.float64) for score in (first, second)]
    if y.ndim != 1 or any(s.shape != y.shape or not np.isfinite(s).all() for s in scores):
        raise InvalidInput("labels and scores must be finite, one of each per row")
    positive, negative = int(y.sum()), int((~y).sum())
    if min(positive, negative) < 2:
        return Estimate.insufficient(len(y))
    (auc1, *of1), (auc2, *of2) = (_placements(y, s) for s in scores)
    variance = sum(float((b - a).var(ddof=1)) / len(a) for a, b in zip(of1, of2, strict=True))
    value, se = float(auc2 - auc1), float(np.sqrt(variance))
    return Estimate(value, value - _Z95 * se, value + _Z95 * se, len(y), se)


def p_value(found: Estimate) -> float:
    """Two-sided, for one look; 1.0 where the two rank alike or there is no figure."""
    if found.value is None or not found.se:
        return 1.0
    return float(2.0 * ndtr(-abs(found.value) / found.se))


def _placements(y: npt.NDArray[np.bool_], score: Floats) -> tuple[float, Floats, Floats]:
    """The area, and the placement of each positive and of each negative row."""
    m, n = int(y.sum()), int((~y).sum())
    ranks = rankdata(score)
    among_positive, among_negative = rankdata(score[y]), rankdata(score[~y])
    above = (ranks[y] - among_positive) / n
    below = 1.0 - (ranks[~y] - among_negative) / m
    return float(above.mean()), above, below
