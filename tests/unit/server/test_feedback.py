"""Feedback: by key, by signed link, and the precision of each rule by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from watchkeeper.domain.alert import AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.feedback import Worth
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import Forbidden
from watchkeeper.server.alerting.feedback import FeedbackLinks, Grant, sign, verify
from watchkeeper.server.views.feedback import precision
from watchkeeper.stats.interval.wilson import wilson

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
SECRET = b"s" * 32


def incident(name="i", title="drift of <income>"):
    return Incident(name, "loans", AlertState.OPEN, Severity.WARNING, title, "unknown", NOON, NOON)


def links(parts, *, name="i"):
    """The links of a message about an incident that is stored."""
    parts.catalog.alerts.record(alerts=(), forgotten=(), incidents=(incident(name),), notices=())
    notice = Notice("k", NoticeKind.OPENED, "mail", 0, incident(name), (), NOON)
    made = FeedbackLinks(
        "https://w.example/", lambda: parts.catalog.secrets.get("feedback"), parts.now
    )
    return {worth: urlsplit(url) for worth, url in made.of(notice).items()}


def post(anonymous, link, body):
    return anonymous(
        "POST",
        link.path,
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def test_opening_a_link_records_nothing(stage, anonymous):
    """A mail scanner that follows every link, with GET or HEAD, leaves no trace; the page asks."""
    for link in links(stage.parts).values():
        for method in ("GET", "HEAD", "GET"):
            answer = anonymous(method, f"{link.path}?{link.query}")
            assert answer.status_code == (405 if method == "HEAD" else 200)
    assert "drift of &lt;income&gt;" in answer.text
    assert stage.parts.catalog.feedback.of("i") == ()


def test_the_button_records_in_the_name_of_the_route(stage, anonymous):
    """What the page's button sends is the answer, whatever the link said; the last one counts."""
    found = links(stage.parts)
    assert post(anonymous, found["useful"], "worth=useful&note=good+catch").status_code == 200
    assert post(anonymous, found["useful"], "worth=noise").status_code == 200
    (said,) = stage.parts.catalog.feedback.of("i")
    assert (said.by, said.worth) == ("mail/0", Worth.NOISE)


def test_a_link_that_was_tampered_with_records_nothing(stage, anonymous):
    """Another token, another incident's body, or an answer that is none are refused in words."""
    link = links(stage.parts)["noise"]
    token = link.path.rsplit("/", 1)[1]
    for bad in (token[:-2] + "AA", "A" * 80, "é", token + "=" * 3 + "A"):
        assert post(anonymous, urlsplit(f"/feedback/{bad}"), "worth=noise").status_code == 403
    assert post(anonymous, link, "worth=maybe").status_code == 400
    assert post(anonymous, link, "worth=" + "x" * 20_000).status_code == 413
    assert stage.parts.catalog.feedback.of("i") == ()


def test_a_link_ends():
    """After its time it says so; before, it gives back what was signed."""
    grant = Grant("i", "mail/0", NOON + timedelta(days=1))
    token = sign(grant, SECRET)
    assert verify(token, SECRET, now=NOON) == grant
    with pytest.raises(Forbidden, match="good until 2024-03-05"):
        verify(token, SECRET, now=NOON + timedelta(days=1))
    with pytest.raises(Forbidden, match="not made by this server"):
        verify(token, b"t" * 32, now=NOON)


def test_messages_of_tests_ask_nothing():
    """Of a test there is nothing to be said, and without a public address no link leads anywhere."""
    notice = Notice("k", NoticeKind.OPENED, "mail", 0, incident(), (), NOON)
    made = FeedbackLinks("https://w.example", lambda: SECRET, lambda: NOON)
    assert made.of(replace(notice, kind=NoticeKind.TEST)) == {}
    assert FeedbackLinks(None, lambda: SECRET, lambda: NOON).of(notice) == {}


def test_feedback_with_a_key_is_shown_with_the_incident(stage, api):
    """Who operates says what it was worth, with a note; who only reads may not."""
    links(stage.parts)
    answer = api("POST", "/api/v1/incidents/i/feedback", json={"worth": "useful", "note": "yes"})
    assert answer.status_code == 200
    shown = api("GET", "/api/v1/incidents/i").json()["data"]["feedback"]
    assert [(said["by"], said["worth"], said["note"]) for said in shown] == [
        ("test", "useful", "yes")
    ]
    body = {"json": {"worth": "noise"}, "headers": api.key("read")}
    assert api("POST", "/api/v1/incidents/i/feedback", **body).status_code == 403
    assert api("POST", "/api/v1/incidents/no/feedback", json={"worth": "noise"}).status_code == 404


def test_precision_counts_an_incident_once_for_each_rule():
    """Alerts of one rule in one incident are one; unrated incidents are neither useful nor noise."""
    fired = [
        ("m", "drift", "a"), ("m", "drift", "a"), ("m", "drift", "b"), ("m", "drift", "c"),
        ("m", "quality", "a"), ("m", "static", "z"),
    ]  # fmt: skip
    rows = precision(fired, {"a": Worth.USEFUL, "b": Worth.NOISE})
    assert [(r.monitor, r.incidents, r.rated, r.useful, r.noise) for r in rows] == [
        ("drift", 3, 2, 1, 1), ("quality", 1, 1, 1, 0), ("static", 1, 0, 0, 0),
    ]  # fmt: skip
    assert (rows[0].precision, rows[0].low, rows[0].high) == (0.5, *wilson(1, 2))
    assert rows[2].precision is rows[2].low is rows[2].high is None


def test_the_report_is_of_what_fired(lived):
    """Over a lived week every rule that fired stands in the report, unrated."""
    rows = lived("GET", "/api/v1/precision?model=loans").json()["data"]
    assert {row["monitor"] for row in rows} >= {"quality"}
    assert all(row["precision"] is None for row in rows)
    assert lived("GET", "/api/v1/precision?since=2030-01-01T00:00:00Z").json()["data"] == []
    assert lived("GET", "/api/v1/precision?since=2030-01-01T00:00:00").status_code == 422
