"""The journal of changes and people's feedback, on each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.domain.change import Change, ChangeKind
from watchkeeper.domain.feedback import Feedback, Worth
from watchkeeper.domain.verdict import Severity

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _change(key, *, at=NOON, model="loans", kind=ChangeKind.DEPLOY):
    return Change(key, at, kind, f"change {key}", model, by="ci", link="https://ci.example/1")


def _incident(name, *, model="loans", at=NOON):
    return Incident(name, model, AlertState.OPEN, Severity.WARNING, "t", "unknown", at, at)


def test_a_change_is_noted_once(catalog):
    """The same key again is not new, and what was noted first stays."""
    first = _change("a")
    assert catalog.changes.add([first, _change("b")]) == 2
    assert catalog.changes.add([replace(first, title="other")]) == 0
    assert catalog.changes.get("a") == first
    assert catalog.changes.get("c") is None


def test_a_model_feels_its_own_changes_and_those_of_all(catalog):
    """A page of a model leaves other models out, and takes those of none in."""
    catalog.changes.add(
        [_change("a"), _change("b", model="other"), _change("c", model=None, at=NOON - HOUR)]
    )
    found = catalog.changes.page(model="loans")
    assert [change.key for change in found.items] == ["a", "c"]
    assert len(catalog.changes.page().items) == 3


def test_changes_are_paged_latest_first(catalog):
    """Pages follow each other without a gap or a double, within a range that ends before its end."""
    catalog.changes.add([_change(f"k{number}", at=NOON + number * HOUR) for number in range(5)])
    found, cursor = [], None
    while True:
        page = catalog.changes.page(start=NOON, end=NOON + 4 * HOUR, cursor=cursor, limit=3)
        found += [change.key for change in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ["k3", "k2", "k1", "k0"]


def test_who_changes_their_mind_is_heard_last(catalog):
    """One answer a person stands; the last word on an incident is whoever spoke last."""
    catalog.alerts.record(
        alerts=(), forgotten=(), incidents=(_incident("i"), _incident("j", model="x"))
    )
    catalog.feedback.record(Feedback("i", "ann", Worth.USEFUL, NOON))
    catalog.feedback.record(Feedback("i", "bob", Worth.NOISE, NOON + HOUR))
    catalog.feedback.record(Feedback("i", "bob", Worth.USEFUL, NOON + 2 * HOUR, "sorry"))
    catalog.feedback.record(Feedback("j", "ann", Worth.NOISE, NOON))
    assert [given.worth for given in catalog.feedback.of("i")] == [Worth.USEFUL, Worth.USEFUL]
    assert catalog.feedback.latest(model="loans")["i"].note == "sorry"
    assert set(catalog.feedback.latest()) == {"i", "j"}
    assert not catalog.feedback.latest(since=NOON + HOUR)


def test_the_last_of_a_series_of_changes_is_found(catalog):
    """By how its key begins, up to a moment; a sign that means anything in SQL means itself."""
    catalog.changes.add(
        [
            _change("source|a_b|failing|1"),
            _change("source|a_b|again|2", at=NOON + HOUR),
            _change("source|axb|failing|3", at=NOON + HOUR),
        ]
    )
    found = catalog.changes.latest("loans", prefix="source|a_b|", until=NOON + 2 * HOUR)
    assert found.key == "source|a_b|again|2"
    before = catalog.changes.latest("loans", prefix="source|a_b|", until=NOON)
    assert before.key == "source|a_b|failing|1"
    assert catalog.changes.latest("other", prefix="source|", until=NOON) is None


def test_rules_are_told_with_the_incidents_they_had_a_part_in(catalog):
    """Alerts that opened no incident had no part in one."""
    told = replace(_alert("a"), incident="i")
    catalog.alerts.record(alerts=(told, _alert("b")), forgotten=(), incidents=(_incident("i"),))
    assert catalog.alerts.rules(model="loans") == (("loans", "drift", "i"),)
    assert catalog.alerts.rules(since=NOON + HOUR) == ()


def test_nothing_waits_in_an_empty_inbox(catalog):
    """Where no batch waits, none is the oldest."""
    assert catalog.inbox.oldest_after(NOON) is None


def _alert(name):
    state, severity = AlertState.OPEN, Severity.WARNING
    return Alert(name, name, "loans", "drift", state, severity, "drift", "m", NOON, NOON)
