"""Places in a JSON document: ``inputs.0.data``, ``predictions.*.label``."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MISSING", "look_up"]


class _Missing:
    """Nothing is there; None would be something."""


MISSING = _Missing()


def look_up(document: object, place: str) -> object:
    """What lies at ``place``: names and positions between dots, ``*`` for each item of a list.

    The empty place is the whole document. `MISSING` where it leads nowhere; where one of the items
    of ``*`` lacks the rest, that one is None.

    Examples
    --------
    >>> look_up({"rows": [{"km": 1}, {"km": 2}]}, "rows.*.km")
    [1, 2]
    >>> look_up({"rows": [{"km": 1}]}, "rows.0.km")
    1
    >>> look_up({"rows": []}, "rows.0") is MISSING
    True
    """
    found = document
    steps = place.split(".") if place else []
    for at, step in enumerate(steps):
        if step == "*":
            if not isinstance(found, list):
                return MISSING
            rest = ".".join(steps[at + 1 :])
            each = [look_up(item, rest) for item in found]
            return [None if item is MISSING else item for item in each]
        found = _step(found, step)
        if found is MISSING:
            return MISSING
    return found


def _step(document: object, step: str) -> object:
    if isinstance(document, Mapping):
        return document.get(step, MISSING)
    if isinstance(document, list) and step.isdecimal() and int(step) < len(document):
        return document[int(step)]
    return MISSING
