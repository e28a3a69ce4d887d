"""How two columns of a sample go together: separation, calibration, agreement, dependence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.definitions.facts import Facts

__all__ = [
    "Separation",
    "agreement",
    "calibration_error",
    "determines",
    "explained",
    "same_values",
    "separation",
]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Separation:
    """How a score parts two classes: ``auc`` (0.5: not at all), and the best single threshold with
    the share of rows that it puts right. Both are 0.5 where one class or the score is absent.
    """

    auc: float
    share: float
    threshold: float


def separation(score: Floats, positive: Flags) -> Separation:
    """Part the rows by a score, higher meaning positive; rows without a score are left out."""
    known = np.isfinite(score)
    score, positive = score[known], positive[known]
    wins = int(positive.sum())
    losses = positive.size - wins
    if wins == 0 or losses == 0:
        return Separation(0.5, 0.5, float("nan"))
    values, place = np.unique(score, return_inverse=True)
    of_positive = np.bincount(place, weights=positive, minlength=values.size)
    of_negative = np.bincount(place, minlength=values.size) - of_positive
    below = np.concatenate([[0.0], np.cumsum(of_negative)])  # negatives strictly below each value
    auc = float(np.sum(of_positive * (below[:-1] + of_negative / 2))) / (wins * losses)
    # threshold at value k: positives from k on, negatives below it are right
    right = below + (wins - np.concatenate([[0.0], np.cumsum(of_positive)]))
    best = int(np.argmax(right))
    threshold = float(values[min(best, values.size - 1)])
    return Separation(auc, float(right[best]) / positive.size, threshold)


def calibration_error(score: Floats, positive: Flags) -> float:
    """Mean distance of the share of positives from the mean score over ten bins of equal width."""
    known = np.isfinite(score)
    score, positive = score[known], positive[known]
    if not score.size:
        return 1.0
    place = np.minimum((score * 10).astype(np.int64), 9)
    counts = np.bincount(place, minlength=10)
    gap = np.bincount(place, weights=score - positive, minlength=10)
    return float(np.abs(gap).sum() / counts.sum())


def agreement(one: Facts, other: Facts) -> float:
    """The share of rows, present in both, whose class is the same text; 0 where there are none."""
    both = (one.codes >= 0) & (other.codes >= 0)
    if not both.any():
        return 0.0
    index = {text: place for place, text in enumerate(one.classes)}
    as_one = np.array([index.get(text, -1) for text in other.classes], dtype=np.int64)
    return float(np.mean(one.codes[both] == as_one[other.codes[both]]))


def explained(estimate: Floats, truth: Floats) -> float:
    """The share of the variance of ``truth`` that ``estimate`` itself explains (R²)."""
    both = np.isfinite(estimate) & np.isfinite(truth)
    if both.sum() < 3:
        return 0.0
    spread = float(np.var(truth[both]))
    if spread == 0:
        return 0.0
    return 1.0 - float(np.mean((truth[both] - estimate[both]) ** 2)) / spread


def determines(cause: Facts, effect: Facts) -> bool:
    """Every value of ``cause`` (missing is one) goes with one value of ``effect`` only."""
    width = effect.distinct + 1
    pairs = np.unique((cause.codes + 1) * width + effect.codes + 1)
    return bool(np.unique(pairs // width).size == pairs.size)


def same_values(one: Facts, other: Facts) -> bool:
    """The two hold the same value in every row."""
    if one.distinct != other.distinct or one.storage is not other.storage:
        return False
    return one.values == other.values and bool(np.array_equal(one.codes, other.codes))
