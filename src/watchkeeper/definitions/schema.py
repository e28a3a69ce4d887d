"""JSON Schema (2020-12) of the documents, for editors and for programs that write them.

The schema says what can be said without looking at two places at once; `document` checks the
rest (that columns exist, that classes agree). Published under ``docs/reference/schemas``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from watchkeeper.definitions.names import COLUMN_NAME, DURATION, MAX_COLUMN_NAME, NAME
from watchkeeper.definitions.places import PLACE
from watchkeeper.definitions.retention_form import RETENTION_KEYS
from watchkeeper.definitions.route_form import SINK_OPTIONS, needed_options
from watchkeeper.definitions.source_form import (
    KAFKA_OWN,
    SOURCE_OPTIONS,
    Changed,
    Expect,
    Format,
    Start,
    needed_source_options,
)
from watchkeeper.domain.model import ColumnType, Policy, Role, Task, Tier
from watchkeeper.domain.source import SourceRows
from watchkeeper.domain.verdict import Severity

__all__ = ["SCHEMAS", "model_schema", "monitor_schema", "route_schema", "source_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GRANULARITY = r"^\s*[1-9][0-9]*\s*[mhdw]\s*$"
_PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

_Schema = dict[str, object]


def model_schema() -> _Schema:
    """The schema of ``kind: Model``."""
    return _document(
        "Model",
        "A model: what its columns mean, how it is watched, and for whom.",
        {
            "name": _name(),
            "task": _choice(Task, "What the model answers."),
            "description": _prose(),
            "owner": _text(512, least=0),
            "tier": _choice(Tier, "How much depends on the model."),
            "positive_class": _class("The class that the score is the probability of (binary)."),
            "classes": _list(_class(), 10_000),
            "granularity": {
                "type": "string",
                "pattern": _GRANULARITY,
                "description": "The length of windows: 5m to 1w, dividing a week evenly.",
            },
            "timezone": _text(64),
            "holidays": {
                "type": "string",
                "maxLength": 64,
                "pattern": f"^{PLACE}$",
                "description": "Whose public holidays count: a country (US) or a part (US-NY), by ISO 3166.",
            },
            "label_horizon": _duration("When labels are expected to have arrived."),
            "baseline": _object(
                {
                    "reference": _text(4_096),
                    "rolling_days": {"type": "integer", "minimum": 1, "maximum": 3_660},
                }
            ),
            "alarm_budget": _object(
                {
                    "false_days": {"type": "number", "exclusiveMinimum": 0},
                    "per_days": {"type": "number", "exclusiveMinimum": 0},
                }
            ),
            "materiality": {"type": "number", "minimum": 0, "maximum": 1},
            "retention": {
                **_object({key: _kept() for key in RETENTION_KEYS}),
                "description": "How long the rows of each table are kept; else as the tier says.",
            },
            "columns": {
                "type": "object",
                "maxProperties": 10_000,
                "propertyNames": {**_column_name(), "not": {"pattern": "^_wk_"}},
                "additionalProperties": {"anyOf": [_choice(ColumnType), _column()]},
            },
            "monitors": _list(_object(_monitor_fields(), required=("name", "type")), 1_000),
        },
        required=("name", "task", "columns"),
    )


def monitor_schema() -> _Schema:
    """The schema of ``kind: Monitor``."""
    return _document(
        "Monitor",
        "A monitor in a document of its own: it joins the monitors of a model.",
        {"model": _name(), **_monitor_fields()},
        required=("model", "name", "type"),
    )


def route_schema() -> _Schema:
    """The schema of ``kind: AlertRoute``."""
    tier = _choice(Tier)
    match = _object(
        {
            "model": _text(512),
            "owner": _text(512),
            "tier": {"anyOf": [tier, _list(tier, 10)]},
            "severity": _choice(Severity, "The least severity that is taken."),
        }
    )
    sinks = {**_list({"oneOf": [_sink(kind) for kind in SINK_OPTIONS]}, 50), "minItems": 1}
    return _document(
        "AlertRoute",
        "Which incidents go to whom, and how.",
        {"name": _name(), "match": match, "sinks": sinks},
        required=("name", "sinks"),
    )


def source_schema() -> _Schema:
    """The schema of ``kind: Source``: one form for each type."""
    head = {
        "kind": {"const": "Source"},
        "apiVersion": {"const": "watchkeeper/v1"},
        "name": _name(),
        "model": _name(),
        "rows": _choice(SourceRows, "What the rows are."),
        "columns": {
            "type": "object",
            "additionalProperties": _text(512),
            "description": "Our name, of a column or of a plain word such as id, to theirs.",
        },
        "enabled": {"type": "boolean"},
        "runbook": {
            "type": "string",
            "pattern": "^https?://[^\\s/?#]+[^\\s]*$",
            "maxLength": 2_000,
            "description": "Where it says what to do when it alarms; else the page of its kind.",
        },
    }
    forms = [
        _object(
            {
                **head,
                "type": {"const": str(kind)},
                **{
                    name: {**_SOURCE_FIELDS[option.kind], "description": option.about}
                    for name, option in options.items()
                },
            },
            required=("kind", "apiVersion", "name", "model", "type", *needed_source_options(kind)),
        )
        for kind, options in SOURCE_OPTIONS.items()
    ]
    description = "Where rows are fetched from, or whose payloads are understood."
    return {"$schema": _DIALECT, "title": "Source", "description": description, "oneOf": forms}


SCHEMAS = {
    "model": model_schema,
    "monitor": monitor_schema,
    "alert_route": route_schema,
    "source": source_schema,
}
"""The published schemas by the name of their file."""


def _document(
    kind: str, description: str, fields: Mapping[str, object], *, required: tuple[str, ...]
) -> _Schema:
    head = {"kind": {"const": kind}, "apiVersion": {"const": "watchkeeper/v1"}}
    body = _object({**head, **fields}, required=("kind", "apiVersion", *required))
    return {"$schema": _DIALECT, "title": kind, "description": description, **body}


def _object(fields: Mapping[str, object], *, required: tuple[str, ...] = ()) -> _Schema:
    """A mapping with these keys only; a key without a value (null) counts as left out."""
    optional = {
        key: field if key in required else _or_nothing(field) for key, field in fields.items()
    }
    schema: _Schema = {"type": "object", "properties": optional, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _or_nothing(field: object) -> _Schema:
    return {"anyOf": [field, {"type": "null"}]}


def _column() -> _Schema:
    return _object(
        {
            "type": _choice(ColumnType, "What the values are."),
            "role": _choice(Role, "What the column means to the model."),
            "score_of": _class("The class that a score column holds the probability of."),
            "description": _prose(),
            "minimum": {"type": "number"},
            "maximum": {"type": "number"},
            "categories": _list(_class(), 10_000),
            "policy": _choice(Policy, "What is done to the values before they are stored."),
        },
        required=("type",),
    )


def _monitor_fields() -> dict[str, object]:
    return {
        "name": _name(),
        "type": {**_name(), "description": "The monitor's kind, such as drift or static."},
        "columns": _list(_column_name(), 10_000),
        "options": {"type": "object", "description": "Options of that kind."},
        "severity": _choice(Severity),
        "enabled": {"type": "boolean"},
    }


def _sink(kind: str) -> _Schema:
    fields = {key: _SINK_FIELDS[key] for key in SINK_OPTIONS[kind]}
    return _object({"type": {"const": kind}, **fields}, required=("type", *needed_options(kind)))


def _secret() -> _Schema:
    one = [_object({key: _text(4_096)}, required=(key,)) for key in ("env", "file")]
    return {"description": "A reference to a secret, never the secret.", "oneOf": one}


def _text(most: int, *, least: int = 1) -> _Schema:
    return {
        "type": "string",
        "minLength": least,
        "maxLength": most,
        "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$",
    }


def _prose() -> _Schema:
    return {"type": "string", "maxLength": 10_000, "pattern": _PROSE}


def _name() -> _Schema:
    return {"type": "string", "pattern": f"^{NAME}$"}


def _column_name() -> _Schema:
    return {"type": "string", "maxLength": MAX_COLUMN_NAME, "pattern": f"^{COLUMN_NAME}$"}


def _duration(description: str) -> _Schema:
    return {"type": "string", "pattern": f"^{DURATION}$", "description": description}


def _kept() -> _Schema:
    return {"type": "string", "pattern": f"^(?:{DURATION}|forever)$"}


def _class(description: str = "") -> _Schema:
    """A class may be written as text, number or boolean; it is text ever after."""
    schema: _Schema = {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": 512}
    return {**schema, "description": description} if description else schema


def _list(items: _Schema, most: int) -> _Schema:
    return {"type": "array", "maxItems": most, "items": items}


def _choice(enum: type[StrEnum], description: str = "") -> _Schema:
    schema: _Schema = {"enum": [str(member) for member in enum]}
    return {**schema, "description": description} if description else schema


_TEXT_OR_SECRET: _Schema = {"anyOf": [_text(4_096), _secret()]}
_SINK_FIELDS: Mapping[str, object] = {
    "host": _TEXT_OR_SECRET,
    "port": {"type": "integer", "minimum": 1, "maximum": 65_535},
    "security": {"enum": ["starttls", "tls", "none"]},
    "username": _TEXT_OR_SECRET,
    "password": _secret(),
    "sender": _TEXT_OR_SECRET,
    "to": _list(_TEXT_OR_SECRET, 1_000),
    "ca_file": _text(4_096),
    "url": _TEXT_OR_SECRET,
    "headers": {"type": "object", "additionalProperties": _TEXT_OR_SECRET},
    "allow_private": {"type": "boolean"},
}
_TEXTS: _Schema = {"anyOf": [_text(4_096), {**_list(_text(4_096, least=0), 1_000), "minItems": 1}]}
_NAMES: _Schema = _list(_column_name(), 10_000)
_SOURCE_FIELDS: Mapping[str, _Schema] = {
    "text": _text(4_096),
    "url": {**_text(4_096), "pattern": "^(s3|gs|abfss)://"},
    "texts": _TEXTS,
    "columns": _NAMES,
    "outputs": {"type": "object", "additionalProperties": {"anyOf": [_column_name(), _NAMES]}},
    "settings": {
        "type": "object",
        "propertyNames": {"not": {"enum": list(KAFKA_OWN)}},
        "additionalProperties": {
            "anyOf": [{"type": ["string", "number", "boolean"]}, _secret()],
        },
    },
    "duration": {"type": "string", "pattern": f"^{DURATION}$"},
    "secret": _secret(),
    "plain_or_secret": _TEXT_OR_SECRET,
    "start": _choice(Start),
    "changed": _choice(Changed),
    "format": _choice(Format),
    "expect": _choice(Expect),
}
