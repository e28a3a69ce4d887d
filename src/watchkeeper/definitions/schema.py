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
from watchkeeper.definitions.sink_form import SECRET_URLS, SINK_OPTIONS, needed_options
from watchkeeper.definitions.source_form import (
    KAFKA_OWN,
    SOURCE_OPTIONS,
    Changed,
    Expect,
    Format,
    LatencyUnit,
    ModelServer,
    Start,
    Telemetry,
    needed_source_options,
)
from watchkeeper.domain.model import ColumnType, Policy, Role, Task, Tier
from watchkeeper.domain.source import SourceRows
from watchkeeper.domain.verdict import Severity

__all__ = ["SCHEMAS", "model_schema", "monitor_schema", "route_schema", "source_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GRANULARITY = r"^\s*[1-9][0-9]*\s*[mhdw]\s*$"
_MATCHER = r"^\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)"
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
            "depends_on": {
                **_list(_name(), 100),
                "description": "Models whose faults make this one worse: what they explain is held "
                "back.",
            },
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
    schema = _document(
        "AlertRoute",
        "Which alerts go to whom, when and how: a tree, as Alertmanager has it.",
        {**_route_fields(), "routes": _routes()},
        required=("name",),
    )
    child = _object({**_route_fields(), "routes": _routes()}, required=("name",))
    return {**schema, "$defs": {"route": child}}


def inhibit_schema() -> _Schema:
    """The schema of ``kind: InhibitRule``."""
    return _document(
        "InhibitRule",
        "While one alert fires, others are not told.",
        {
            "name": _name(),
            "source_matchers": _matchers("What must fire."),
            "target_matchers": _matchers("What is not told meanwhile."),
            "equal": _list(_text(200), 50),
        },
        required=("name", "source_matchers", "target_matchers"),
    )


def interval_schema() -> _Schema:
    """The schema of ``kind: TimeInterval``."""
    return _document(
        "TimeInterval",
        "Recurring stretches of time, named so that routes can say when they tell.",
        {"name": _name(), "time_intervals": {**_list(_times(), 100), "minItems": 1}},
        required=("name", "time_intervals"),
    )


def rota_schema() -> _Schema:
    """The schema of ``kind: Rota``."""
    layer = _object(
        {
            "people": {**_list(_name(), 200), "minItems": 1},
            "starts": {"type": "string", "format": "date"},
            "every_days": {"type": "integer", "minimum": 1, "maximum": 366},
            "hand_over": _clock(),
            "hours": _list(_times(), 100),
        },
        required=("people", "starts"),
    )
    override = _object(
        {"person": _name(), "starts_at": _moment(), "ends_at": _moment()},
        required=("person", "starts_at", "ends_at"),
    )
    return _document(
        "Rota",
        "Who is on call when, and how each of them is told.",
        {
            "name": _name(),
            "timezone": _text(64),
            "people": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": _name(),
                "additionalProperties": _list(_sinks(), 20),
            },
            "layers": {**_list(layer, 20), "minItems": 1},
            "overrides": _list(override, 1_000),
        },
        required=("name", "people", "layers"),
    )


def escalation_schema() -> _Schema:
    """The schema of ``kind: Escalation``."""
    step = _object(
        {
            "wait": _wait("How long to wait for an acknowledgement before the next step."),
            "rotas": _list(_name(), 20),
            "people": _list({"type": "string", "pattern": f"^{NAME}/{NAME}$"}, 50),
        },
        required=("wait",),
    )
    return _document(
        "Escalation",
        "Who is told, and who next where nobody acknowledges.",
        {
            "name": _name(),
            "steps": {**_list(step, 20), "minItems": 1},
            "repeats": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        required=("name", "steps"),
    )


def silence_schema() -> _Schema:
    """The schema of ``kind: Silence``."""
    return _document(
        "Silence",
        "What is not to be told for a while, by whose decision and why.",
        {
            "name": _name(),
            "matchers": _matchers("What is muted: what all of them match."),
            "starts_at": _moment(),
            "ends_at": _moment(),
            "owner": _text(200),
            "comment": {**_prose(), "minLength": 1, "maxLength": 2_000},
        },
        required=("name", "matchers", "starts_at", "ends_at", "owner", "comment"),
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
    "inhibit_rule": inhibit_schema,
    "time_interval": interval_schema,
    "rota": rota_schema,
    "escalation": escalation_schema,
    "silence": silence_schema,
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
        "for": _wait("How long its windows must fire without a break before an alert opens."),
        "keep_firing_for": _wait("For how long an alert is kept after the last that fired."),
        "enabled": {"type": "boolean"},
    }


def _route_fields() -> dict[str, object]:
    tier = _choice(Tier)
    return {
        "name": _name(),
        "match": _object(
            {
                "model": _text(512),
                "owner": _text(512),
                "tier": {"anyOf": [tier, _list(tier, 10)]},
                "severity": _choice(Severity, "The least severity that is taken."),
            }
        ),
        "matchers": _matchers("What it takes: what all of them match."),
        "continue": {"type": "boolean", "description": "Whether its siblings are tried too."},
        "group_by": _list(_text(200), 50),
        "group_wait": _wait("How long a new group waits for more of it."),
        "group_interval": _wait("How long until changes of a group are told."),
        "repeat_interval": _wait("After how long what does not change is told again; 0s: never."),
        "active_time_intervals": _list(_name(), 100),
        "mute_time_intervals": _list(_name(), 100),
        "break_through": _matchers("What is told at any hour."),
        "escalation": _name(),
        "digest": _object(
            {
                "at": {"anyOf": [_clock(), {**_list(_clock(), 24), "minItems": 1}]},
                "weekdays": _list(_text(20), 7),
                "location": _text(64),
            },
            required=("at",),
        ),
        "send_resolved": {"type": "boolean"},
        "sinks": {**_list(_sinks(), 50), "minItems": 1},
    }


def _routes() -> _Schema:
    return _list({"$ref": "#/$defs/route"}, 200)


def _sinks() -> _Schema:
    return {"oneOf": [_sink(kind) for kind in SINK_OPTIONS]}


def _matchers(description: str) -> _Schema:
    one = {"type": "string", "maxLength": 1_000, "pattern": _MATCHER}
    return {"description": description, "anyOf": [one, _list(one, 100)]}


def _times() -> _Schema:
    span: _Schema = {"type": ["string", "integer"]}
    return _object(
        {
            "times": _list(
                _object(
                    {"start_time": _clock(), "end_time": _clock()},
                    required=("start_time", "end_time"),
                ),
                100,
            ),
            **{key: _list(span, 100) for key in ("weekdays", "days_of_month", "months", "years")},
            "location": _text(64),
        }
    )


def _clock() -> _Schema:
    return {"type": "string", "pattern": r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}


def _moment() -> _Schema:
    return {"type": "string", "format": "date-time"}


def _sink(kind: str) -> _Schema:
    fields = {key: _SINK_FIELDS[key] for key in SINK_OPTIONS[kind]}
    if kind in SECRET_URLS:
        fields["url"] = _secret()
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


def _wait(description: str) -> _Schema:
    return {"type": "string", "pattern": f"^(?:{DURATION}|0s)$", "description": description}


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
    "secret": _secret(),
    "format": {"enum": ["watchkeeper", "alertmanager"]},
    "token": _secret(),
    "channel": _TEXT_OR_SECRET,
    "base_url": _TEXT_OR_SECRET,
    "routing_key": _secret(),
    "severities": {
        "type": "object",
        "additionalProperties": {"enum": ["critical", "error", "warning", "info"]},
    },
    "urls": _list(_TEXT_OR_SECRET, 20),
    "labels": {"type": "object", "additionalProperties": _TEXT_OR_SECRET},
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
    "signal": _choice(Telemetry),
    "server": _choice(ModelServer),
    "latency_unit": _choice(LatencyUnit),
}
