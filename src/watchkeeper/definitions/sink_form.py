"""A sink of a route as plain values: which options each type has, and how they are read.

Secrets never stand in a document: an option that holds one is a reference, ``{env: NAME}`` or
``{file: PATH}``, which is read when the message is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.references import form_of_value, read_reference, read_text
from watchkeeper.domain.route import SinkSpec

__all__ = ["SECRET_URLS", "SINK_OPTIONS", "form_of_sink", "needed_options", "read_sink"]

_REACH = {"allow_private": False, "ca_file": False}
# The options of each type of sink, and whether they must be given. One line a sink.
SINK_OPTIONS: Mapping[str, Mapping[str, bool]] = {
    "log": {},
    "email": {
        "host": True,
        "port": False,
        "security": False,
        "username": False,
        "password": False,
        "sender": True,
        "to": True,
        "ca_file": False,
    },
    "webhook": {"url": True, "headers": False, "secret": False, "format": False, **_REACH},
    "slack": {"url": False, "token": False, "channel": False, "base_url": False, **_REACH},
    "teams": {"url": True, **_REACH},
    "pagerduty": {"routing_key": True, "severities": False, "base_url": False, **_REACH},
    "alertmanager": {"urls": True, "headers": False, "labels": False, **_REACH},
    "apprise": {"url": True},
}
# Where the url itself is a secret: whoever knows it can write there.
SECRET_URLS = frozenset({"slack", "teams", "apprise"})


class _Format(StrEnum):
    WATCHKEEPER = "watchkeeper"
    ALERTMANAGER = "alertmanager"


class _PagerDuty(StrEnum):
    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class _Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def needed_options(sink: str) -> tuple[str, ...]:
    """The options that a sink of that type cannot do without."""
    return tuple(option for option, needed in SINK_OPTIONS[sink].items() if needed)


def read_sink(field: Field) -> SinkSpec:
    """The sink that a mapping with its ``type`` and options defines."""
    members = field.members()
    kind = members.get("type", field.child("type", None))
    if kind.value not in SINK_OPTIONS:
        raise kind.must_be(f"one of {', '.join(SINK_OPTIONS)}")
    name = kind.text()
    fields = field.mapping(("type", *SINK_OPTIONS[name]), required=needed_options(name))
    return SinkSpec(
        name, {key: _read_option(name, key, fields[key]) for key in fields if key != "type"}
    )


def _read_option(sink: str, key: str, field: Field) -> object:
    """One option of a sink, read by what its name calls for."""
    if key == "url" and sink in SECRET_URLS:
        return read_reference(field)
    read = _READ.get(key)
    return read_text(key, field) if read is None else read(field)


def _texts(field: Field) -> object:
    return [read_text("", entry) for entry in field.sequence(most=1_000)]


def _named_texts(field: Field) -> object:
    return {name: read_text(name, member) for name, member in field.members().items()}


_READ: Mapping[str, Callable[[Field], object]] = {
    "port": lambda field: field.integer(least=1, most=65_535),
    "allow_private": lambda field: field.flag(),
    "security": lambda field: str(field.choice(_Security)),
    "format": lambda field: str(field.choice(_Format)),
    "routing_key": read_reference,
    "severities": lambda field: {
        name: str(member.choice(_PagerDuty)) for name, member in field.members().items()
    },
    "to": _texts,
    "urls": _texts,
    "headers": _named_texts,
    "labels": _named_texts,
}


def form_of_sink(sink: SinkSpec) -> dict[str, object]:
    """The sink as it stands in a document."""
    return {"type": sink.type, **{key: form_of_value(value) for key, value in sink.options.items()}}
