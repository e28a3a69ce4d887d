"""Rotas and escalations as plain values (the forms of their documents), and back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.hours_form import (
    clock_text,
    form_of_times,
    read_clock,
    read_times,
    read_zone,
)
from watchkeeper.definitions.names import duration_text, read_name, read_wait
from watchkeeper.definitions.sink_form import form_of_sink, read_sink
from watchkeeper.domain.rota import Escalation, EscalationStep, Layer, Override, Rota

__all__ = [
    "ESCALATION_KEYS",
    "LAYER_KEYS",
    "OVERRIDE_KEYS",
    "ROTA_KEYS",
    "STEP_KEYS",
    "form_of_escalation",
    "form_of_rota",
    "read_escalation",
    "read_moment",
    "read_rota",
]

ROTA_KEYS = ("kind", "apiVersion", "name", "timezone", "people", "layers", "overrides")
LAYER_KEYS = ("people", "starts", "every_days", "hand_over", "hours")
OVERRIDE_KEYS = ("person", "starts_at", "ends_at")
ESCALATION_KEYS = ("kind", "apiVersion", "name", "steps", "repeats")
STEP_KEYS = ("wait", "rotas", "people")
_MOST_PEOPLE, _MOST_LAYERS, _MOST_OVERRIDES, _MOST_STEPS = 200, 20, 1_000, 20
_HEAD = {"apiVersion": "watchkeeper/v1"}
_DEFAULT = Layer((), date(2000, 1, 1))


def read_rota(document: Field) -> Rota:
    """The rota that a document of kind ``Rota`` defines.

    Raises
    ------
    InvalidDefinition
        With the path; also where a layer or an override names somebody who is not among the
        people.
    """
    fields = document.mapping(ROTA_KEYS, required=("name", "people", "layers"))
    people = {
        _person(member): tuple(read_sink(sink) for sink in member.sequence(most=20))
        for member in fields["people"].members().values()
    }
    layers = fields["layers"].sequence(most=_MOST_LAYERS)
    if not people or not layers:
        raise document.fail("must have at least one of people and of layers")
    overrides = fields["overrides"].sequence(most=_MOST_OVERRIDES) if "overrides" in fields else []
    return Rota(
        name=read_name(fields["name"]),
        people=people,
        layers=tuple(_read_layer(each, set(people)) for each in layers),
        timezone=read_zone(fields["timezone"]) if "timezone" in fields else "UTC",
        overrides=tuple(_read_override(each, set(people)) for each in overrides),
    )


def form_of_rota(rota: Rota) -> dict[str, object]:
    """The document of the rota."""
    form: dict[str, object] = {"kind": "Rota", **_HEAD, "name": rota.name}
    if rota.timezone != "UTC":
        form["timezone"] = rota.timezone
    form["people"] = {
        name: [form_of_sink(sink) for sink in sinks] for name, sinks in rota.people.items()
    }
    form["layers"] = [_form_of_layer(layer) for layer in rota.layers]
    if rota.overrides:
        form["overrides"] = [
            {
                "person": each.person,
                "starts_at": each.starts_at.isoformat(),
                "ends_at": each.ends_at.isoformat(),
            }
            for each in rota.overrides
        ]
    return form


def read_escalation(document: Field) -> Escalation:
    """The chain that a document of kind ``Escalation`` defines."""
    fields = document.mapping(ESCALATION_KEYS, required=("name", "steps"))
    steps = fields["steps"].sequence(most=_MOST_STEPS)
    if not steps:
        raise fields["steps"].must_be("at least one step")
    return Escalation(
        name=read_name(fields["name"]),
        steps=tuple(_read_step(step) for step in steps),
        repeats=fields["repeats"].integer(least=0, most=100) if "repeats" in fields else 0,
    )


def form_of_escalation(chain: Escalation) -> dict[str, object]:
    """The document of the chain."""
    form: dict[str, object] = {"kind": "Escalation", **_HEAD, "name": chain.name}
    form["steps"] = [
        {
            "wait": duration_text(step.wait),
            **({"rotas": list(step.rotas)} if step.rotas else {}),
            **({"people": list(step.people)} if step.people else {}),
        }
        for step in chain.steps
    ]
    if chain.repeats:
        form["repeats"] = chain.repeats
    return form


def read_moment(field: Field) -> datetime:
    """A moment with its offset, such as ``2026-12-24T18:00:00+01:00``."""
    value = field.value
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise field.must_be("a moment such as 2026-12-24T18:00:00+01:00") from error
    if found.tzinfo is None:
        raise field.must_be("a moment with its offset, such as 2026-12-24T18:00:00+01:00")
    return found.astimezone(UTC)


def _read_layer(field: Field, known: set[str]) -> Layer:
    fields = field.mapping(LAYER_KEYS, required=("people", "starts"))
    turns = fields["people"].sequence(most=_MOST_PEOPLE)
    if not turns:
        raise fields["people"].must_be("at least one of the people")
    hours = fields["hours"].sequence(most=100) if "hours" in fields else []
    return Layer(
        people=tuple(_known(each, known) for each in turns),
        starts=_read_day(fields["starts"]),
        every=fields["every_days"].integer(least=1, most=366)
        if "every_days" in fields
        else _DEFAULT.every,
        at=read_clock(fields["hand_over"]) if "hand_over" in fields else _DEFAULT.at,
        hours=tuple(read_times(each) for each in hours),
    )


def _form_of_layer(layer: Layer) -> dict[str, object]:
    form: dict[str, object] = {"people": list(layer.people), "starts": layer.starts.isoformat()}
    if layer.every != _DEFAULT.every:
        form["every_days"] = layer.every
    if layer.at != _DEFAULT.at:
        form["hand_over"] = clock_text(layer.at)
    if layer.hours:
        form["hours"] = [form_of_times(times) for times in layer.hours]
    return form


def _read_override(field: Field, known: set[str]) -> Override:
    fields = field.mapping(OVERRIDE_KEYS, required=OVERRIDE_KEYS)
    starts, ends = read_moment(fields["starts_at"]), read_moment(fields["ends_at"])
    if starts >= ends:
        raise field.fail("must end after it starts")
    return Override(_known(fields["person"], known), starts, ends)


def _read_step(field: Field) -> EscalationStep:
    fields = field.mapping(STEP_KEYS, required=("wait",))
    rotas = fields["rotas"].sequence(most=20) if "rotas" in fields else []
    people = fields["people"].sequence(most=50) if "people" in fields else []
    if not rotas and not people:
        raise field.fail("must tell somebody: rotas, or people as rota/person")
    return EscalationStep(
        wait=read_wait(fields["wait"]),
        rotas=tuple(read_name(each) for each in rotas),
        people=tuple(_read_rota_person(each) for each in people),
    )


def _read_rota_person(field: Field) -> str:
    rota, _, person = field.text(most=130).partition("/")
    for part in (rota, person):
        read_name(field.child(0, part))
    return f"{rota}/{person}"


def _read_day(field: Field) -> date:
    value = field.value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise field.must_be("a day such as 2026-01-05") from error


def _person(member: Field) -> str:
    return read_name(member.child(0, member.path[-1]))


def _known(field: Field, people: set[str]) -> str:
    name = field.text(most=63)
    if name not in people:
        raise field.must_be(f"one of the people: {', '.join(sorted(people))}")
    return name
