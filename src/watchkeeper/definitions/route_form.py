"""Alert routes as trees, and inhibitions, as plain values (the forms of their documents), and back.

The words are Alertmanager's where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.hours_form import (
    clock_text,
    read_clock,
    read_weekday,
    read_zone,
    weekday_text,
)
from watchkeeper.definitions.matchers import read_matchers
from watchkeeper.definitions.names import duration_text, read_name, read_wait
from watchkeeper.definitions.sink_form import form_of_sink, read_sink
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.model import Tier
from watchkeeper.domain.route import AlertRoute, Digest, Grouping, Hours, InhibitRule, Match
from watchkeeper.domain.verdict import Severity

__all__ = [
    "DIGEST_KEYS",
    "INHIBIT_KEYS",
    "MATCH_KEYS",
    "NODE_KEYS",
    "form_of_inhibit_rule",
    "form_of_route",
    "read_inhibit_rule",
    "read_route",
]

_HEAD = ("kind", "apiVersion")
NODE_KEYS = (
    "name",
    "match",
    "matchers",
    "continue",
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "active_time_intervals",
    "mute_time_intervals",
    "break_through",
    "escalation",
    "digest",
    "send_resolved",
    "sinks",
    "routes",
)
MATCH_KEYS = ("model", "owner", "tier", "severity")
DIGEST_KEYS = ("at", "weekdays", "location")
INHIBIT_KEYS = (*_HEAD, "name", "source_matchers", "target_matchers", "equal")
_WAITS = {"group_wait": "wait", "group_interval": "interval", "repeat_interval": "repeat"}
_DEEPEST, _MOST_ROUTES, _MOST_LABELS = 8, 200, 50
_VERSION = "watchkeeper/v1"


def read_route(document: Field) -> AlertRoute:
    """The route, with all routes below it, that a document of kind ``AlertRoute`` defines.

    Raises
    ------
    InvalidDefinition
        With the path; also where a secret stands in the clear, or a route has nobody to tell.
    """
    document.mapping((*_HEAD, *NODE_KEYS), required=("name",))
    members = {key: each for key, each in document.members().items() if key not in _HEAD}
    body = Field({key: each.value for key, each in members.items()}, document.path, document.source)
    return _read_node(body, _DEEPEST, told=False, top=True)


def form_of_route(route: AlertRoute) -> dict[str, object]:
    """The document of the route: what equals its default is left out."""
    return {"kind": "AlertRoute", "apiVersion": _VERSION, **_form_of_node(route, Match())}


def read_inhibit_rule(document: Field) -> InhibitRule:
    """The inhibition that a document of kind ``InhibitRule`` defines."""
    needed = ("name", "source_matchers", "target_matchers")
    fields = document.mapping(INHIBIT_KEYS, required=needed)
    equal = fields["equal"].sequence(most=_MOST_LABELS) if "equal" in fields else []
    return InhibitRule(
        name=read_name(fields["name"]),
        source=read_matchers(fields["source_matchers"], least=1),
        target=read_matchers(fields["target_matchers"], least=1),
        equal=tuple(each.text(most=200) for each in equal),
    )


def form_of_inhibit_rule(rule: InhibitRule) -> dict[str, object]:
    """The document of the inhibition."""
    form: dict[str, object] = {
        "kind": "InhibitRule",
        "apiVersion": _VERSION,
        "name": rule.name,
        "source_matchers": [str(each) for each in rule.source],
        "target_matchers": [str(each) for each in rule.target],
    }
    return {**form, "equal": list(rule.equal)} if rule.equal else form


def _read_node(field: Field, depth: int, *, told: bool, top: bool = False) -> AlertRoute:
    """A route; ``told`` where one above it has sinks."""
    if not depth:
        raise field.fail(f"is nested too deeply: {_DEEPEST} routes at most")
    fields = field.mapping(NODE_KEYS, required=("name",))
    sinks = tuple(map(read_sink, fields["sinks"].sequence(most=50))) if "sinks" in fields else ()
    if not sinks and not told and ("sinks" in fields or "routes" not in fields):
        raise field.fail("must tell somebody: give at least one sink under 'sinks'")
    below = fields["routes"].sequence(most=_MOST_ROUTES) if "routes" in fields else []
    routes = tuple(_read_node(each, depth - 1, told=told or bool(sinks)) for each in below)
    names = [route.name for route in routes]
    if len(names) != len(set(names)):
        raise fields["routes"].fail(f"must have names that differ, got {names}")
    if routes and not sinks and not told:
        raise field.fail("must have 'sinks' of its own: it tells what none of its routes takes")
    anything = Match() if top else Match(severity=Severity.INFO)
    return AlertRoute(
        name=read_name(fields["name"]),
        sinks=sinks,
        match=_read_match(fields["match"], anything) if "match" in fields else anything,
        matchers=read_matchers(fields["matchers"]) if "matchers" in fields else (),
        go_on=fields["continue"].flag() if "continue" in fields else False,
        grouping=_read_grouping(fields),
        hours=_read_hours(fields),
        escalation=read_name(fields["escalation"]) if "escalation" in fields else None,
        digest=_read_digest(fields["digest"]) if "digest" in fields else None,
        send_resolved=fields["send_resolved"].flag() if "send_resolved" in fields else None,
        routes=routes,
    )


def _read_match(field: Field, anything: Match) -> Match:
    fields = field.mapping(MATCH_KEYS)
    tiers: tuple[Tier, ...] = ()
    if "tier" in fields:
        one = isinstance(fields["tier"].value, str)
        entries = [fields["tier"]] if one else fields["tier"].sequence(most=10)
        tiers = tuple(entry.choice(Tier) for entry in entries)
    severity = fields["severity"].choice(Severity) if "severity" in fields else anything.severity
    return Match(
        model=fields["model"].text() if "model" in fields else anything.model,
        owner=fields["owner"].text() if "owner" in fields else anything.owner,
        tiers=tiers,
        severity=severity,
    )


def _read_grouping(fields: Mapping[str, Field]) -> Grouping:
    by = None
    if "group_by" in fields:
        by = tuple(each.text(most=200) for each in fields["group_by"].sequence(most=_MOST_LABELS))
        if "..." in by and len(by) > 1:
            raise fields["group_by"].must_be("'...' alone, or names of labels")
    waits = {part: read_wait(fields[key]) for key, part in _WAITS.items() if key in fields}
    return Grouping(by=by, **waits)


def _read_hours(fields: Mapping[str, Field]) -> Hours | None:
    keys = ("active_time_intervals", "mute_time_intervals", "break_through")
    if not any(key in fields for key in keys):
        return None
    active, mute = (
        tuple(read_name(each) for each in fields[key].sequence(most=100)) if key in fields else ()
        for key in keys[:2]
    )
    through = read_matchers(fields["break_through"]) if "break_through" in fields else ()
    return Hours(active, mute, through)


def _read_digest(field: Field) -> Digest:
    fields = field.mapping(DIGEST_KEYS, required=("at",))
    one = isinstance(fields["at"].value, str)
    at = [fields["at"]] if one else fields["at"].sequence(most=24)
    if not at:
        raise fields["at"].must_be("at least one time of the day")
    days = fields["weekdays"].sequence(most=7) if "weekdays" in fields else []
    return Digest(
        at=tuple(sorted({read_clock(each) % 1440 for each in at})),
        weekdays=tuple(sorted({read_weekday(each) for each in days})),
        location=read_zone(fields["location"]) if "location" in fields else "UTC",
    )


def _form_of_node(route: AlertRoute, anything: Match) -> dict[str, object]:
    form: dict[str, object] = {"name": route.name}
    if match := _form_of_match(route.match, anything):
        form["match"] = match
    if route.matchers:
        form["matchers"] = [str(each) for each in route.matchers]
    if route.go_on:
        form["continue"] = True
    form |= _form_of_grouping(route.grouping)
    if route.hours is not None:
        form |= _form_of_hours(route.hours)
    if route.escalation is not None:
        form["escalation"] = route.escalation
    if route.digest is not None:
        form["digest"] = _form_of_digest(route.digest)
    if route.send_resolved is not None:
        form["send_resolved"] = route.send_resolved
    if route.sinks:
        form["sinks"] = [form_of_sink(sink) for sink in route.sinks]
    if route.routes:
        below = Match(severity=Severity.INFO)
        form["routes"] = [_form_of_node(each, below) for each in route.routes]
    return form


def _form_of_match(match: Match, default: Match) -> Flow:
    form = Flow()
    if match.model != default.model:
        form["model"] = match.model
    if match.owner != default.owner:
        form["owner"] = match.owner
    if match.tiers:
        form["tier"] = [str(tier) for tier in match.tiers]
    if match.severity is not default.severity:
        form["severity"] = str(match.severity)
    return form


def _form_of_grouping(grouping: Grouping) -> dict[str, object]:
    form: dict[str, object] = {} if grouping.by is None else {"group_by": list(grouping.by)}
    waits: Mapping[str, timedelta | None] = {
        "group_wait": grouping.wait,
        "group_interval": grouping.interval,
        "repeat_interval": grouping.repeat,
    }
    return {**form, **{key: duration_text(wait) for key, wait in waits.items() if wait is not None}}


def _form_of_hours(hours: Hours) -> dict[str, object]:
    form: dict[str, object] = {}
    if hours.active:
        form["active_time_intervals"] = list(hours.active)
    if hours.mute:
        form["mute_time_intervals"] = list(hours.mute)
    if hours.break_through:
        form["break_through"] = [str(each) for each in hours.break_through]
    return form


def _form_of_digest(digest: Digest) -> dict[str, object]:
    form: dict[str, object] = {"at": [clock_text(minute) for minute in digest.at]}
    if digest.weekdays:
        form["weekdays"] = [weekday_text(number) for number in digest.weekdays]
    if digest.location != "UTC":
        form["location"] = digest.location
    return form
