"""What simple rules reach on the same labels: the best constant answer, and "as last time".

A figure means little alone: 85 % accuracy is poor where "no change" gives 85.3 %. The best constant
is chosen with hindsight on the window's own labels, per figure; None where it is not known from
sums or says nothing.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.performance.state import Classified, Regressed

__all__ = [
    "constant_classifier",
    "constant_regressor",
    "no_change_classifier",
    "no_change_regressor",
]


def constant_classifier(name: str, state: Classified, k: int) -> float | None:
    """What metric ``name`` (of class ``k``) is for the best constant answer."""
    if state.n <= 0.0:
        return None
    share = state.confusion.sum(axis=1) / state.n
    most, own = float(share.max()), float(share[k])
    known = {
        "accuracy": most,
        "balanced_accuracy": 1.0 / float(np.count_nonzero(share)),
        "f1": 2.0 * own / (1.0 + own),
        "precision": own,
        "average_precision": own,
        "macro_f1": 2.0 * most / (1.0 + most) / float(np.count_nonzero(share)),
        "weighted_f1": 2.0 * most**2 / (1.0 + most),
        "roc_auc": 0.5,
        "mcc": 0.0,
        "log_loss": _entropy(share),
        "brier": own * (1.0 - own) if len(share) == 2 else float(share @ (1.0 - share)),
    }
    return known.get(name)


def no_change_classifier(name: str, state: Classified) -> float | None:
    """The accuracy of "the label is the one before it in time"; None for other metrics."""
    equal, compared = state.agree
    return equal / compared if name == "accuracy" and compared > 0 else None


def constant_regressor(name: str, state: Regressed) -> float | None:
    """What metric ``name`` is for the mean label as the answer; None for MAE (needs the median)."""
    if state.n < 2.0:
        return None
    variance = max(0.0, state.label.second / state.n - (state.label.first / state.n) ** 2)
    return {"mse": variance, "rmse": math.sqrt(variance), "r2": 0.0, "bias": 0.0}.get(name)


def no_change_regressor(name: str, state: Regressed) -> float | None:
    """What metric ``name`` is for "the label is the one before it in time"."""
    absolute, square, compared = state.previous
    if compared <= 0:
        return None
    square, absolute = square / compared, absolute / compared
    return {"mae": absolute, "mse": square, "rmse": math.sqrt(square)}.get(name)


def _entropy(share: npt.NDArray[np.float64]) -> float:
    there = share[share > 0.0]
    return float(-(there * np.log(there)).sum())
