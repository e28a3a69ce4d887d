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
    "chance_agreement",
    "determines",
    "explained",
    "same_values",
    "separation",
    "spelled_alike",
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


def spelled_alike(one: Facts, other: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes of both, with true and false as 1 and 0 where only one of them says it so."""
    flags = {"true": "1", "false": "0"}
    mine, theirs = one.classes, other.classes
    if set(mine) <= set(flags) and set(theirs) <= set(flags.values()):
        mine = tuple(flags[name] for name in mine)
    elif set(theirs) <= set(flags) and set(mine) <= set(flags.values()):
        theirs = tuple(flags[name] for name in theirs)
    return mine, theirs


def agreement(one: Facts, other: Facts) -> float:
    """The share of rows, present in both, whose class is the same text; 0 where there are none."""
    both = (one.codes >= 0) & (other.codes >= 0)
    if not both.any():
        return 0.0
    mine, theirs = spelled_alike(one, other)
    index = {text: place for place, text in enumerate(mine)}
    as_mine = np.array([index.get(text, -1) for text in theirs], dtype=np.int64)
    return float(np.mean(one.codes[both] == as_mine[other.codes[both]]))


def chance_agreement(one: Facts, other: Facts) -> float:
    """The agreement that two columns of these shares would have if they were independent."""
    mine, theirs = spelled_alike(one, other)
    shares = [
        np.bincount(facts.codes[facts.codes >= 0], minlength=facts.distinct) / max(1, facts.present)
        for facts in (one, other)
    ]
    place = {text: index for index, text in enumerate(theirs)}
    return float(
        sum(shares[0][k] * shares[1][place[text]] for k, text in enumerate(mine) if text in place)
    )


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
