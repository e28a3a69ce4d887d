"""Calibration: whether 30 % means 30 %.

- *Calibration gap*: mean score − share of positives (binary). Exact. Signed: above 0 the model
  promises too much.
- *Expected calibration error*: ``Σ_b (n_b/n)·|mean score_b − rate_b|`` over equal-width bins of
  the score of the positive class; for more than two classes the mean of the classes' errors.
  Exact, as bins of 1/10 are made of whole histogram bins with their score sums. Noise alone gives
  a positive error of about ``Σ √(2/π)·sd_b``; its interval is therefore about the value less that
  noise, and its upper end never below the value.

References
----------
Naeini, M. P., Cooper, G. F., and Hauskrecht, M. (2015), Obtaining well calibrated probabilities
using Bayesian binning.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.normal import normal
from watchkeeper.stats.performance.state import Classified

__all__ = ["calibration_gap", "expected_calibration_error", "reliability"]

Floats = npt.NDArray[np.float64]


def calibration_gap(state: Classified, k: int = 0) -> Estimate:
    """Mean score less the share of positives, of score row ``k``, in [−1, 1].

    The variance is of ``score − y`` over rows, from the bins; scores within a bin count as equal.
    """
    if k >= state.histogram.shape[0] or state.histogram[k].sum() < 2.0:
        return Estimate.insufficient(state.labels)
    counts, sums = state.histogram[k], state.score_sums[k]
    n = float(counts.sum())
    value = float(sums.sum() - counts[:, 1].sum()) / n
    safe = np.where(counts > 0.0, counts, 1.0)
    square = float((counts * (sums / safe - np.array([0.0, 1.0])) ** 2).sum()) / n
    se = math.sqrt(max(0.0, square - value**2) / (n - 1.0))
    return Estimate(value, *normal(value, se), state.labels, se)


def expected_calibration_error(state: Classified, bins: int = 10) -> Estimate:
    """The mean distance of score and rate over ``bins`` equal-width bins, in [0, 1].

    ``bins`` must divide the number of histogram bins.
    """
    rows = state.histogram.shape[0]
    if rows == 0 or state.histogram[0].sum() < 2.0:
        return Estimate.insufficient(state.labels)
    parts = [_error(state, k, bins) for k in range(rows)]
    value, noise, variance = (float(np.mean(column)) for column in zip(*parts, strict=True))
    se = math.sqrt(variance)
    low, high = normal(max(0.0, value - noise), se)
    return Estimate(value, max(0.0, min(low, value)), max(value, high), state.labels, se)


def reliability(state: Classified, k: int = 0, bins: int = 10) -> tuple[Floats, Floats, Floats]:
    """Rows, mean score and share of positives per equal-width bin; NaN in the means of empty bins.

    The three arrays have shape (bins,): what a reliability diagram draws.
    """
    wide = state.histogram.shape[1]
    if bins < 1 or wide % bins:
        raise InvalidInput(f"bins must divide the {wide} bins of the histogram, got {bins}")
    counts = state.histogram[k].reshape(bins, -1, 2).sum(axis=1)
    rows = counts.sum(axis=1)
    safe = np.where(rows > 0.0, rows, np.nan)
    scores = state.score_sums[k].sum(axis=1).reshape(bins, -1).sum(axis=1)
    return rows, scores / safe, counts[:, 1] / safe


def _error(state: Classified, k: int, bins: int) -> tuple[float, float, float]:
    """The error, what noise alone adds to it, and its variance."""
    rows, score, share = reliability(state, k, bins)
    there = rows > 0.0
    rows, score, share = rows[there], score[there], share[there]
    weight = rows / rows.sum()
    inside = (share * rows + 0.5) / (rows + 1.0)
    variance = weight**2 * inside * (1.0 - inside) / rows
    noise = math.sqrt(2.0 / math.pi) * float(np.sqrt(variance).sum())
    return float(weight @ np.abs(score - share)), noise, float(variance.sum())
