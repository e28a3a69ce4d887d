"""Matthews correlation coefficient, for any number of classes (Gorodkin's R_K).

``(c·s − Σ a_k l_k)/√((s² − Σ a_k²)(s² − Σ l_k²))`` with ``c`` rows right of ``s``, ``a_k``
predicted and ``l_k`` labelled k. Exact; interval by the delta method on the confusion cells, on
Fisher's z scale. 0 where all labels, or all predictions, are one class. O(K²).

References
----------
Gorodkin, J. (2004), Comparing two K-category assignments by a K-category correlation coefficient.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.multinomial import multinomial_se, smoothed
from watchkeeper.stats.interval.normal import quantile
from watchkeeper.stats.performance.state import Classified

__all__ = ["matthews_correlation"]

Floats = npt.NDArray[np.float64]


def matthews_correlation(state: Classified) -> Estimate:
    """The correlation of labels and predictions, in [−1, 1]; 0 is chance."""
    if state.n <= 0.0:
        return Estimate.insufficient(state.labels)
    value, _ = _value(state.confusion)
    cells = smoothed(state.confusion)
    se = multinomial_se(cells, _value(cells)[1])
    return Estimate(value, *_fisher(value, se), state.labels, se)


def _value(counts: Floats) -> tuple[float, Floats]:
    """The coefficient, and its gradient by cell shares."""
    p = counts / counts.sum()
    predicted, labelled, right = p.sum(axis=0), p.sum(axis=1), float(p.trace())
    over = right - float(predicted @ labelled)
    u, v = 1.0 - float(predicted @ predicted), 1.0 - float(labelled @ labelled)
    if u * v <= 1e-15:  # one class only, up to rounding
        return 0.0, np.zeros_like(p)
    root = math.sqrt(u * v)
    d_over = np.eye(len(p)) - labelled[None, :] - predicted[:, None]
    d_root = -(v * predicted[None, :] + u * labelled[:, None]) / root
    return over / root, d_over / root - over / root**2 * d_root


def _fisher(value: float, se: float) -> tuple[float, float]:
    inside = min(max(value, -1.0 + 1e-9), 1.0 - 1e-9)
    half = quantile(0.95) * min(se / (1.0 - inside**2), 20.0)
    centre = math.atanh(inside)
    return min(value, math.tanh(centre - half)), max(value, math.tanh(centre + half))
