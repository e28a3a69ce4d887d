"""An alert route as plain values (the form of its document), and back.

Secrets never stand in a document: an option that holds one is a reference, ``{env: NAME}`` or
``{file: PATH}``, which is read when the message is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import read_name
from watchkeeper.definitions.references import form_of_value, read_text
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.model import Tier
from watchkeeper.domain.route import AlertRoute, Match, SinkSpec
from watchkeeper.domain.verdict import Severity

__all__ = ["ROUTE_KEYS", "SINK_OPTIONS", "form_of_route", "needed_options", "read_route"]

ROUTE_KEYS = ("kind", "apiVersion", "name", "match", "sinks")
MATCH_KEYS = ("model", "owner", "tier", "severity")
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
    "webhook": {"url": True, "headers": False, "allow_private": False},
}


class _Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def read_route(document: Field) -> AlertRoute:
    """The route that a document of kind ``AlertRoute`` defines.

    Raises
    ------
    InvalidDefinition
        With the path; also where a secret stands in the clear.
    """
    fields = document.mapping(ROUTE_KEYS, required=("name", "sinks"))
    sinks = fields["sinks"].sequence(most=50)
    if not sinks:
        raise fields["sinks"].must_be("at least one sink")
    return AlertRoute(
        name=read_name(fields["name"]),
        sinks=tuple(_read_sink(sink) for sink in sinks),
        match=_read_match(fields["match"]) if "match" in fields else Match(),
    )


def form_of_route(route: AlertRoute) -> dict[str, object]:
    """The document of the route: what equals its default is left out."""
    form: dict[str, object] = {
        "kind": "AlertRoute",
        "apiVersion": "watchkeeper/v1",
        "name": route.name,
    }
    match, default = Flow(), Match()
    if route.match.model != default.model:
        match["model"] = route.match.model
    if route.match.owner != default.owner:
        match["owner"] = route.match.owner
    if route.match.tiers:
        match["tier"] = [str(tier) for tier in route.match.tiers]
    if route.match.severity is not default.severity:
        match["severity"] = str(route.match.severity)
    if match:
        form["match"] = match
    form["sinks"] = [
        {"type": sink.type, **{key: form_of_value(value) for key, value in sink.options.items()}}
        for sink in route.sinks
    ]
    return form


def needed_options(sink: str) -> tuple[str, ...]:
    """The options that a sink of that type cannot do without."""
    return tuple(option for option, needed in SINK_OPTIONS[sink].items() if needed)


def _read_match(field: Field) -> Match:
    fields = field.mapping(MATCH_KEYS)
    default = Match()
    tiers: tuple[Tier, ...] = ()
    if "tier" in fields:
        one = isinstance(fields["tier"].value, str)
        entries = [fields["tier"]] if one else fields["tier"].sequence(most=10)
        tiers = tuple(entry.choice(Tier) for entry in entries)
    return Match(
        model=fields["model"].text() if "model" in fields else default.model,
        owner=fields["owner"].text() if "owner" in fields else default.owner,
        tiers=tiers,
        severity=fields["severity"].choice(Severity) if "severity" in fields else default.severity,
    )


def _read_sink(field: Field) -> SinkSpec:
    members = field.members()
    kind = members.get("type", field.child("type", None))
    if kind.value not in SINK_OPTIONS:
        raise kind.must_be(f"one of {', '.join(SINK_OPTIONS)}")
    name = kind.text()
    fields = field.mapping(("type", *SINK_OPTIONS[name]), required=needed_options(name))
    return SinkSpec(name, {key: _read_option(key, fields[key]) for key in fields if key != "type"})


def _read_option(key: str, field: Field) -> object:
    """One option of a sink, read by what its name calls for."""
    match key:
        case "port":
            return field.integer(least=1, most=65_535)
        case "allow_private":
            return field.flag()
        case "security":
            return str(field.choice(_Security))
        case "to":
            return [read_text(key, entry) for entry in field.sequence(most=1_000)]
        case "headers":
            return {name: read_text(name, member) for name, member in field.members().items()}
    return read_text(key, field)
