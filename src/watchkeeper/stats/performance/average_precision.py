"""Average precision from a score histogram: ``Σ_b (R_b − R_{b−1})·P_b`` from the highest bin down.

Scores within one bin count as tied, as equal scores do in scikit-learn's definition; so the figure
is exact for the binned scores, and differs from the unbinned one by at most the precision's change
within single bins (a few 1e-3 with 1,000 bins and thousands of labels). The interval is the delta
method on the multinomial cells (bin × label), on the logit scale. O(bins).

References
----------
Boyd, K., Eng, K. H., and Page, C. D. (2013), Area under the precision-recall curve: point
estimates and confidence intervals.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.bounded import unit
from watchkeeper.stats.interval.multinomial import multinomial_se, smoothed
from watchkeeper.stats.performance.state import Classified

__all__ = ["average_precision"]

Floats = npt.NDArray[np.float64]


def average_precision(state: Classified, k: int = 0) -> Estimate:
    """The mean precision over the positives, in their order of score; of score row ``k``.

    Insufficient without scores or without a positive label.
    """
    if k >= state.histogram.shape[0] or state.histogram[k, :, 1].sum() <= 0.0:
        return Estimate.insufficient(state.labels)
    cells = state.histogram[k]
    value, _ = _value(cells)
    cells = smoothed(cells)
    se = multinomial_se(cells, _value(cells)[1])
    return Estimate(value, *unit(value, se), state.labels, se)


def _value(counts: Floats) -> tuple[float, Floats]:
    """The figure, and its gradient by cell shares, shape (bins, 2)."""
    shares = (counts / counts.sum())[::-1]  # from the highest score down
    negative, positive = shares[:, 0], shares[:, 1]
    total = positive.sum()
    above1, above = np.cumsum(positive), np.cumsum(positive + negative)
    safe = np.where(above > 0.0, above, 1.0)
    precision = above1 / safe
    value = min(1.0, float(positive @ precision / total))  # sums of shares may pass 1 by rounding
    # A positive at bin b raises the precision of every bin at or below b; a negative lowers it.
    gain = np.cumsum((positive * (above - above1) / safe**2)[::-1])[::-1]
    loss = np.cumsum((positive * above1 / safe**2)[::-1])[::-1]
    by_positive = (precision + gain - value) / total
    return value, np.stack([-loss / total, by_positive], axis=1)[::-1]
