"""What applying a definition would change, and what each change brings with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from watchkeeper.definitions.document import Definition, document_to_dict, kind_of
from watchkeeper.definitions.model_form import form_of_monitor
from watchkeeper.definitions.names import duration_text
from watchkeeper.definitions.retention_form import retention_texts
from watchkeeper.domain.model import Column, Model
from watchkeeper.errors import InvalidInput

__all__ = ["Change", "Plan", "plan", "render"]

_BASELINE = "needs a new baseline"
# The first pattern that fits a path says what its change brings.
_EFFECTS = (
    ("columns.*.description", ""),
    ("columns.*.policy", "holds for rows that come from now on"),
    ("columns.*.minimum", "judged so from the next window on"),
    ("columns.*.maximum", "judged so from the next window on"),
    ("columns.*.categories", "judged so from the next window on"),
    ("columns.*", _BASELINE),
    ("task", f"performance starts anew, {_BASELINE}"),
    ("positive_class", f"performance starts anew, {_BASELINE}"),
    ("classes", f"performance starts anew, {_BASELINE}"),
    ("granularity", f"windows are cut anew, {_BASELINE}"),
    ("timezone", "seasons are learned anew"),
    ("holidays", "judged so from the next window on"),
    ("baseline.reference", _BASELINE),
    ("label_horizon", "the maturity of every window is restated"),
    ("alarm_budget*", "judged so from the next window on"),
    ("materiality", "judged so from the next window on"),
    ("baseline.rolling_days", "judged so from the next window on"),
    ("monitors*", "judged so from the next window on"),
    ("depends_on", "holds for alerts from now on"),
    ("retention.*", "older rows are deleted within a day"),
    ("Source.*", "holds for what is taken from now on"),
    ("Silence.*", ""),
    *((f"{kind}.*", "holds for notices from now on") for kind in ("AlertRoute", "InhibitRule")),
    *((f"{kind}.*", "holds at once") for kind in ("TimeInterval", "Rota", "Escalation")),
)
_PLAIN_KEY = re.compile(r"[\w.-]+\Z")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``old`` is None where it is new, ``new`` is None where it goes away."""

    path: str
    old: object
    new: object
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of one document, none where it is as it is wanted."""

    kind: str
    name: str
    creates: bool
    changes: tuple[Change, ...]

    @property
    def needed(self) -> bool:
        """Whether applying would do anything."""
        return self.creates or bool(self.changes)


def plan(current: Definition | None, wanted: Definition) -> Plan:
    """Compare a stored definition with the wanted one.

    Parameters
    ----------
    current
        What is stored; None where nothing is.
    wanted
        What is to be stored, of the same kind and name.

    Returns
    -------
    Plan
        Every difference with what it brings. The order of columns is none.

    Raises
    ------
    InvalidInput
        The two are not of one kind and name.
    """
    if current is not None and (kind_of(current), current.name) != (kind_of(wanted), wanted.name):
        raise InvalidInput(
            f"a plan needs two definitions of one kind and name, got {kind_of(current)} "
            f"{current.name!r} and {kind_of(wanted)} {wanted.name!r}"
        )
    if current is None:
        return Plan(kind_of(wanted), wanted.name, creates=True, changes=())
    if isinstance(current, Model) and isinstance(wanted, Model):
        changes = tuple(_model_changes(current, wanted))
    else:
        changes = tuple(_other_changes(current, wanted))
    return Plan(kind_of(wanted), wanted.name, creates=False, changes=changes)


def render(found: Plan) -> str:
    """The plan as text, a line a change: ``+`` new, ``-`` gone, ``~`` changed."""
    title = f"{_TITLES[found.kind]} {found.name}"
    if found.creates:
        return f"+ {title}: new"
    if not found.changes:
        return f"= {title}: unchanged"
    many = "change" if len(found.changes) == 1 else "changes"
    return "\n".join([f"~ {title}: {len(found.changes)} {many}", *map(_line, found.changes)])


_TITLES = {
    "Model": "model",
    "AlertRoute": "route",
    "InhibitRule": "inhibition",
    "TimeInterval": "time interval",
    "Rota": "rota",
    "Escalation": "escalation",
    "Silence": "silence",
    "Source": "source",
}
_HEAD = ("kind", "apiVersion", "name")


def _line(change: Change) -> str:
    if change.old is None:
        text = f"  + {change.path}: {_shown(change.new)}"
    elif change.new is None:
        text = f"  - {change.path}: {_shown(change.old)}"
    else:
        text = f"  ~ {change.path}: {_shown(change.old)} → {_shown(change.new)}"
    return f"{text}  ({change.effect})" if change.effect else text


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, str) and value else repr(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _model_changes(old: Model, new: Model) -> Iterator[Change]:
    yield from _changes("", _settings(old), _settings(new))
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    for name in [*after, *(name for name in before if name not in after)]:
        path = f"columns.{name if _PLAIN_KEY.match(name) else repr(name)}"
        if name in before and name in after:
            yield from _changes(f"{path}.", _fields(before[name]), _fields(after[name]))
        else:
            yield Change(path, _summary(before.get(name)), _summary(after.get(name)), _BASELINE)
    monitors = [
        {spec.name: form_of_monitor(spec) for spec in model.monitors} for model in (old, new)
    ]
    yield from _changes("monitors.", *monitors)


def _other_changes(old: Definition, new: Definition) -> Iterator[Change]:
    stem = f"{kind_of(new)}."
    forms = [
        {key: value for key, value in document_to_dict(each).items() if key not in _HEAD}
        for each in (old, new)
    ]
    for change in _changes(stem, *forms):
        yield replace(change, path=change.path.removeprefix(stem))


def _changes(stem: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    """The differences of two mappings, in the order of the new one."""
    for key in [*new, *(key for key in old if key not in new)]:
        if old.get(key) != new.get(key):
            path = stem + key
            effect = next((text for pattern, text in _EFFECTS if fnmatchcase(path, pattern)), "")
            yield Change(path, old.get(key), new.get(key), effect)


def _settings(model: Model) -> dict[str, object]:
    """What a model says beside its columns and monitors, with defaults filled in."""
    return {
        "task": str(model.task),
        "description": model.description or None,
        "owner": model.owner or None,
        "tier": str(model.tier),
        "positive_class": model.positive_class,
        "classes": list(model.classes) or None,
        "granularity": str(model.granularity),
        "timezone": model.timezone,
        "holidays": model.holidays,
        "label_horizon": duration_text(model.label_horizon),
        "baseline.reference": model.baseline.reference,
        "baseline.rolling_days": model.baseline.rolling_days,
        "alarm_budget.false_days": model.alarm_budget.false_days,
        "alarm_budget.per_days": model.alarm_budget.per_days,
        "materiality": model.materiality,
        "depends_on": list(model.depends_on) or None,
        **{f"retention.{key}": text for key, text in retention_texts(model.retention).items()},
    }


def _fields(column: Column) -> dict[str, object]:
    return {
        "type": str(column.type),
        "role": str(column.role),
        "score_of": column.score_of,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "categories": None if column.categories is None else list(column.categories),
        "policy": str(column.policy),
        "description": column.description or None,
    }


def _summary(column: Column | None) -> str | None:
    return None if column is None else f"{column.type} {column.role}"
