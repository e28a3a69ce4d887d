"""Which performance figures a model has: metrics of the catalogue, per class where they have one.

A figure is named like its metric, and for a class of a multiclass model ``precision:setosa``.
*Key* figures are few and say different things; they spend the alarm budget. The others are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.domain.profile import ClassificationProfile, PerformanceProfile
from watchkeeper.errors import InvalidDefinition, InvalidInput
from watchkeeper.monitors.memo import Memo
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.performance.catalogue import Metric, metric
from watchkeeper.stats.performance.controls import (
    constant_classifier,
    constant_regressor,
    no_change_classifier,
    no_change_regressor,
)
from watchkeeper.stats.performance.state import Classified, Regressed

__all__ = ["Figure", "figure_of", "figures_of"]

_Known = dict[tuple[str, int], Estimate]
# Of every state, by metric and class: the windows of a history are asked again at every tick.
_estimates: Memo[Classified | Regressed, _Known] = Memo(lambda _: {})

_MANY_CLASSES = 20  # more classes than this are not shown one by one

_KEY: Mapping[Task, tuple[str, ...]] = {
    Task.BINARY: ("roc_auc", "accuracy", "log_loss", "calibration_gap"),
    Task.MULTICLASS: ("macro_roc_auc", "accuracy", "macro_f1", "log_loss"),
    Task.REGRESSION: ("mae", "rmse", "bias"),
}
_SHOWN: Mapping[Task, tuple[str, ...]] = {
    Task.BINARY: (
        "precision",
        "recall",
        "f1",
        "balanced_accuracy",
        "mcc",
        "average_precision",
        "brier",
        "calibration_error",
    ),
    Task.MULTICLASS: ("balanced_accuracy", "weighted_f1", "mcc", "brier", "calibration_error"),
    Task.REGRESSION: ("mse", "mape", "r2", "median_absolute_error", "absolute_error_p95"),
}
_SHOWN_PER_CLASS = ("precision", "recall", "f1")
# What does not exist without scores; a binary model that only answers is judged by its answers.
_OF_SCORES = frozenset(
    {"roc_auc", "macro_roc_auc", "average_precision", "log_loss", "brier"}
    | {"calibration_gap", "calibration_error"}
)
_KEY_ANSWERS = ("accuracy", "precision", "recall")


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of a model, of class index ``k`` where it is per class. ``key``: it may alarm."""

    name: str
    metric: Metric[Classified] | Metric[Regressed]
    k: int = 0
    of_class: str | None = None
    key: bool = False

    @property
    def title(self) -> str:
        """The figure as people read it."""
        return self.metric.title + (f" of {self.of_class}" if self.of_class else "")

    def estimate(self, state: Classified | Regressed) -> Estimate:
        """The figure with its interval. The state is that of the metric's task."""
        known, key = _estimates(state), (self.metric.name, self.k)
        if key not in known:
            known[key] = self.metric.compute(state, self.k)  # type: ignore[arg-type]  # one task, one state
        return known[key]

    def controls(self, state: Classified | Regressed) -> dict[str, float]:
        """What the best constant answer and "no change" reach, where that is known."""
        if isinstance(state, Classified):
            constant = constant_classifier(self.metric.name, state, self.k)
            same = no_change_classifier(self.metric.name, state)
        else:
            constant = constant_regressor(self.metric.name, state)
            same = no_change_regressor(self.metric.name, state)
        found = {"best_constant": constant, "no_change": same}
        return {name: value for name, value in found.items() if value is not None}


def figures_of(spec: MonitorSpec, model: Model, sample: PerformanceProfile) -> tuple[Figure, ...]:
    """The figures of a specification: those of its option ``metrics``, which are then all key, or
    the task's own.
    """
    classes = sample.classes if isinstance(sample, ClassificationProfile) else ()
    wanted = spec.options.get("metrics")
    if wanted is not None:
        if not isinstance(wanted, (list, tuple)) or not wanted:
            raise InvalidDefinition(
                f"option metrics of monitor {spec.name!r} must be a list of names, got {wanted!r}"
            )
        return tuple(figure_of(str(name), model, classes, key=True) for name in wanted)
    names, keys = _SHOWN.get(model.task, ()), _KEY.get(model.task, ())
    if isinstance(sample, ClassificationProfile) and not len(sample.score_histogram):
        keys = _KEY_ANSWERS if model.task is Task.BINARY else _without_scores(keys)
        names = tuple(name for name in _without_scores(names) if name not in keys)
    if model.task is Task.MULTICLASS and len(classes) <= _MANY_CLASSES:
        names += tuple(f"{name}:{of}" for name in _SHOWN_PER_CLASS for of in classes)
    key = tuple(figure_of(name, model, classes, key=True) for name in keys)
    return key + tuple(figure_of(name, model, classes) for name in names)


def _without_scores(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in _OF_SCORES)


def figure_of(name: str, model: Model, classes: tuple[str, ...], *, key: bool = False) -> Figure:
    """The figure of that name (``accuracy``, ``recall:late``); InvalidDefinition if there is none.

    Without a class, a per-class metric is that of the positive class; for a multiclass model the
    class must be named.
    """
    base, _, of = name.partition(":")
    try:
        found = metric(base, str(model.task))
    except InvalidInput as error:
        raise InvalidDefinition(f"model {model.name!r}: {error}") from error
    if not found.per_class:
        return Figure(name, found, key=key)
    if not of and model.task is Task.BINARY:
        return Figure(name, found, len(classes) - 1, key=key)
    if of not in classes:
        raise InvalidDefinition(
            f"metric {name!r} of model {model.name!r} must name one of the classes {list(classes)}, "
            f"as in {base}:{classes[0] if classes else 'class'}"
        )
    return Figure(name, found, classes.index(of), of, key)
