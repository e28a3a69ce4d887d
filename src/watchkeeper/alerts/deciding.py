"""Whom to tell what, and when: a pure function of the rules, what was told, what fires, and now.

The rules are Alertmanager's: what is grouped together waits a while and is told once; what changes
in a group is told at the next of its intervals; what does not change is told again after a while;
what is muted counts as not there. What is news is not each series but each *fault*: what began
together has one cause and is told once, a new kind of fault that joins it later is told.

State is compared with what fires now, never with what happened between: whoever looks twice
decides nothing twice, and whoever was away misses nothing that still holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from watchkeeper.alerts.digest import next_digest
from watchkeeper.alerts.escalating import escalate, sinks_of
from watchkeeper.alerts.intent import Intent, news_of, what_is_new, worst_first
from watchkeeper.alerts.muting import Muting
from watchkeeper.alerts.routing import Leaf, Routing, group_labels
from watchkeeper.definitions.matchers import fits
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.hours import TimeInterval
from watchkeeper.domain.rota import Escalation, Rota
from watchkeeper.domain.route import AlertRoute, Digest, Hours, InhibitRule
from watchkeeper.domain.silence import Silence

__all__ = ["Decision", "Rules", "decide"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What people laid down: routes, what mutes, and who is on call; by name where others name it."""

    routes: tuple[AlertRoute, ...] = ()
    silences: tuple[Silence, ...] = ()
    inhibitions: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, TimeInterval] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    escalations: Mapping[str, Escalation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Groups to keep as they now are, groups that are over, and what is to be told."""

    groups: tuple[Group, ...] = ()
    ended: tuple[Group, ...] = ()
    intents: tuple[Intent, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.ended or self.intents)


def decide(
    rules: Rules, groups: Iterable[Group], signals: Sequence[Signal], now: datetime
) -> Decision:
    """What changes now.

    Parameters
    ----------
    rules
        As they hold now.
    groups
        What is kept of every group: what `Decision.groups` said last, without the ended ones.
    signals
        Every alert that fires, muted ones too.
    now
        The moment, by the clock on the wall: notices are for people.
    """
    routing = Routing.of(rules.routes)
    muting = Muting(rules.silences, rules.inhibitions, signals, now)
    loud = {signal.id for signal in signals if not muting.is_muted(signal)}
    members = _members(routing, signals)
    known = {group.key: group for group in groups}
    changed, ended, intents = [], [], []
    for key in [*known, *(key for key in members if key not in known)]:
        leaf, own = members.get(key, (None, []))
        group = known.get(key)
        if group is None and leaf is not None:
            group = Group(key, leaf.path, _labels_of(leaf, own), opened_at=now)
        leaf = leaf or (routing.find(group.route) if group else None)
        if group is None or leaf is None:
            ended += [group] if group is not None else []
            continue
        turn = _Turn(rules, leaf, group, own, _audible(rules, leaf, own, loud, now), now)
        after = turn.tell() if leaf.digest is None else turn.collect(leaf.digest)
        intents += turn.intents
        if after is None:
            ended += [group] if key in known else []
        elif after != known.get(key):
            changed.append(after)
    return Decision(tuple(changed), tuple(ended), tuple(intents))


def _members(
    routing: Routing, signals: Sequence[Signal]
) -> dict[str, tuple[Leaf | None, list[Signal]]]:
    found: dict[str, tuple[Leaf | None, list[Signal]]] = {}
    for signal in signals:
        for leaf in routing.leaves(signal.labels):
            labels = json.dumps(group_labels(leaf, signal.labels), sort_keys=True)
            found.setdefault(f"{leaf.path}:{labels}", (leaf, []))[1].append(signal)
    return found


def _labels_of(leaf: Leaf, own: Sequence[Signal]) -> dict[str, str]:
    return group_labels(leaf, own[0].labels)


def _audible(
    rules: Rules, leaf: Leaf, own: Sequence[Signal], loud: set[str], now: datetime
) -> list[Signal]:
    """What is not muted, and at this hour told."""
    heard = [signal for signal in own if signal.id in loud]
    if leaf.digest is not None or _is_open(rules, leaf.hours, now):
        return heard
    through = leaf.hours.break_through
    return [signal for signal in heard if through and fits(through, signal.labels)]


def _is_open(rules: Rules, hours: Hours, now: datetime) -> bool:
    def within(names: Sequence[str]) -> bool:
        found = (rules.intervals.get(name) for name in names)
        return any(interval is not None and now in interval for interval in found)

    return (not hours.active or within(hours.active)) and not within(hours.mute)


@dataclass(slots=True)
class _Turn:
    """One look at one group: ``own`` is all that fires of it, ``heard`` what may be told."""

    rules: Rules
    leaf: Leaf
    group: Group
    own: Sequence[Signal]
    heard: Sequence[Signal]
    now: datetime
    intents: list[Intent] = field(default_factory=list)

    def tell(self) -> Group | None:
        """The group afterwards; None where nothing of it is left to keep."""
        self._tell_what_is_new()
        self._tell_who_looks_after_it()
        self.group = escalate(
            self.rules.escalations.get(self.leaf.escalation or ""),
            self.rules.rotas,
            (self.group, self.heard, self.now),
            self.intents,
        )
        return self.group if self.own or self.group.faults else None

    def collect(self, digest: Digest) -> Group | None:
        """As `tell`, of a route that tells at certain hours only: what came together meanwhile."""
        group = self.group
        seen = tuple(dict.fromkeys([*group.incidents, *worst_first(self.heard)]))
        due = group.due_at or next_digest(digest, self.now)
        if self.now < due:
            return replace(group, due_at=due, incidents=seen) if self.own or seen else None
        if seen:
            self._send(NoticeKind.DIGEST, seen, (self.leaf.path,))
        following = next_digest(digest, self.now)
        after = replace(group, due_at=following, incidents=(), count=group.count + 1)
        return replace(after, told_at=self.now) if self.own else None

    def _tell_what_is_new(self) -> None:
        group, firing = self.group, {signal.fault for signal in self.heard}
        alive = {signal.fault for signal in self.own}
        said = {text for signal in self.heard for text in news_of(signal)}
        over = set(group.faults) - alive
        ends = bool(group.faults) and not firing and len(over) == len(group.faults)
        is_new = bool(said - set(group.said))
        part = self.leaf.send_resolved and bool(firing) and bool(over)
        if ends and not self._may_end():
            return
        if is_new or ends or part:
            due = group.due_at or self._next_flush()
            self.group = replace(group, due_at=due)
            if self.now >= due:
                self._flush(said, over, ends=ends)
        elif firing and self._is_to_be_repeated():
            self.group = replace(group, due_at=None, told_at=self.now, count=group.count + 1)
            self._send(NoticeKind.REMINDED, worst_first(self.heard), (self.leaf.path,))
        elif group.due_at is not None:
            self.group = replace(group, due_at=None)

    def _flush(self, said: set[str], over: set[str], *, ends: bool) -> None:
        before, incidents = self.group, worst_first(self.heard)
        kind = NoticeKind.OPENED if not before.faults else NoticeKind.UPDATED
        if ends:
            kind, incidents = NoticeKind.RESOLVED, before.incidents
        fresh = kind is NoticeKind.OPENED
        receivers = (self.leaf.path,) if fresh else before.receivers
        self.group = replace(
            before,
            due_at=None,
            told_at=self.now,
            fired_at=self.now if fresh else before.fired_at,
            said=tuple(sorted(said)),
            faults=tuple(sorted({signal.fault for signal in self.heard})),
            incidents=() if ends else incidents,
            receivers=() if ends else receivers,
            steps=0 if fresh else before.steps,
            escalated_at=None if fresh else before.escalated_at,
            acknowledged=all(signal.acknowledged for signal in self.heard),
            count=before.count + 1,
        )
        if not ends or self.leaf.send_resolved:
            told = receivers if ends else (self.leaf.path,)
            note = "" if ends or fresh else what_is_new(before, self.heard, over)
            self._send(kind, incidents, told, note)

    def _tell_who_looks_after_it(self) -> None:
        taken = bool(self.heard) and all(signal.acknowledged for signal in self.heard)
        if self.group.faults and taken and not self.group.acknowledged:
            self.group = replace(self.group, acknowledged=True, count=self.group.count + 1)
            self._send(NoticeKind.ACKNOWLEDGED, worst_first(self.heard), self.group.receivers)

    def _send(
        self, kind: NoticeKind, incidents: Sequence[str], receivers: Sequence[str], note: str = ""
    ) -> None:
        for receiver in receivers:
            sinks = (
                len(self.leaf.sinks)
                if receiver == self.leaf.path
                else sinks_of(self.rules.rotas, receiver)
            )
            alerts = tuple(signal.id for signal in self.heard)
            self.intents.append(
                Intent(kind, self.group, receiver, sinks, tuple(incidents), alerts, note)
            )

    def _may_end(self) -> bool:
        """Whether this is an hour to say that it is over."""
        return _is_open(self.rules, self.leaf.hours, self.now)

    def _next_flush(self) -> datetime:
        """A new group waits; after that it is looked at every interval."""
        first = self.group.told_at or self.group.opened_at + self.leaf.wait
        return _on_grid(first, self.leaf.interval, self.now)

    def _is_to_be_repeated(self) -> bool:
        told, interval = self.group.told_at, self.leaf.interval
        if told is None or not self.leaf.repeat or not self.group.faults:
            return False
        if all(signal.acknowledged for signal in self.heard):
            return False
        return self.now >= _on_grid(told, interval, told + self.leaf.repeat)


def _on_grid(anchor: datetime, interval: timedelta, moment: datetime) -> datetime:
    """The first of ``anchor + k · interval`` that is not before ``moment``."""
    if not interval or moment <= anchor:
        return max(anchor, moment)
    return anchor + -((anchor - moment) // interval) * interval
