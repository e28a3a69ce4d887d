"""The option ``metrics`` of performance monitors: names that the catalogue has for the task."""

from __future__ import annotations

from difflib import get_close_matches

from watchkeeper.definitions.fields import Field, show
from watchkeeper.domain.model import Model, MonitorSpec, Task

__all__ = ["check_metrics"]

_KIND, _OPTION = "performance", "metrics"


def check_metrics(model: Model, document: Field) -> None:
    """Refuse metrics that the model cannot have.

    A metric of one class is named ``recall:late``. Which classes there are is only known here
    where the definition says it.

    Raises
    ------
    InvalidDefinition
        With the path of the name, and the names that there are.
    """
    for index, spec in enumerate(model.monitors):
        if spec.kind == _KIND and _OPTION in spec.options:
            place = document.child("monitors", None).child(index, None).child("options", None)
            _check(model, spec, place)


def _check(model: Model, spec: MonitorSpec, options: Field) -> None:
    place = options.child(_OPTION, spec.options[_OPTION])
    if model.task is Task.NONE:
        raise place.fail("must only stand where the model has a task, this one has none")
    names = place.sequence()
    if not names:
        raise place.must_be("a list of at least one metric")
    for name in names:
        _check_name(model, name)


def _check_name(model: Model, place: Field) -> None:
    known = _per_class(str(model.task))
    given = place.text()
    base, _, of = given.partition(":")
    if base not in known:
        near = get_close_matches(base, known, 1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise place.fail(
            f"must be a metric of a {model.task} model, one of {', '.join(sorted(known))}; "
            f"got {show(given)}{hint}"
        )
    if of and not known[base]:
        raise place.fail(f"must be {base} alone, which is of all classes, got {show(given)}")
    if known[base] and not of and model.task is Task.MULTICLASS:
        example = model.classes[0] if model.classes else "class"
        raise place.fail(f"must name a class, as in {base}:{example}, got {show(given)}")
    if of and model.classes and of not in model.classes:
        raise place.fail(
            f"must name one of the classes {show(list(model.classes))}, got {show(of)}"
        )


def _per_class(task: str) -> dict[str, bool]:
    """The names of the task's metrics, and whether each is of one class."""
    # The catalogue brings numpy, which most definitions are read without.
    from watchkeeper.stats.performance.catalogue import CLASSIFICATION, REGRESSION

    of_classes = {m.name: m.per_class for m in CLASSIFICATION.values() if task in m.tasks}
    return of_classes | {m.name: m.per_class for m in REGRESSION.values() if task in m.tasks}
