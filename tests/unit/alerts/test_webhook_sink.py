"""Webhooks, against a real server and an independent check of their signature."""

from __future__ import annotations

import base64
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from notices import HOSTILE, a_delivery, a_notice, an_alert, every_kind
from receivers import HttpReceiver, listening
from watchkeeper.alerts.sinks.webhook import WebhookSink
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def receiver():
    """A real HTTP server."""
    with listening(HttpReceiver()) as found:
        yield found


def sink(receiver, **options) -> WebhookSink:
    return WebhookSink(f"{receiver.url}/hook", allow_private=True, **options)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_the_incident_is_posted(receiver, notice):
    """Incident, alerts and words, and the key for dedup; what was answered is told."""
    receipt = sink(receiver).send(a_delivery(notice))

    (asked,) = receiver.asked
    body = asked.json
    assert asked.headers["idempotency-key"] == asked.headers["webhook-id"] == notice.key
    assert (body["kind"], body["thread"]) == (str(notice.kind), "thread-1")
    assert (body["incident"]["id"], body["alerts"][0]["facts"]["value"]) == ("i1", 0.052)
    assert receipt.answer == "200 ok"


def test_the_signature_is_what_the_standard_says(receiver):
    """An independent library verifies it, and refuses a body that was changed."""
    sink(receiver, secret=SECRET).send(a_delivery())

    (asked,) = receiver.asked
    verifier = Webhook(SECRET)
    assert verifier.verify(asked.body, dict(asked.headers))["key"] == a_notice().key
    with pytest.raises(WebhookVerificationError):
        verifier.verify(asked.body.replace(b"flights", b"fraught"), dict(asked.headers))


def test_a_repeat_has_the_same_id_and_its_own_time(receiver, monkeypatch):
    """Receivers know it by its id, and refuse attempts that were recorded long ago."""
    sink(receiver, secret=SECRET).send(a_delivery())
    until = int(receiver.asked[0].headers["webhook-timestamp"]) + 1
    monkeypatch.setattr(
        "watchkeeper.alerts.sinks.webhook.datetime", _Later(until, time.time() + 90)
    )

    sink(receiver, secret=SECRET).send(a_delivery())

    first, second = (asked.headers for asked in receiver.asked)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]


class _Later:
    """A clock that is ahead."""

    def __init__(self, least: float, at: float) -> None:
        self._at = max(least, at)

    def now(self, zone):
        from datetime import datetime

        return datetime.fromtimestamp(self._at, zone)


@pytest.mark.parametrize("secret", ["short", "whsec_!!!", "whsec_" + "A" * 8])
def test_a_secret_that_is_none_is_refused_without_telling_it(secret):
    """Said when the sink is made, and not repeated."""
    with pytest.raises(InvalidInput, match="openssl rand") as caught:
        WebhookSink("https://example.org", secret=secret)

    assert secret not in str(caught.value)


def test_the_form_of_alertmanager(receiver):
    """What was made for Alertmanager's webhook (version 4) reads it."""
    firing, over = an_alert(1), an_alert(2, state="resolved", resolved_at=an_alert().updated_at)
    notice = a_notice(alerts=(firing, over))

    sink(receiver, format="alertmanager").send(a_delivery(notice))

    body = receiver.asked[0].json
    assert (body["version"], body["status"], body["truncatedAlerts"]) == ("4", "firing", 0)
    assert body["groupLabels"] == {"incident": "i1"}
    assert [alert["status"] for alert in body["alerts"]] == ["firing", "resolved"]
    assert body["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert body["alerts"][1]["endsAt"] == "2026-05-03T12:00:00Z"
    assert body["commonLabels"]["model"] == "flights"
    assert "column" not in body["commonLabels"]


@pytest.mark.parametrize("form", ["watchkeeper", "alertmanager"])
def test_a_body_is_a_megabyte_at_most(receiver, form):
    """Alerts that do not fit are left out, and counted."""
    notice = a_notice(many=5_000)

    sink(receiver, format=form).send(a_delivery(notice))

    (asked,) = receiver.asked
    left = asked.json["omitted" if form == "watchkeeper" else "truncatedAlerts"]
    assert 900_000 < len(asked.body) <= 1_000_000
    assert left + len(asked.json["alerts"]) == 5_000


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, {}, "down"), Unavailable),
        ((429, {"Retry-After": "9"}, ""), RateLimited),
        ((404, {}, "gone"), InvalidInput),
        ((302, {"Location": "/ok"}, ""), InvalidInput),
    ],
)
def test_passing_failures_are_told_from_final_ones(receiver, answer, error):
    """And what was answered stands in the message."""
    receiver.answers.append(answer)

    with pytest.raises(error, match=str(answer[0])):
        sink(receiver).send(a_delivery())
    assert len(receiver.asked) == 1


def test_hostile_names_are_data(receiver):
    """Whatever a column is called, the body is JSON that says so."""
    notice = a_notice(alerts=(an_alert(column=HOSTILE, message=HOSTILE),))

    sink(receiver).send(a_delivery(notice))

    assert receiver.asked[0].json["alerts"][0]["column"] == HOSTILE
    assert json.dumps(receiver.asked[0].json)


def test_headers_of_our_own_go_along(receiver):
    """Credentials, for example."""
    sink(receiver, headers={"Authorization": "Bearer x"}).send(a_delivery())

    assert receiver.asked[0].headers["authorization"] == "Bearer x"
