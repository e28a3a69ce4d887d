"""Which columns hold a classifier's label, prediction and scores, and what its classes are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from watchkeeper.domain.model import Model, Role, Task
from watchkeeper.domain.profile import Binning, CategoricalBinning

__all__ = ["ClassColumns", "class_columns", "classes_of"]

_MOST_CLASSES = 200


@dataclass(frozen=True, slots=True)
class ClassColumns:
    """Names of columns. ``scores`` are (position of the class, column, whether the score of the
    class is 1 − what the column holds).
    """

    classes: tuple[str, ...]
    label: str
    prediction: str | None
    scores: tuple[tuple[int, str, bool], ...]


def class_columns(
    model: Model, binnings: Mapping[str, Binning], held: Collection[str]
) -> ClassColumns | None:
    """The columns, of those that a table has; None where it has no column for the label."""
    label = model.only(Role.LABEL)
    if label is None or label.name not in held:
        return None
    prediction = model.only(Role.PREDICTION)
    classes = classes_of(model, binnings)
    scores: list[tuple[int, str, bool]] = []
    for column in model.with_role(Role.SCORE):
        if column.name not in held:
            continue
        named = column.score_of
        if model.task is Task.BINARY and not scores:
            scores.append((1, column.name, named == classes[0]))
        elif model.task is not Task.BINARY and named in classes:
            scores.append((classes.index(str(named)), column.name, False))
    name = prediction.name if prediction is not None and prediction.name in held else None
    return ClassColumns(classes, label.name, name, tuple(scores))


def classes_of(model: Model, binnings: Mapping[str, Binning]) -> tuple[str, ...]:
    """The classes, in the order of every class axis; binary: (negative, positive).

    The definition's, else the reference's values of the label and the prediction.
    """
    held = model.classes or _reference_values(model, binnings)
    if model.task is not Task.BINARY:
        return held[:_MOST_CLASSES]
    positive = model.positive_class or (held[-1] if held else "1")
    others = [value for value in held if value != positive]
    negative = others[0] if others else {"1": "0", "true": "false"}.get(positive, f"not {positive}")
    return (negative, positive)


def _reference_values(model: Model, binnings: Mapping[str, Binning]) -> tuple[str, ...]:
    found: set[str] = {c.score_of for c in model.with_role(Role.SCORE) if c.score_of}
    for column in model.with_role(Role.LABEL, Role.PREDICTION):
        binning = binnings.get(column.name)
        if isinstance(binning, CategoricalBinning):
            found.update(binning.values)
    return tuple(sorted(found, key=_in_order))


def _in_order(text: str) -> tuple[float, str]:
    try:
        return (float(text), text)
    except ValueError:
        return (float("inf"), text)
