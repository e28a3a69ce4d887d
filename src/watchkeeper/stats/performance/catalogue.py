"""Every metric of performance: name → what computes it, for which tasks, which way is better.

To add one: its function in a file of this package, one line here, its test against an oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Generic, TypeVar

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.performance.average_precision import average_precision
from watchkeeper.stats.performance.averages import (
    balanced_accuracy,
    f1,
    macro_f1,
    macro_precision,
    macro_recall,
    weighted_f1,
    weighted_precision,
    weighted_recall,
)
from watchkeeper.stats.performance.calibration import calibration_gap, expected_calibration_error
from watchkeeper.stats.performance.error_quantile import absolute_error_quantile
from watchkeeper.stats.performance.errors import (
    bias,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    r2,
    root_mean_squared_error,
)
from watchkeeper.stats.performance.mcc import matthews_correlation
from watchkeeper.stats.performance.rates import accuracy, false_positive_rate, precision, recall
from watchkeeper.stats.performance.roc_auc import macro_roc_auc, roc_auc
from watchkeeper.stats.performance.scoring import brier_score, log_loss
from watchkeeper.stats.performance.state import Classified, Regressed

__all__ = ["CLASSIFICATION", "REGRESSION", "Better", "Metric", "Scale", "metric"]

S = TypeVar("S", Classified, Regressed)


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    ZERO = "nearer 0"


class Scale(StrEnum):
    """On which scale windows are compared: where the figure's noise is about even and normal."""

    IDENTITY = "identity"
    ARCSINE = "arcsine"  # 2·asin√x, for shares
    LOG = "log"  # for positive figures: relative changes


@dataclass(frozen=True, slots=True)
class Metric(Generic[S]):
    """One metric.

    ``compute(state, k)`` gives its estimate for class index ``k``, which metrics that are not
    ``per_class`` ignore. ``title`` is what people read, ``unit`` what the figure is counted in.
    """

    name: str
    title: str
    better: Better
    scale: Scale
    unit: str
    compute: Callable[[S, int], Estimate]
    per_class: bool = False
    tasks: tuple[str, ...] = ("binary", "multiclass")


def _whole(compute: Callable[[S], Estimate]) -> Callable[[S, int], Estimate]:
    """A metric of all classes together."""
    return lambda state, _: compute(state)


def _row(compute: Callable[[Classified, int], Estimate]) -> Callable[[Classified, int], Estimate]:
    """A metric of a class's score: binary has one row of scores, for its positive class."""
    return lambda state, k: compute(state, 0 if state.histogram.shape[0] == 1 else k)


_UP, _DOWN, _ZERO = Better.HIGHER, Better.LOWER, Better.ZERO
_EVEN, _SHARE, _LOG = Scale.IDENTITY, Scale.ARCSINE, Scale.LOG
_BINARY = ("binary",)
_MULTICLASS = ("multiclass",)
_REGRESSION = ("regression",)

_CLASSIFICATION: tuple[Metric[Classified], ...] = (
    Metric("accuracy", "accuracy", _UP, _SHARE, "share", _whole(accuracy)),
    Metric("balanced_accuracy", "balanced accuracy", _UP, _SHARE, "share", _whole(balanced_accuracy)),
    Metric("precision", "precision", _UP, _SHARE, "share", precision, per_class=True),
    Metric("recall", "recall", _UP, _SHARE, "share", recall, per_class=True),
    Metric("f1", "F1", _UP, _SHARE, "share", f1, per_class=True),
    Metric("false_positive_rate", "false-positive rate", _DOWN, _SHARE, "share", false_positive_rate, per_class=True),
    Metric("macro_precision", "macro precision", _UP, _SHARE, "share", _whole(macro_precision)),
    Metric("macro_recall", "macro recall", _UP, _SHARE, "share", _whole(macro_recall)),
    Metric("macro_f1", "macro F1", _UP, _SHARE, "share", _whole(macro_f1)),
    Metric("weighted_precision", "weighted precision", _UP, _SHARE, "share", _whole(weighted_precision)),
    Metric("weighted_recall", "weighted recall", _UP, _SHARE, "share", _whole(weighted_recall)),
    Metric("weighted_f1", "weighted F1", _UP, _SHARE, "share", _whole(weighted_f1)),
    # For one label per row these are the accuracy by another name: right over all.
    Metric("micro_precision", "micro precision", _UP, _SHARE, "share", _whole(accuracy)),
    Metric("micro_recall", "micro recall", _UP, _SHARE, "share", _whole(accuracy)),
    Metric("micro_f1", "micro F1", _UP, _SHARE, "share", _whole(accuracy)),
    Metric("mcc", "Matthews correlation", _UP, _EVEN, "correlation", _whole(matthews_correlation)),
    Metric("roc_auc", "ROC AUC", _UP, _SHARE, "share", _row(roc_auc), True, _BINARY),
    Metric("macro_roc_auc", "macro ROC AUC", _UP, _SHARE, "share", _whole(macro_roc_auc), False, _MULTICLASS),
    Metric("class_roc_auc", "ROC AUC", _UP, _SHARE, "share", _row(roc_auc), True, _MULTICLASS),
    Metric("average_precision", "average precision", _UP, _SHARE, "share", _row(average_precision), True),
    Metric("log_loss", "log loss", _DOWN, _LOG, "nats", _whole(log_loss)),
    Metric("brier", "Brier score", _DOWN, _LOG, "score", _whole(brier_score)),
    Metric("calibration_gap", "calibration gap", _ZERO, _EVEN, "share", _row(calibration_gap), True),
    Metric("calibration_error", "expected calibration error", _DOWN, _EVEN, "share", _whole(expected_calibration_error)),
)  # fmt: skip

_REGRESSORS: tuple[Metric[Regressed], ...] = (
    Metric("mae", "mean absolute error", _DOWN, _LOG, "label", _whole(mean_absolute_error), False, _REGRESSION),
    Metric("mse", "mean squared error", _DOWN, _LOG, "label²", _whole(mean_squared_error), False, _REGRESSION),
    Metric("rmse", "root mean squared error", _DOWN, _LOG, "label", _whole(root_mean_squared_error), False, _REGRESSION),
    Metric("mape", "mean absolute percentage error", _DOWN, _LOG, "share", _whole(mean_absolute_percentage_error), False, _REGRESSION),
    Metric("r2", "R²", _UP, _EVEN, "share", _whole(r2), False, _REGRESSION),
    Metric("bias", "bias", _ZERO, _EVEN, "label", _whole(bias), False, _REGRESSION),
    Metric("median_absolute_error", "median absolute error", _DOWN, _LOG, "label", _whole(partial(absolute_error_quantile, q=0.5)), False, _REGRESSION),
    Metric("absolute_error_p95", "95th percentile of absolute error", _DOWN, _LOG, "label", _whole(partial(absolute_error_quantile, q=0.95)), False, _REGRESSION),
)  # fmt: skip

CLASSIFICATION: Mapping[str, Metric[Classified]] = MappingProxyType(
    {each.name: each for each in _CLASSIFICATION}
)
REGRESSION: Mapping[str, Metric[Regressed]] = MappingProxyType(
    {each.name: each for each in _REGRESSORS}
)


def metric(name: str, task: str) -> Metric[Classified] | Metric[Regressed]:
    """The metric of that name; InvalidInput names those that the task has."""
    known: dict[str, Metric[Classified] | Metric[Regressed]] = {}
    known |= {each.name: each for each in _CLASSIFICATION if task in each.tasks}
    known |= {each.name: each for each in _REGRESSORS if task in each.tasks}
    if name not in known:
        raise InvalidInput(
            f"a metric of a {task} model must be one of {', '.join(sorted(known))}, got {name!r}"
        )
    return known[name]
