"""The next in the chain is told when nobody has acknowledged: one step at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from watchkeeper.alerts.intent import Intent, worst_first
from watchkeeper.alerts.on_call import on_call
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.rota import Escalation, EscalationStep, Rota

__all__ = ["PERSON", "escalate", "sinks_of"]

PERSON = "rota:"
"""What the receivers begin with that are people: ``rota:primary/ada``."""


def escalate(
    chain: Escalation | None,
    rotas: Mapping[str, Rota],
    what: tuple[Group, Sequence[Signal], datetime],
    intents: list[Intent],
) -> Group:
    """The group after the steps that are due; who is told is added to ``intents``.

    A step that reaches nobody (nobody is on call) is passed at once.
    """
    group, heard, now = what
    if chain is None or not _is_due(chain, group, heard, now):
        return group
    people: list[str] = []
    while not people and group.steps < _total(chain):
        people = _people(chain.steps[group.steps % len(chain.steps)], rotas, now)
        group = replace(group, steps=group.steps + 1)
    group = replace(
        group,
        escalated_at=now,
        receivers=tuple(dict.fromkeys([*group.receivers, *people])),
        count=group.count + 1,
    )
    alerts, incidents = tuple(signal.id for signal in heard), worst_first(heard)
    for person in people:
        name = person.rsplit("/", 1)[-1]
        note = f"step {group.steps} of {_total(chain)} of {chain.name}: {name}"
        sinks = sinks_of(rotas, person)
        intents.append(Intent(NoticeKind.ESCALATED, group, person, sinks, incidents, alerts, note))
    return group


def sinks_of(rotas: Mapping[str, Rota], receiver: str) -> int:
    """Through how many sinks a person is told; 0 where nobody knows them (any more)."""
    rota, _, person = receiver.removeprefix(PERSON).partition("/")
    found = rotas.get(rota)
    return 0 if found is None else len(found.people.get(person, ()))


def _is_due(chain: Escalation, group: Group, heard: Sequence[Signal], now: datetime) -> bool:
    if not group.faults or not heard or group.steps >= _total(chain):
        return False
    if group.fired_at is None or all(signal.acknowledged for signal in heard):
        return False
    if group.escalated_at is None:
        return now >= group.fired_at
    before = chain.steps[(group.steps - 1) % len(chain.steps)]
    return now >= group.escalated_at + before.wait


def _total(chain: Escalation) -> int:
    return len(chain.steps) * (chain.repeats + 1)


def _people(step: EscalationStep, rotas: Mapping[str, Rota], now: datetime) -> list[str]:
    found = [f"{PERSON}{name}" for name in step.people if sinks_of(rotas, name)]
    for name in step.rotas:
        rota = rotas.get(name)
        person = None if rota is None else on_call(rota, now)
        if person is not None and sinks_of(rotas, f"{name}/{person}"):
            found.append(f"{PERSON}{name}/{person}")
    return list(dict.fromkeys(found))
