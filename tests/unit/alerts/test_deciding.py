"""Whom to tell what and when: tables of Alertmanager's documented behaviour, and what always holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.alerts.deciding import Rules, decide
from watchkeeper.alerts.intent import key_of, thread_of
from watchkeeper.definitions.matchers import parse_matcher
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.group import Signal
from watchkeeper.domain.hours import TimeInterval, Times
from watchkeeper.domain.rota import Escalation, EscalationStep, Layer, Rota
from watchkeeper.domain.route import AlertRoute, Digest, Grouping, Hours, InhibitRule, SinkSpec
from watchkeeper.domain.silence import Silence
from watchkeeper.domain.verdict import Severity

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOG = (SinkSpec("log"),)
OPENED, UPDATED, RESOLVED = NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.RESOLVED
REMINDED, ESCALATED = NoticeKind.REMINDED, NoticeKind.ESCALATED


def signal(name, *, incident="i", acknowledged=False, fault=None, **labels):
    """A firing alert; by default its fault is its own name."""
    found = {"alertname": "drift", "model": "m", "severity": "warning", "incident": incident}
    return Signal(name, incident, {**found, **labels}, fault or name, acknowledged=acknowledged)


class World:
    """Looks again and again, keeps what is decided, and writes down who is told what and when."""

    def __init__(self, rules, start=START):
        self.rules, self.now, self.start = rules, start, start
        self.groups, self.told, self.intents = {}, [], []

    def look(self, *signals, at=None):
        """Look once, by default now."""
        self.now = self.now if at is None else self.start + at
        found = decide(self.rules, self.groups.values(), signals, self.now)
        for group in found.ended:
            del self.groups[group.key]
        self.groups |= {group.key: group for group in found.groups}
        self.intents += found.intents
        since = (self.now - self.start) / MINUTE
        self.told += [(since, each.kind, each.receiver) for each in found.intents]
        return [each.kind for each in found.intents]

    def live(self, until, *signals, every=10 * SECOND):
        """Look from now on, every few seconds, with the same alerts firing."""
        while self.now < self.start + until:
            self.now += every
            self.look(*signals)
        return self

    def kinds(self):
        """When who was told, in minutes, without the receiver."""
        return [(since, kind) for since, kind, _ in self.told]


def rules(route=None, **others):
    """The rules with one route, by default with Alertmanager's times."""
    return Rules(routes=(route or AlertRoute("all", LOG),), **others)


def test_a_new_group_waits_and_then_is_told_once():
    """group_wait 30 s: what fires together within it is one notice, after it."""
    world = World(rules())
    world.look(signal("a"))
    world.live(20 * SECOND, signal("a"), signal("b"))

    assert world.told == []
    world.live(10 * MINUTE, signal("a"), signal("b"))
    assert world.told == [(0.5, OPENED, "all")]
    assert world.intents[0].alerts == ("a", "b")


def test_what_ends_within_the_wait_is_not_told():
    """Resolved before group_wait ends: nothing is sent, and nothing is kept."""
    world = World(rules())
    world.look(signal("a"))
    world.live(HOUR)

    assert (world.told, world.groups) == ([], {})


def test_changes_wait_for_the_next_interval():
    """group_interval 5 m, counted from the first notice: two changes within it are one notice."""
    world = World(rules())
    world.live(MINUTE, signal("a"))
    world.live(2 * MINUTE, signal("a"), signal("b"))
    world.live(20 * MINUTE, signal("a"), signal("b"), signal("c"))

    first, second = world.kinds()
    assert first == (pytest.approx(0.5, abs=0.2), OPENED)
    assert second == (pytest.approx(first[0] + 5), UPDATED)
    assert "2" not in world.intents[1].note
    assert world.intents[1].note.startswith("new: drift")


def test_the_grid_of_intervals_goes_on():
    """A change an hour after the first notice is told at the next multiple of group_interval."""
    world = World(rules())
    world.live(62 * MINUTE, signal("a"))
    world.live(70 * MINUTE, signal("a"), signal("b"))

    (first, _), (second, kind) = world.kinds()
    assert kind is UPDATED
    assert (second - first) % 5 == pytest.approx(0)
    assert 62 < second <= 67.5


@pytest.mark.parametrize(
    ("repeat", "interval", "expected"),
    [(4 * HOUR, 5 * MINUTE, 240), (7 * MINUTE, 5 * MINUTE, 10), (timedelta(), 5 * MINUTE, None)],
)
def test_what_does_not_change_is_repeated(repeat, interval, expected):
    """repeat_interval, rounded up to a multiple of group_interval; zero is never."""
    grouping = Grouping(repeat=repeat, interval=interval)
    world = World(rules(AlertRoute("all", LOG, grouping=grouping)))
    world.live(6 * HOUR, signal("a"), every=MINUTE)

    repeats = [since - world.told[0][0] for since, kind, _ in world.told if kind is REMINDED]
    assert (repeats[0] if repeats else None) == expected


def test_it_is_over_once_all_is():
    """Of two alerts one ends: told as a change; then the other: one resolve, and nothing is kept."""
    world = World(rules())
    world.live(MINUTE, signal("a"), signal("b"))
    world.live(10 * MINUTE, signal("b"))
    world.live(20 * MINUTE)

    assert [kind for _, kind in world.kinds()] == [OPENED, UPDATED, RESOLVED]
    assert world.intents[1].note == "one of its faults is over"
    assert world.intents[2].incidents == ("i",)
    assert world.groups == {}


def test_without_resolves_only_beginnings_are_told():
    """send_resolved: false says nothing of the end, and the next beginning is a beginning."""
    world = World(rules(AlertRoute("all", LOG, send_resolved=False)))
    world.live(MINUTE, signal("a"), signal("b"))
    world.live(10 * MINUTE, signal("b"))
    world.live(20 * MINUTE)
    world.live(30 * MINUTE, signal("a"))

    assert [kind for _, kind in world.kinds()] == [OPENED, OPENED]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (("model", "incident"), 3),
        (("model",), 2),
        (("severity",), 1),
        ((), 1),
        (("...",), 4),
        (("nothing",), 1),
    ],
)
def test_what_is_told_together(by, groups):
    """group_by: labels, none (all in one), or `...` (each by itself)."""
    firing = [
        signal("a", column="x"),
        signal("b", column="y"),
        signal("c", incident="j"),
        signal("d", incident="k", model="n"),
    ]
    world = World(rules(AlertRoute("all", LOG, grouping=Grouping(by=by))))
    world.live(MINUTE, *firing)

    assert len(world.told) == groups


TREE = AlertRoute(
    "root",
    LOG,
    grouping=Grouping(wait=timedelta()),
    routes=(
        AlertRoute("critical", matchers=(parse_matcher("severity=critical"),), go_on=True),
        AlertRoute(
            "teams",
            matchers=(parse_matcher("owner=~ops|risk"),),
            routes=(AlertRoute("risk", matchers=(parse_matcher("owner=risk"),)),),
        ),
        AlertRoute("last", matchers=(parse_matcher("owner!="),)),
    ),
)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["root"]),
        ({"severity": "critical"}, ["root/critical"]),
        ({"owner": "ops"}, ["root/teams"]),
        ({"owner": "risk"}, ["root/teams/risk"]),
        ({"owner": "riskier"}, ["root/last"]),
        ({"owner": "risk", "severity": "critical"}, ["root/critical", "root/teams/risk"]),
    ],
)
def test_the_first_that_matches_unless_it_goes_on(labels, receivers):
    """The tree: the first child that matches ends the search, but for `continue`; patterns are whole."""
    world = World(rules(TREE))
    world.look(signal("a", **labels))

    assert [receiver for _, _, receiver in world.told] == receivers


def silence(text, start=timedelta(), length=HOUR):
    """A silence of what one matcher matches."""
    return Silence(
        "s", (parse_matcher(text),), START + start, START + start + length, "ada", "why", START
    )


def test_a_silence_mutes_what_it_matches_until_it_ends():
    """Muted alerts are told when the silence is over, if they fire still."""
    world = World(rules(silences=(silence('column="x"'),)))
    world.live(2 * HOUR, signal("a", column="x"), signal("b", incident="j", column="y"))

    (early, _, _), (late, _, _) = world.told
    assert early < 1
    assert 60 <= late <= 65.5
    assert [each.incidents for each in world.intents] == [("j",), ("i",)]


def test_what_was_told_and_is_silenced_says_when_it_is_over():
    """A receiver that was told of a beginning is told of the end, silence or not."""
    world = World(rules(silences=(silence("model=m", start=10 * MINUTE),)))
    world.live(20 * MINUTE, signal("a"))
    world.live(50 * MINUTE)

    assert [kind for _, kind in world.kinds()] == [OPENED, RESOLVED]


def test_a_silence_does_not_repeat():
    """No reminders while everything of a group is muted."""
    world = World(rules(silences=(silence("model=m", start=5 * MINUTE, length=9 * HOUR),)))
    world.live(9 * HOUR, signal("a"), every=MINUTE)

    assert [kind for _, kind in world.kinds()] == [OPENED]


DOWN = InhibitRule(
    "down", (parse_matcher("alertname=down"),), (parse_matcher("alertname!=down"),), ("model",)
)


@pytest.mark.parametrize(
    ("source", "told"),
    [({"model": "m"}, False), ({"model": "n"}, True), ({"model": ""}, True)],
)
def test_an_alert_inhibits_those_of_the_same_labels(source, told):
    """A model that is down mutes its own alerts, and no other model's."""
    found = signal("down", incident="d", alertname="down")
    found = replace(found, labels={**found.labels, **source})
    world = World(rules(inhibitions=(DOWN,)))
    world.live(MINUTE, found, signal("a"))

    assert (("i",) in [each.incidents for each in world.intents]) is told


def test_inhibition_ends_with_its_source():
    """After the model is up again, what fires still is told."""
    world = World(rules(inhibitions=(DOWN,)))
    world.live(MINUTE, signal("d", incident="d", alertname="down"), signal("a"))
    world.live(20 * MINUTE, signal("a"))

    assert {(each.kind, each.incidents) for each in world.intents} == {
        (OPENED, ("d",)),
        (RESOLVED, ("d",)),
        (OPENED, ("i",)),
    }


def test_labels_that_both_lack_are_equal_and_nobody_inhibits_themselves():
    """A missing label equals an empty one; what matches both sides is muted by no such alert."""
    everyone = InhibitRule(
        "loop",
        (parse_matcher("severity=warning"),),
        (parse_matcher("severity=warning"),),
        ("region",),
    )
    worse = InhibitRule(
        "worse",
        (parse_matcher("severity=critical"),),
        (parse_matcher("severity=warning"),),
        ("region",),
    )
    alone = World(rules(inhibitions=(everyone,))).live(
        MINUTE, signal("a"), signal("b", incident="j")
    )
    both = World(rules(inhibitions=(worse,)))
    both.live(MINUTE, signal("a"), signal("b", incident="j", severity="critical"))

    assert len(alone.told) == 2
    assert [each.incidents for each in both.intents] == [("j",)]


NIGHTS = TimeInterval("nights", (Times(times=((0, 360), (1320, 1440)), location="Europe/Berlin"),))


def test_quiet_hours_hold_back_but_for_what_breaks_through():
    """At night only critical alerts are told; the others in the morning, ends too."""
    route = AlertRoute(
        "all",
        LOG,
        hours=Hours(mute=("nights",), break_through=(parse_matcher("severity=critical"),)),
    )
    night = datetime(2026, 3, 2, 22, tzinfo=UTC)  # 23:00 in Berlin
    world = World(rules(route, intervals={"nights": NIGHTS}), start=night)
    firing = signal("a"), signal("b", incident="j", severity="critical")
    world.live(8 * HOUR, *firing, every=MINUTE)

    opened = [
        (since / 60, each.incidents)
        for (since, _, _), each in zip(world.told, world.intents, strict=True)
        if each.kind is OPENED
    ]
    assert opened[0] == (pytest.approx(0, abs=0.1), ("j",))
    assert opened[1] == (pytest.approx(7, abs=0.15), ("i",))  # 06:00 in Berlin


def test_the_end_of_what_was_told_by_day_waits_for_the_morning():
    """Nobody is woken to hear that it is over."""
    route = AlertRoute("all", LOG, hours=Hours(mute=("nights",)))
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    world = World(rules(route, intervals={"nights": NIGHTS}), start=evening)
    world.live(2 * HOUR, signal("a"), every=MINUTE)
    world.live(12 * HOUR, every=MINUTE)

    assert world.kinds()[-1] == (pytest.approx(9 * 60, abs=6), RESOLVED)


def test_active_hours_are_the_only_ones():
    """Without a moment in any active interval nothing is told; an unknown one is never active."""
    route = AlertRoute("all", LOG, hours=Hours(active=("office",)))
    world = World(rules(route)).live(HOUR, signal("a"), every=MINUTE)

    assert world.told == []


ROTA = Rota(
    "primary",
    {"ada": LOG, "bob": (*LOG, *LOG)},
    (Layer(("ada",), START.date()),),
)
CHAIN = Escalation(
    "chain",
    (
        EscalationStep(5 * MINUTE, rotas=("primary",)),
        EscalationStep(5 * MINUTE, rotas=("nobody",)),
        EscalationStep(10 * MINUTE, people=("primary/bob",)),
    ),
    repeats=1,
)


def escalating():
    """A route with a chain, over a rota."""
    route = AlertRoute("all", LOG, escalation="chain", grouping=Grouping(wait=timedelta()))
    return rules(route, rotas={"primary": ROTA}, escalations={"chain": CHAIN})


def test_the_chain_goes_on_until_somebody_answers():
    """Each step after the wait of the one before; one that reaches nobody is passed; then anew."""
    world = World(escalating(), start=START + HOUR).live(2 * HOUR, signal("a"), every=MINUTE)

    told = [(since, who) for since, kind, who in world.told if kind is ESCALATED]
    ada, bob = "rota:primary/ada", "rota:primary/bob"
    assert told == [(1, ada), (6, bob), (16, ada), (21, bob)]


def test_an_acknowledgement_ends_chain_and_repeats_and_is_told():
    """Who was told hears who looks after it; then nothing more until it is over."""
    world = World(escalating(), start=START + HOUR)
    world.live(2 * MINUTE, signal("a"), every=MINUTE)
    world.live(9 * HOUR, signal("a", acknowledged=True), every=MINUTE)
    world.live(10 * HOUR, every=MINUTE)

    later = [(kind, who) for _, kind, who in world.told[2:]]
    everyone = ["all", "rota:primary/ada"]
    assert later == [
        *[(NoticeKind.ACKNOWLEDGED, who) for who in everyone],
        *[(RESOLVED, who) for who in everyone],
    ]


def test_a_new_fault_in_an_acknowledged_incident_is_told():
    """Acknowledged means of what there was."""
    world = World(rules())
    world.live(MINUTE, signal("a"))
    world.live(2 * MINUTE, signal("a", acknowledged=True))
    world.live(20 * MINUTE, signal("a", acknowledged=True), signal("b", acknowledged=True))

    assert [kind for _, kind in world.kinds()] == [OPENED, NoticeKind.ACKNOWLEDGED, UPDATED]


def test_a_worse_severity_is_told():
    """The incident becomes critical: told as a change, and said so."""
    world = World(rules())
    world.live(MINUTE, signal("a"))
    world.live(20 * MINUTE, replace(signal("a"), severity=Severity.CRITICAL))

    assert [kind for _, kind in world.kinds()] == [OPENED, UPDATED]
    assert world.intents[1].note == "it is critical now"


def test_a_digest_tells_at_its_hour_what_came_together():
    """Also what is over by then; the next day what there is still."""
    route = AlertRoute("daily", LOG, digest=Digest((540,), location="Europe/Berlin"))
    world = World(rules(route), start=START + HOUR)  # 09:00 UTC, 10:00 in Berlin
    world.live(HOUR, signal("a"), every=MINUTE)
    world.live(30 * HOUR, signal("b", incident="j"), every=10 * MINUTE)
    world.live(80 * HOUR, every=10 * MINUTE)

    assert [each.incidents for each in world.intents] == [("i", "j"), ("j",)]
    assert [since / 60 for since, _ in world.kinds()] == [pytest.approx(23), pytest.approx(47)]
    assert world.groups == {}


def test_a_route_that_is_gone_takes_its_groups_with_it():
    """Whoever deletes a route hears no more of it."""
    world = World(rules()).live(MINUTE, signal("a"))
    world.rules = rules(AlertRoute("other", LOG))
    world.live(2 * MINUTE, signal("a"))

    assert {group.route for group in world.groups.values()} == {"other"}


NAMES = st.sampled_from("abcd")
FIRING = st.lists(st.frozensets(st.tuples(NAMES, st.sampled_from("ij"))), min_size=1, max_size=30)


@given(FIRING, st.integers(1, 600))
def test_whoever_looks_twice_decides_nothing_twice(history, seconds):
    """A second look at the same moment changes nothing and tells nothing."""
    world = World(rules())
    for firing in history:
        found = [signal(f"{name}{incident}", incident=incident) for name, incident in firing]
        world.look(*found, at=world.now - START + seconds * SECOND)
        assert world.look(*found) == []


@given(FIRING, st.integers(1, 600))
def test_beginnings_and_ends_alternate(history, seconds):
    """Of every group: one beginning, then one end; no end without a beginning, no key twice."""
    world = World(rules())
    for firing in [*history, *[frozenset()] * 3]:
        found = [signal(f"{name}{incident}", incident=incident) for name, incident in firing]
        world.look(*found, at=world.now - START + seconds * SECOND)
    world.live(world.now - START + HOUR, every=5 * MINUTE)

    for key in {each.group.key for each in world.intents}:
        own = [each for each in world.intents if each.group.key == key]
        ends = [each.kind for each in own if each.kind in (OPENED, RESOLVED)]
        assert ends == [OPENED, RESOLVED] * (len(ends) // 2)
    assert len({key_of(each, 0) for each in world.intents}) == len(world.intents)
    assert world.groups == {}


@given(FIRING)
def test_at_most_one_notice_a_group_and_look(history):
    """However much happens between two looks."""
    world = World(rules(AlertRoute("all", LOG, grouping=Grouping(by=("model",), wait=timedelta()))))
    for firing in history:
        found = [signal(f"{name}{incident}", incident=incident) for name, incident in firing]
        assert len(world.look(*found, at=world.now - START + 10 * MINUTE)) <= 1


def test_the_thread_is_the_same_from_the_beginning_to_the_end():
    """What a service updates and closes goes by one key; each notice has one of its own."""
    world = World(rules()).live(MINUTE, signal("a")).live(9 * MINUTE)

    first, last = world.intents
    assert thread_of(first, 0) == thread_of(last, 0)
    assert key_of(first, 0) != key_of(last, 0)
    assert thread_of(first, 0) != thread_of(first, 1)
