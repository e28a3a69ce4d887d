"""A test of a route tells what each receiver answered; pictures and states are of now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receivers import HttpReceiver, PagerDuty, Slack, listening
from watchkeeper.domain.alert import Notice, NoticeKind
from watchkeeper.server.alerting.pictures import Pictures

ROUTE = {"kind": "AlertRoute", "apiVersion": "watchkeeper/v1", "name": "on-call"}


@pytest.fixture
def services(monkeypatch):
    """A Slack, a PagerDuty and a webhook that is down, with their secrets."""
    down = HttpReceiver(lambda asked: (503, {}, f"sorry, {asked.headers['authorization']}"))
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-token-of-tests")
    monkeypatch.setenv("PAGERDUTY_KEY", "R" * 32)
    monkeypatch.setenv("HOOK_TOKEN", "Bearer of-secrets")
    monkeypatch.delenv("NOT_SET", raising=False)
    with listening(Slack()) as slack, listening(PagerDuty()) as duty, listening(down):
        yield slack, duty, down


def sinks(slack, duty, down):
    here = {"allow_private": True}
    return [
        {"type": "log"},
        {"type": "slack", "token": {"env": "SLACK_TOKEN"}, "channel": "C024BE91L"}
        | {"base_url": f"{slack.url}/api", **here},
        {"type": "pagerduty", "routing_key": {"env": "PAGERDUTY_KEY"}, "base_url": duty.url} | here,
        {"type": "webhook", "url": down.url, "headers": {"Authorization": {"env": "HOOK_TOKEN"}}}
        | here,
        {"type": "teams", "url": {"env": "NOT_SET"}},
        {"type": "webhook", "url": "http://169.254.169.254/"},
    ]


def test_each_receiver_tells_what_it_answered(api, services):
    """Taken or not, and why, in the words of the other side, and no secret in them."""
    api("PUT", "/api/v1/routes/on-call", json={**ROUTE, "sinks": sinks(*services)})

    answer = api("POST", "/api/v1/routes/on-call/test")

    log, slack, duty, down, unset, refused = answer.json()["data"]
    assert (log["answer"], log["target"], log["problem"]) == ("written", "the server's log", None)
    assert slack["answer"].startswith("ok, message C024BE91L:")
    assert duty["answer"].count("Event processed") == 2
    assert down["answer"] is None
    assert "answered 503 sorry, ***" in down["problem"]
    assert "NOT_SET is not set" in unset["problem"]
    assert "link-local" in refused["problem"]
    assert "of-secrets" not in answer.text
    assert services[1].open == {}


def test_a_secret_in_the_clear_is_refused(api):
    """In every place where one belongs."""
    for sink in (
        {"type": "slack", "url": "https://hooks.slack.com/services/T/B/x"},
        {"type": "slack", "token": "xoxb-1", "channel": "C1"},
        {"type": "teams", "url": "https://example.org/workflows/x"},
        {"type": "pagerduty", "routing_key": "R" * 32},
        {"type": "apprise", "url": "tgram://token/chat"},
        {"type": "webhook", "url": "https://example.org", "secret": "whsec_x"},
    ):
        answer = api("PUT", "/api/v1/routes/on-call", json={**ROUTE, "sinks": [sink]})

        assert answer.status_code == 422, sink
        assert "reference" in answer.text


def told(parts) -> Notice:
    """A notice of the fault of the last day."""
    kept = parts.catalog.alerts
    found = [(kept.alerts_of(each.id), each) for each in kept.page().items]
    alerts, incident = next(
        (alerts, incident)
        for alerts, incident in found
        if any((each.what, each.column) == ("missing_rate", "income") for each in alerts)
    )
    named = replace(incident, title="quality: missing rate of income")
    return Notice("k", NoticeKind.OPENED, "r", 0, named, alerts, incident.updated_at)


def test_the_picture_is_of_what_the_title_names(lived):
    """Its figure over the last windows, with the one that alarmed."""
    notice = told(lived.parts)

    chart = Pictures(lived.parts.catalog, lived.parts.models).chart(notice)

    assert chart is not None
    assert chart.title == "missing rate of income"
    assert chart.unit == "share"
    assert [point.fired for point in chart.points][-1]
    assert chart.values[-1] == pytest.approx(1 / 3)
    assert len(chart.points) == 5


def test_without_a_model_or_windows_there_is_no_picture(lived):
    """As of a test, or of data without time."""
    notice, pictures = told(lived.parts), Pictures(lived.parts.catalog, lived.parts.models)
    lead = notice.alerts[0]

    assert pictures.chart(replace(notice, alerts=())) is None
    assert pictures.chart(replace(notice, alerts=(replace(lead, recent=()),))) is None
    assert pictures.chart(replace(notice, alerts=(replace(lead, model="gone"),))) is None


def test_a_notice_as_it_stands_now(lived):
    """Its incident and alerts by their ids, with what only the notice knows."""
    notice = told(lived.parts)
    stale = replace(
        notice,
        incident=replace(notice.incident, title="as it was"),
        incidents=(replace(notice.incident, title="as it was"),),
        alerts=tuple(replace(each, message="as it was", runbook="r") for each in notice.alerts),
    )

    now = Pictures(lived.parts.catalog, lived.parts.models).current(stale)

    kept = lived.parts.catalog.alerts.incident(notice.incident.id)
    assert (now.incident, now.incidents) == (kept, (kept,))
    assert {alert.runbook for alert in now.alerts} == {"r"}
    assert {alert.message for alert in now.alerts} == {alert.message for alert in notice.alerts}
