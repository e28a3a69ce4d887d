"""A model as plain values (the form of its YAML and JSON document), and back."""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import (
    column_name,
    duration_text,
    read_duration,
    read_name,
    read_wait,
)
from watchkeeper.definitions.places import read_place
from watchkeeper.definitions.retention_form import form_of_retention, read_retention
from watchkeeper.definitions.rules import check_model
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.model import (
    AlarmBudget,
    Baseline,
    Column,
    ColumnType,
    Model,
    MonitorSpec,
    Policy,
    Role,
    Task,
    Tier,
)
from watchkeeper.domain.verdict import Severity
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidInput

__all__ = [
    "MODEL_KEYS",
    "class_text",
    "form_of_model",
    "form_of_monitor",
    "read_model",
    "read_monitor_spec",
]

MODEL_KEYS = (
    "kind", "apiVersion", "name", "task", "description", "owner", "tier", "positive_class",
    "classes", "granularity", "timezone", "holidays", "label_horizon", "baseline",
    "alarm_budget", "materiality", "retention", "depends_on", "columns", "monitors",
)  # fmt: skip
COLUMN_KEYS = (
    "type", "role", "score_of", "description", "minimum", "maximum", "categories", "policy",
)  # fmt: skip
MONITOR_KEYS = (
    "name", "type", "columns", "options", "severity", "enabled", "runbook", "for", "keep_firing_for",
)  # fmt: skip
_MOST_COLUMNS = 10_000
_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*\Z")


def read_model(document: Field) -> Model:
    """The model that a document of kind ``Model`` defines.

    Raises
    ------
    InvalidDefinition
        With the path, what must hold there and what was got.
    """
    fields = document.mapping(MODEL_KEYS, required=("name", "task", "columns"))
    model = Model(
        name=read_name(fields["name"]),
        task=fields["task"].choice(Task),
        columns=_read_columns(fields["columns"]),
        granularity=_read_granularity(fields["granularity"])
        if "granularity" in fields
        else _DEFAULT.granularity,
        timezone=_read_timezone(fields["timezone"]) if "timezone" in fields else _DEFAULT.timezone,
        holidays=read_place(fields["holidays"]) if "holidays" in fields else None,
        label_horizon=read_duration(fields["label_horizon"])
        if "label_horizon" in fields
        else _DEFAULT.label_horizon,
        positive_class=class_text(fields["positive_class"]) if "positive_class" in fields else None,
        classes=_read_classes(fields["classes"]) if "classes" in fields else (),
        baseline=_read_baseline(fields["baseline"]) if "baseline" in fields else _DEFAULT.baseline,
        alarm_budget=_read_budget(fields["alarm_budget"])
        if "alarm_budget" in fields
        else _DEFAULT.alarm_budget,
        monitors=_read_monitors(fields["monitors"]) if "monitors" in fields else (),
        materiality=fields["materiality"].number(least=0, most=1)
        if "materiality" in fields
        else _DEFAULT.materiality,
        owner=fields["owner"].text(least=0) if "owner" in fields else "",
        tier=fields["tier"].choice(Tier) if "tier" in fields else _DEFAULT.tier,
        description=fields["description"].text(least=0, most=10_000, prose=True)
        if "description" in fields
        else "",
        retention=read_retention(fields["retention"])
        if "retention" in fields
        else _DEFAULT.retention,
        depends_on=_read_depends(fields["depends_on"]) if "depends_on" in fields else (),
    )
    check_model(model, document)
    return model


def form_of_model(model: Model) -> dict[str, object]:
    """The document of the model: what equals its default is left out."""
    form: dict[str, object] = {
        "kind": "Model",
        "apiVersion": "watchkeeper/v1",
        "name": model.name,
        "description": model.description,
        "owner": model.owner,
        "tier": str(model.tier),
        "task": str(model.task),
        "positive_class": model.positive_class,
        "classes": list(model.classes),
        "granularity": str(model.granularity),
        "timezone": model.timezone,
        "holidays": model.holidays,
        "label_horizon": duration_text(model.label_horizon),
        "baseline": _form_of_baseline(model.baseline),
        "alarm_budget": _form_of_budget(model.alarm_budget),
        "materiality": model.materiality,
        "retention": form_of_retention(model.retention),
        "depends_on": list(model.depends_on),
        "columns": {column.name: _form_of_column(column) for column in model.columns},
        "monitors": [form_of_monitor(spec) for spec in model.monitors],
    }
    return {
        key: value for key, value in form.items() if key not in _OMITTED or value != _OMITTED[key]
    }


def class_text(field: Field) -> str:
    """A class as text: ``1``, ``1.0`` and ``"1"`` are the class "1", ``true`` is "true"."""
    value = field.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        number = field.number()
        return str(int(number)) if number == int(number) else repr(number)
    return field.text()


def _read_depends(field: Field) -> tuple[str, ...]:
    names = tuple(read_name(entry) for entry in field.sequence(most=100))
    if len(set(names)) < len(names):
        raise field.must_be("names of models that differ from each other")
    return names


def _read_classes(field: Field) -> tuple[str, ...]:
    classes = tuple(class_text(entry) for entry in field.sequence())
    if len(set(classes)) < len(classes):
        raise field.must_be("classes that differ from each other")
    return classes


def _read_columns(field: Field) -> tuple[Column, ...]:
    members = field.members()
    if len(members) > _MOST_COLUMNS:
        raise field.fail(f"must have at most {_MOST_COLUMNS:,} columns, got {len(members):,}")
    return tuple(_read_column(name, member) for name, member in members.items())


def _read_column(name: str, field: Field) -> Column:
    column_name(field.child(name, name))
    if isinstance(field.value, str):  # `age: numeric` is short for `age: {type: numeric}`
        return Column(name, field.choice(ColumnType))
    fields = field.mapping(COLUMN_KEYS, required=("type",))
    return Column(
        name=name,
        type=fields["type"].choice(ColumnType),
        role=fields["role"].choice(Role) if "role" in fields else Role.FEATURE,
        description=fields["description"].text(least=0, most=10_000, prose=True)
        if "description" in fields
        else "",
        minimum=fields["minimum"].number() if "minimum" in fields else None,
        maximum=fields["maximum"].number() if "maximum" in fields else None,
        categories=_read_classes(fields["categories"]) if "categories" in fields else None,
        policy=fields["policy"].choice(Policy) if "policy" in fields else Policy.KEEP,
        score_of=class_text(fields["score_of"]) if "score_of" in fields else None,
    )


def _form_of_column(column: Column) -> object:
    form = Flow(type=str(column.type))
    if column.role is not Role.FEATURE:
        form["role"] = str(column.role)
    for key, value in (
        ("score_of", column.score_of),
        ("minimum", column.minimum),
        ("maximum", column.maximum),
        ("categories", None if column.categories is None else list(column.categories)),
        ("policy", None if column.policy is Policy.KEEP else str(column.policy)),
        ("description", column.description or None),
    ):
        if value is not None:
            form[key] = value
    return form["type"] if len(form) == 1 else form


def _read_granularity(field: Field) -> Granularity:
    try:
        return Granularity.parse(field.text())
    except InvalidInput as error:
        raise field.must_be(
            "5m, 15m, 1h, 6h, 1d or 1w, or another that divides a week evenly"
        ) from error


def _read_timezone(field: Field) -> str:
    name = field.text(most=64)
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise field.must_be("the name of a time zone, such as UTC or Europe/Berlin") from error
    return name


def _read_baseline(field: Field) -> Baseline:
    fields = field.mapping(("reference", "rolling_days"))
    return Baseline(
        reference=fields["reference"].text(most=4_096) if "reference" in fields else None,
        rolling_days=fields["rolling_days"].integer(least=1, most=3_660)
        if "rolling_days" in fields
        else _DEFAULT.baseline.rolling_days,
    )


def _form_of_baseline(baseline: Baseline) -> Flow:
    form = Flow(reference=baseline.reference) if baseline.reference is not None else Flow()
    if baseline.rolling_days != _DEFAULT.baseline.rolling_days:
        form["rolling_days"] = baseline.rolling_days
    return form


def _read_budget(field: Field) -> AlarmBudget:
    fields = field.mapping(("false_days", "per_days"))
    default = _DEFAULT.alarm_budget
    false_days = (
        fields["false_days"].number(least=0) if "false_days" in fields else default.false_days
    )
    per_days = fields["per_days"].number(least=0) if "per_days" in fields else default.per_days
    if not 0 < false_days <= per_days:
        raise field.fail(
            f"must hold 0 < false_days <= per_days, got {false_days:g} per {per_days:g}"
        )
    return AlarmBudget(false_days, per_days)


def _form_of_budget(budget: AlarmBudget) -> Flow:
    return Flow(false_days=_short(budget.false_days), per_days=_short(budget.per_days))


def _read_monitors(field: Field) -> tuple[MonitorSpec, ...]:
    specs = tuple(
        read_monitor_spec(entry.mapping(MONITOR_KEYS, required=("name", "type")))
        for entry in field.sequence(most=1_000)
    )
    names = [spec.name for spec in specs]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise (
                field.child(index, name)
                .child("name", name)
                .must_be("a name that no other monitor of the model has")
            )
    return specs


def read_monitor_spec(fields: dict[str, Field]) -> MonitorSpec:
    """A monitor from the fields of its mapping; ``type`` is the monitor's kind."""
    return MonitorSpec(
        name=read_name(fields["name"]),
        kind=read_name(fields["type"]),
        columns=tuple(column_name(entry) for entry in fields["columns"].sequence())
        if "columns" in fields
        else (),
        options={key: member.plain() for key, member in fields["options"].members().items()}
        if "options" in fields
        else {},
        severity=str(fields["severity"].choice(Severity))
        if "severity" in fields
        else str(Severity.WARNING),
        enabled=fields["enabled"].flag() if "enabled" in fields else True,
        runbook=_read_address(fields["runbook"]) if "runbook" in fields else None,
        opens_after=read_wait(fields["for"]) if "for" in fields else None,
        keeps_for=read_wait(fields["keep_firing_for"]) if "keep_firing_for" in fields else None,
    )


def _read_address(field: Field) -> str:
    address = field.text(most=2_000)
    if not _ADDRESS.match(address):
        raise field.must_be("an address that begins with https:// or http://")
    return address


def form_of_monitor(spec: MonitorSpec) -> dict[str, object]:
    """The mapping of a monitor: what equals its default is left out."""
    form: dict[str, object] = {"name": spec.name, "type": spec.kind}
    if spec.columns:
        form["columns"] = list(spec.columns)
    if spec.options:
        form["options"] = dict(spec.options)
    if spec.severity != Severity.WARNING:
        form["severity"] = spec.severity
    if not spec.enabled:
        form["enabled"] = False
    if spec.runbook is not None:
        form["runbook"] = spec.runbook
    if spec.opens_after is not None:
        form["for"] = duration_text(spec.opens_after)
    if spec.keeps_for is not None:
        form["keep_firing_for"] = duration_text(spec.keeps_for)
    return form


def _short(value: float) -> float:
    """Whole numbers without their ``.0``, as a person writes them."""
    return int(value) if value == int(value) and abs(value) < 2**53 else value


_DEFAULT = Model(name="default", task=Task.NONE, columns=())
_OMITTED: dict[str, object] = {
    "description": "",
    "owner": "",
    "tier": str(_DEFAULT.tier),
    "positive_class": None,
    "classes": [],
    "granularity": str(_DEFAULT.granularity),
    "timezone": _DEFAULT.timezone,
    "holidays": None,
    "label_horizon": duration_text(timedelta(days=30)),
    "baseline": Flow(),
    "alarm_budget": _form_of_budget(_DEFAULT.alarm_budget),
    "materiality": _DEFAULT.materiality,
    "retention": Flow(),
    "depends_on": [],
    "monitors": [],
}
