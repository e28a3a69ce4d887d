"""What must hold across the parts of a model's definition."""

from __future__ import annotations

from watchkeeper.definitions.fields import Field, show
from watchkeeper.definitions.metrics import check_metrics
from watchkeeper.definitions.retention_form import check_retention
from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task

__all__ = ["SINGLE", "check_model"]

# Roles that one column at most can have. Several predictions may stand side by side only where
# no task is set, since nothing is measured from them.
SINGLE = (
    Role.LABEL,
    Role.PREDICTION,
    Role.WEIGHT,
    Role.VALUE,
    Role.LATENCY,
    Role.TIME,
    Role.PREDICTION_ID,
    Role.VERSION,
    Role.ARM,
    Role.ERROR,
)
_NUMBERS: tuple[ColumnType, ...] = (ColumnType.NUMERIC,)
_CLASSES: tuple[ColumnType, ...] = (ColumnType.CATEGORICAL, ColumnType.BOOLEAN)
_TYPES_OF_ROLE = {
    Role.SCORE: _NUMBERS,
    Role.WEIGHT: _NUMBERS,
    Role.VALUE: _NUMBERS,
    Role.LATENCY: _NUMBERS,
    Role.TIME: (ColumnType.TIMESTAMP,),
}
_TYPES_OF_OUTPUT = {Task.BINARY: _CLASSES, Task.MULTICLASS: _CLASSES, Task.REGRESSION: _NUMBERS}


def check_model(model: Model, document: Field) -> None:
    """Refuse a definition whose parts contradict each other.

    Raises
    ------
    InvalidDefinition
        With the path of the part to change.
    """
    columns = document.child("columns", None)
    _check_single(model, columns)
    for column in model.columns:
        _check_column(model, column, columns.child(column.name, None))
    _check_classes(model, document)
    check_retention(model, document)
    check_metrics(model, document)
    names = {column.name for column in model.columns}
    for index, spec in enumerate(model.monitors):
        for position, name in enumerate(spec.columns):
            if name not in names:
                place = (
                    document.child("monitors", None)
                    .child(index, None)
                    .child("columns", None)
                    .child(position, name)
                )
                raise place.must_be("a column of the model")


def _check_single(model: Model, columns: Field) -> None:
    for role in SINGLE:
        found = model.with_role(role)
        if len(found) > 1 and not (role is Role.PREDICTION and model.task is Task.NONE):
            place = columns.child(found[1].name, None).child("role", None)
            raise place.fail(
                f"must be the only {role} column, {found[0].name!r} is one already: make one of them context"
            )


def _check_column(model: Model, column: Column, place: Field) -> None:
    allowed = _TYPES_OF_ROLE.get(column.role)
    if column.role in (Role.PREDICTION, Role.LABEL):
        allowed = _TYPES_OF_OUTPUT.get(model.task)
    if allowed and column.type not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise place.child("type", None).fail(
            f"must be {wanted} for the role {column.role} of the task {model.task}, got {column.type}"
        )
    bounds = column.minimum is not None or column.maximum is not None
    if bounds and column.type is not ColumnType.NUMERIC:
        raise place.fail(f"must be numeric to have a minimum or maximum, got {column.type}")
    if (
        column.minimum is not None
        and column.maximum is not None
        and column.minimum > column.maximum
    ):
        raise place.fail(
            f"must hold minimum <= maximum, got {column.minimum:g} and {column.maximum:g}"
        )
    if column.categories is not None and column.type not in _CLASSES:
        raise place.fail(f"must be categorical or boolean to have categories, got {column.type}")
    if column.score_of is not None:
        _check_score_of(model, column, place)


def _check_score_of(model: Model, column: Column, place: Field) -> None:
    place = place.child("score_of", column.score_of)
    if column.role is not Role.SCORE:
        raise place.fail(f"must stand on a score column, this one is {column.role}")
    if model.classes and column.score_of not in model.classes:
        raise place.must_be(f"one of the classes {show(list(model.classes))}")


def _check_classes(model: Model, document: Field) -> None:
    positive = document.child("positive_class", model.positive_class)
    if model.task is Task.BINARY:
        if model.positive_class is None:
            raise positive.fail(
                "must name the class that the score is the probability of, got nothing: add positive_class"
            )
        if model.classes and len(model.classes) != 2:
            raise document.child("classes", list(model.classes)).must_be(
                "two classes for a binary task"
            )
    elif model.positive_class is not None:
        raise positive.fail(f"must only stand where the task is binary, the task is {model.task}")
    if (
        model.classes
        and model.positive_class is not None
        and model.positive_class not in model.classes
    ):
        raise positive.must_be(f"one of the classes {show(list(model.classes))}")
    if model.task is Task.MULTICLASS:
        scores = model.with_role(Role.SCORE)
        for column in scores:
            if column.score_of is None:
                place = document.child("columns", None).child(column.name, None)
                raise place.fail(
                    "must say with score_of which class it is the probability of (multiclass)"
                )
