"""Route trees, inhibitions, rotas, escalations, silences and matchers as documents."""

from __future__ import annotations

import json
from datetime import timedelta

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.definitions.document import document_from_dict, document_to_dict, load_text
from watchkeeper.definitions.matchers import fits, parse_matcher
from watchkeeper.definitions.plan import plan
from watchkeeper.definitions.schema import SCHEMAS
from watchkeeper.errors import InvalidDefinition

TEXTS = {
    "alert_route": """
kind: AlertRoute
apiVersion: watchkeeper/v1
name: on-call
match: {model: "ride*", severity: info}
group_by: [owner, model]
group_wait: 0s
group_interval: 1m
repeat_interval: 12h
mute_time_intervals: [nights]
break_through: ['severity="critical"']
escalation: chain
sinks: [{type: log}]
routes:
  - name: risk
    matchers: ['owner="risk"', 'column=~"wind.*|temp"']
    continue: true
    send_resolved: false
    sinks: [{type: log}, {type: log}]
    routes:
      - name: daily
        match: {tier: [experimental]}
        digest: {at: ["08:00", "16:30"], weekdays: [monday, friday], location: Europe/Berlin}
  - name: rest
    active_time_intervals: [office]
""",
    "inhibit_rule": """
kind: InhibitRule
apiVersion: watchkeeper/v1
name: down
source_matchers: ['alertname="down"']
target_matchers: ['alertname!="down"']
equal: [model]
""",
    "rota": """
kind: Rota
apiVersion: watchkeeper/v1
name: primary
timezone: Europe/Berlin
people:
  ada: [{type: log}]
  bob: [{type: log}]
layers:
  - {people: [ada, bob], starts: "2026-01-05", hand_over: "10:00", every_days: 1}
  - people: [bob]
    starts: "2026-01-05"
    hours: [{times: [{start_time: "00:00", end_time: "06:00"}], weekdays: [sunday]}]
overrides:
  - {person: bob, starts_at: "2026-12-24T18:00:00+00:00", ends_at: "2026-12-26T18:00:00+00:00"}
""",
    "escalation": """
kind: Escalation
apiVersion: watchkeeper/v1
name: chain
steps:
  - {wait: 10m, rotas: [primary]}
  - {wait: 0s, people: [primary/bob]}
repeats: 2
""",
    "silence": """
kind: Silence
apiVersion: watchkeeper/v1
name: upgrade
matchers: ['model="rides"', 'severity!="critical"']
starts_at: "2026-12-24T18:00:00+00:00"
ends_at: "2026-12-26T18:00:00+00:00"
owner: ada
comment: The warehouse is upgraded.
""",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_document_and_its_value_are_one(name):
    """Read, written, read again: the same; and it is what the published schema asks for."""
    (found,) = load_text(TEXTS[name])
    form = document_to_dict(found)

    assert document_from_dict(json.loads(json.dumps(form))) == found
    jsonschema.validate(form, SCHEMAS[name](), cls=jsonschema.Draft202012Validator)
    assert not plan(found, document_from_dict(form)).needed


def test_a_route_inherits_only_where_it_says_nothing():
    """A child's own grouping leaves the rest as it is above it; zero is a statement."""
    (route,) = load_text(TEXTS["alert_route"])

    assert route.grouping.wait == timedelta()
    assert route.routes[1].grouping.wait is None
    assert route.routes[0].go_on
    assert route.routes[0].routes[0].digest.at == (480, 990)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("alert_route", "sinks: [{type: log}]\nroutes", "routes", "sinks"),
        ("alert_route", "name: rest", "name: risk", "names that differ"),
        ("alert_route", "group_by: [owner, model]", "group_by: ['...', model]", "alone"),
        ("alert_route", "wind.*|temp", "wind(", "RE2"),
        ("alert_route", "wind.*|temp", "(?=wind)", "RE2"),
        (
            "inhibit_rule",
            "target_matchers: ['alertname!=\"down\"']",
            "target_matchers: []",
            "at least 1",
        ),
        ("rota", "people: [bob]", "people: [cleo]", "one of the people"),
        ("rota", "person: bob", "person: cleo", "one of the people"),
        ("escalation", ", rotas: [primary]", "", "tell somebody"),
        ("silence", "2026-12-26", "2026-12-20", "end after it starts"),
        ("silence", "18:00:00+00:00", "18:00:00", "offset"),
    ],
)
def test_what_is_wrong_is_said(name, old, new, says):
    """With the place and what must stand there."""
    assert old in TEXTS[name]
    with pytest.raises(InvalidDefinition, match=says):
        load_text(TEXTS[name].replace(old, new))


@pytest.mark.parametrize(
    ("text", "labels", "fit"),
    [
        ("a=b", {"a": "b"}, True),
        ('a = "b c"', {"a": "b c"}, True),
        ('a="say \\"hi\\""', {"a": 'say "hi"'}, True),
        ("a!=b", {}, True),
        ('a=""', {}, True),
        ('a=""', {"a": "b"}, False),
        ("a=~b", {"a": "bc"}, False),
        ("a=~b.*", {"a": "bc"}, True),
        ("a=~b|c", {"a": "c"}, True),
        ("a=~b|c", {"a": "xc"}, False),
        ("a=~.*", {}, True),
        ("a=~.+", {}, False),
        ("a!~b.*", {"a": "bc"}, False),
        ("a=~b.c", {"a": "b\nc"}, True),
    ],
)
def test_matchers_are_those_of_prometheus(text, labels, fit):
    """Patterns fit the whole value, and what is missing is the empty text."""
    assert fits([parse_matcher(text)], labels) is fit


def test_no_pattern_takes_for_ever():
    """What makes other engines search exponentially is looked up in a moment."""
    assert not fits([parse_matcher("a=~(a|a)*(a+)+b")], {"a": "a" * 5_000})


@pytest.mark.parametrize("text", ["", "a", "=b", "a-b=c", 'a="b', "a=~b)", "a=~(b"])
def test_what_is_no_matcher_is_refused(text):
    """Instead of matching nothing, or everything."""
    with pytest.raises(InvalidDefinition):
        parse_matcher(text)


@given(st.text(max_size=50))
def test_a_matcher_survives_being_written(value):
    """Whatever it looks for."""
    matcher = parse_matcher(f"a={json.dumps(value)}")

    assert matcher.value == value
    assert parse_matcher(str(matcher)) == matcher
    assert fits([matcher], {"a": value})
