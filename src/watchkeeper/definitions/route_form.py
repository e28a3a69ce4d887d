"""An alert route as plain values (the form of its document), and back.

Secrets never stand in a document: an option that holds one is a reference, ``{env: NAME}`` or
``{file: PATH}``, which is read when the message is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import read_name
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.model import Tier
from watchkeeper.domain.route import AlertRoute, Match, Secret, SinkSpec
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
_SECRET = re.compile(
    r"password|secret|token|authorization|cookie|api[-_]?key|signature", re.IGNORECASE
)


class _Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z")


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
        {"type": sink.type, **{key: _form(value) for key, value in sink.options.items()}}
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
            return [_read_text(key, entry) for entry in field.sequence(most=1_000)]
        case "headers":
            return {name: _read_text(name, member) for name, member in field.members().items()}
    return _read_text(key, field)


def _read_text(key: str, field: Field) -> object:
    """Text, or a reference to a secret; only the latter where ``key`` names a secret."""
    if isinstance(field.value, dict):
        return _read_secret(field)
    if _SECRET.search(key):
        raise field.fail(
            "must be a reference such as {env: SMTP_PASSWORD} or {file: /run/secrets/smtp}: "
            "a secret never stands in a document"
        )
    return field.text(most=4_096)


def _read_secret(field: Field) -> Secret:
    fields = field.mapping(("env", "file"))
    if len(fields) != 1:
        raise field.must_be("a reference with one of env or file")
    if "file" in fields:
        return Secret(file=fields["file"].text(most=4_096))
    name = fields["env"].text(most=255)
    if not _ENV.match(name):
        raise fields["env"].must_be("the name of an environment variable")
    return Secret(env=name)


def _form(value: object) -> object:
    if isinstance(value, Secret):
        return Flow(env=value.env) if value.env is not None else Flow(file=value.file)
    if isinstance(value, dict):
        return {key: _form(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_form(item) for item in value]
    return value
