"""A source as plain values (the form of its document), and back.

Each type's options are one table below: what is read how, and what must be given. Secrets are
references, ``{env: NAME}`` or ``{file: PATH}``, which are read when the source is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import column_name, duration_text, read_duration, read_name
from watchkeeper.definitions.references import form_of_value, read_reference, read_text
from watchkeeper.domain.source import Source, SourceRows, SourceType

__all__ = [
    "KAFKA_OWN",
    "SOURCE_OPTIONS",
    "Changed",
    "Expect",
    "Format",
    "LatencyUnit",
    "ModelServer",
    "Option",
    "Start",
    "Telemetry",
    "form_of_source",
    "needed_source_options",
    "read_source",
]

_HEAD = ("kind", "apiVersion", "name", "model", "type", "rows", "columns", "enabled")
# What the puller itself decides: that nothing is lost or doubled hangs on it.
KAFKA_OWN = (
    "bootstrap.servers",
    "group.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "isolation.level",
    "plugin.library.paths",  # it would load any program into the worker
)


class Start(StrEnum):
    """Where a topic is begun that was never read."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Format(StrEnum):
    """What messages hold."""

    ROWS = "rows"
    CLOUD_EVENTS = "cloud_events"


class Changed(StrEnum):
    """What is done with a file that was taken and then changed."""

    REFUSE = "refuse"  # it is told, and put into quarantine
    READ = "read"  # it is read again; rows that were taken are known by their ids


class ModelServer(StrEnum):
    """Servers of models whose figures are known by their names."""

    TRITON = "triton"
    KSERVE = "kserve"
    MLSERVER = "mlserver"
    BENTOML = "bentoml"
    VLLM = "vllm"


class LatencyUnit(StrEnum):
    """In what a server measures how long it takes."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"


class Expect(StrEnum):
    """What an exchange consists of."""

    BOTH = "both"
    REQUEST = "request"
    RESPONSE = "response"


class Telemetry(StrEnum):
    """Which telemetry of a model server becomes rows."""

    TRACES = "traces"
    LOGS = "logs"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: ``kind`` says how it is read, ``about`` what it means."""

    kind: str
    about: str
    needed: bool = False


_FILES: Mapping[str, Option] = {
    "pattern": Option(
        "text", "Which files, as a pattern of their path below it: `*.parquet`, `2024/*.csv`."
    ),
    "settle": Option("duration", "How long a file must not have changed before it is read."),
    "poll": Option("duration", "How often to look for new files."),
    "changed": Option("changed", "A taken file that changed: `refuse` it, or `read` it again."),
    "null_values": Option("texts", "What stands for a missing value in CSV, beside nothing."),
}
_EVENTS: Mapping[str, Option] = {
    "service": Option("text", "Only of inference services whose name is like this pattern."),
    "namespace": Option("text", "Only of this namespace."),
    "component": Option("text", "Of which component; else `predictor`, `*` for any."),
    "features": Option("columns", "The columns of a tensor without names, in its order."),
    "outputs": Option("outputs", "What each output is: a column, or several in order."),
    "expect": Option("expect", "Of what an exchange consists: `both`, `request`, `response`."),
    "wait": Option("duration", "How long one half waits for the other."),
}
_TOPIC: Mapping[str, Option] = {
    "format": Option("format", "What messages hold: `rows`, or `cloud_events`, as options below."),
    "start": Option("start", "Where to begin at first: at the `oldest` message or the `newest`."),
    "ca_file": Option("text", "The certificates to trust, as a file."),
    "username": Option("plain_or_secret", "Who asks."),
    "password": Option("secret", "Their password."),
    **_EVENTS,
}
# The options of each type of source. One line an option.
SOURCE_OPTIONS: Mapping[SourceType, Mapping[str, Option]] = {
    SourceType.DIRECTORY: {
        "path": Option("text", "The folder.", needed=True),
        **_FILES,
    },
    SourceType.OBJECT_STORE: {
        "url": Option("url", "`s3://bucket/folder`, `gs://…` or `abfss://…`.", needed=True),
        "endpoint": Option("text", "Another server than the store's own: `http://minio:9000`."),
        "region": Option("text", "The store's region."),
        "access_key": Option("plain_or_secret", "Without it: as this machine is known there."),
        "secret_key": Option("secret", "What belongs to the access key."),
        **_FILES,
    },
    SourceType.NATS: {
        "servers": Option("texts", "`nats://host:4222`, one or more.", needed=True),
        "stream": Option("text", "The JetStream stream.", needed=True),
        "subject": Option("text", "Only messages of these subjects."),
        "durable": Option("text", "The consumer's name; else `watchkeeper-<name>`."),
        "token": Option("secret", "A token in the place of a name and a password."),
        "credentials_file": Option("text", "A user's JWT and key, as a file."),
        **_TOPIC,
    },
    SourceType.KAFKA: {
        "servers": Option("texts", "`host:9092`, one or more.", needed=True),
        "topics": Option("texts", "The topics.", needed=True),
        "group": Option("text", "The consumer group; else `watchkeeper-<name>`."),
        "settings": Option("settings", "Further settings of librdkafka, by their names."),
        **_TOPIC,
    },
    SourceType.PROMETHEUS: {
        "url": Option("text", "Where it is: `http://prometheus:9090`.", needed=True),
        "server": Option("server", "Which server serves the model: its figures are known then."),
        "served_as": Option("text", "The model's name there; else its name here."),
        "match": Option("text", 'Further matchers of its series: `namespace="prod"`.'),
        "requests": Option("text", "PromQL for how many requests `$window` had, in any way."),
        "errors": Option("text", "PromQL for how many of them failed."),
        "latency": Option("text", "PromQL for a histogram of `$window`, as buckets by `le`."),
        "latency_mean": Option("text", "PromQL for a mean, where there is no histogram."),
        "latency_unit": Option("latency_unit", "In what these are measured: `s`, `ms` or `us`."),
        "present": Option("text", "PromQL that has a value while the server is watched."),
        "delay": Option("duration", "How long after its end a window is asked for; else 90 s."),
        "history": Option("duration", "How far back to begin at first; else a week."),
        "username": Option("plain_or_secret", "Who asks."),
        "password": Option("secret", "Their password."),
        "token": Option("secret", "A bearer token in the place of both."),
        "ca_file": Option("text", "The certificates to trust, as a file."),
    },
    SourceType.CLOUD_EVENTS: _EVENTS,
    SourceType.OTLP: {
        "signal": Option("signal", "What becomes rows: `traces` (else), `logs` or `metrics`."),
        "service": Option("text", "Only of services whose `service.name` is like this pattern."),
        "named": Option("text", "Only spans or events whose name is like this pattern."),
        "served": Option(
            "text",
            "Only requests for models that the server calls like this pattern; else, where none of "
            "these three is given, the model's name.",
        ),
    },
}


def read_source(document: Field) -> Source:
    """The source that a document of kind ``Source`` defines.

    Raises
    ------
    InvalidDefinition
        With the path; also where a secret stands in the clear.
    """
    members = document.members()
    kind = members.get("type", document.child("type", None)).choice(SourceType)
    options = SOURCE_OPTIONS[kind]
    fields = document.mapping(
        (*_HEAD, *options), required=("name", "model", *needed_source_options(kind))
    )
    if kind is SourceType.PROMETHEUS and not fields.keys() & {"server", "requests"}:
        raise document.fail("must say which server serves the model, or how requests are counted")
    return Source(
        name=read_name(fields["name"]),
        model=read_name(fields["model"]),
        type=kind,
        options={
            name: _READERS[option.kind](fields[name])
            for name, option in options.items()
            if name in fields
        },
        rows=fields["rows"].choice(SourceRows) if "rows" in fields else SourceRows.PREDICTIONS,
        columns=_read_columns(fields["columns"]) if "columns" in fields else {},
        enabled=fields["enabled"].flag() if "enabled" in fields else True,
    )


def form_of_source(source: Source) -> dict[str, object]:
    """The document of the source: what equals its default is left out."""
    form: dict[str, object] = {
        "kind": "Source",
        "apiVersion": "watchkeeper/v1",
        "name": source.name,
        "model": source.model,
        "type": str(source.type),
    }
    if source.rows is not SourceRows.PREDICTIONS:
        form["rows"] = str(source.rows)
    for name, option in SOURCE_OPTIONS[source.type].items():
        if name in source.options:
            value = source.options[name]
            seconds = option.kind == "duration" and isinstance(value, int | float)
            form[name] = (
                duration_text(timedelta(seconds=float(str(value))))
                if seconds
                else form_of_value(value)
            )
    if source.columns:
        form["columns"] = dict(source.columns)
    if not source.enabled:
        form["enabled"] = False
    return form


def needed_source_options(kind: SourceType) -> tuple[str, ...]:
    """The options that a source of that type cannot do without."""
    return tuple(name for name, option in SOURCE_OPTIONS[kind].items() if option.needed)


def _read_columns(field: Field) -> dict[str, str]:
    return {name: member.text() for name, member in field.members().items()}


def _read_texts(field: Field) -> list[str]:
    if isinstance(field.value, str):
        return [field.text(most=4_096)]
    entries = field.sequence(most=1_000)
    if not entries:
        raise field.must_be("at least one")
    return [entry.text(most=4_096, least=0) for entry in entries]


def _read_url(field: Field) -> str:
    text = field.text(most=4_096)
    if not text.startswith(("s3://", "gs://", "abfss://")):
        raise field.must_be("an address such as s3://bucket/folder, gs://… or abfss://…")
    return text


def _read_outputs(field: Field) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, member in field.members().items():
        many = isinstance(member.value, list | tuple)
        found[name] = _read_names(member) if many else column_name(member)
    return found


def _read_names(field: Field) -> list[str]:
    return [column_name(entry) for entry in field.sequence()]


def _read_settings(field: Field) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, member in field.members().items():
        if name in KAFKA_OWN:
            raise member.fail("is the source's own to decide: leave it out")
        plain = isinstance(member.value, bool | int | float)
        found[name] = member.plain() if plain else read_text(name, member)
    return found


_READERS: Mapping[str, Callable[[Field], object]] = {
    "text": lambda field: field.text(most=4_096),
    "url": _read_url,
    "texts": _read_texts,
    "columns": _read_names,
    "outputs": _read_outputs,
    "settings": _read_settings,
    "duration": lambda field: read_duration(field).total_seconds(),
    "secret": read_reference,
    "plain_or_secret": lambda field: read_text("user", field),
    "start": lambda field: str(field.choice(Start)),
    "changed": lambda field: str(field.choice(Changed)),
    "format": lambda field: str(field.choice(Format)),
    "expect": lambda field: str(field.choice(Expect)),
    "server": lambda field: str(field.choice(ModelServer)),
    "latency_unit": lambda field: str(field.choice(LatencyUnit)),
    "signal": lambda field: str(field.choice(Telemetry)),
}
