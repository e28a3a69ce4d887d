"""A real Alertmanager is pushed to, and what it sends on is what our own webhook sends."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notices import a_delivery, a_notice
from prometheus_server import running_alertmanager
from receivers import HttpReceiver, PagerDuty, listening
from waiting import PATIENCE_SECONDS, until
from watchkeeper.alerts.sinks.alertmanager import AlertmanagerSink
from watchkeeper.alerts.sinks.pagerduty import PagerDutySink
from watchkeeper.alerts.sinks.webhook import WebhookSink
from watchkeeper.domain.alert import NoticeKind

KEY = "R" * 32
ROUTE = {
    "receiver": "all",
    "group_by": ["incident"],
    "group_wait": "1s",
    "group_interval": "1s",
    "repeat_interval": "1h",
}


@pytest.fixture(scope="module")
def told():
    """What receives: a webhook and a PagerDuty."""
    with listening(HttpReceiver()) as hook, listening(HttpReceiver()) as duty:
        yield hook, duty


@pytest.fixture(scope="module")
def alertmanager(told, tmp_path_factory):
    """A real one, which tells both."""
    hook, duty = told
    page = {"routing_key": KEY, "url": f"{duty.url}/v2/enqueue", "send_resolved": True}
    receiver = {
        "name": "all",
        "webhook_configs": [{"url": hook.url, "send_resolved": True}],
        "pagerduty_configs": [page],
    }
    config = {"route": ROUTE, "receivers": [receiver]}
    with running_alertmanager(tmp_path_factory.mktemp("alertmanager"), config) as url:
        yield url


def known(url: str, **labels: str) -> list[dict]:
    """The alerts that it has, by their labels."""
    filters = [("filter", f'{name}="{value}"') for name, value in labels.items()]
    asked = f"{url}/api/v2/alerts?{urllib.parse.urlencode(filters)}"
    with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
        return json.loads(answer.read())


def fresh(kind: NoticeKind = NoticeKind.OPENED, *, many: int = 3, incident: str = "i1"):
    """A notice of now: Alertmanager forgets at once what ended long ago."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=9)
    over = kind is NoticeKind.RESOLVED
    ended = datetime.now(UTC) if over else None
    notice = a_notice(kind, many=many)
    known_as = {"id": incident, "opened_at": began, "resolved_at": ended}
    found = replace(notice.incident, **known_as)
    return replace(
        notice,
        incident=found,
        incidents=(found,),
        labels={"incident": incident},
        alerts=tuple(
            replace(each, incident=incident, opened_at=began, resolved_at=ended)
            for each in notice.alerts
        ),
    )


def shape(value: object) -> object:
    """What a document is made of: names and types."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def sent_on(receiver: HttpReceiver, status: str, incident: str, *, many: int = 3) -> dict:
    """The first document about an incident with that status and all its series: of what began long
    ago Alertmanager tells at once, the first before it has seen the last.
    """

    def look() -> dict | None:
        documents = [asked.json for asked in list(receiver.asked)]
        return next(
            (
                document
                for document in documents
                if document["status"] == status
                and document["groupLabels"] == {"incident": incident}
                and len(document["alerts"]) == many
            ),
            None,
        )

    return until(look, what=f"the webhook is told that {incident} is {status}")


@pytest.mark.slow
def test_what_it_sends_on_is_what_our_webhook_sends(alertmanager, told):
    """Labels, annotations, fingerprints and all names and types are the same, firing and over."""
    sink = AlertmanagerSink((alertmanager,), allow_private=True)
    with listening(HttpReceiver()) as ours:
        own = WebhookSink(ours.url, format="alertmanager", allow_private=True)
        remembered = None
        for kind, status in ((NoticeKind.OPENED, "firing"), (NoticeKind.RESOLVED, "resolved")):
            delivery = a_delivery(fresh(kind), earlier=remembered)
            remembered = sink.send(delivery).remember
            own.send(delivery)

            theirs, mine = sent_on(told[0], status, "i1"), ours.asked[-1].json

            assert shape(mine) == shape(theirs)
            assert [mine[name] for name in ("version", "groupLabels", "commonLabels")] == [
                theirs[name] for name in ("version", "groupLabels", "commonLabels")
            ]
            for name in ("fingerprint", "labels", "annotations", "status", "generatorURL"):
                assert by_fingerprint(mine, name) == by_fingerprint(theirs, name)


def by_fingerprint(document: dict, name: str) -> dict[str, object]:
    """A member of each alert."""
    return {alert["fingerprint"]: alert[name] for alert in document["alerts"]}


@pytest.mark.slow
def test_our_events_have_all_that_its_events_have(alertmanager, told):
    """What it sends to PagerDuty has no name that ours has not, in another type."""
    AlertmanagerSink((alertmanager,), allow_private=True).send(a_delivery(fresh(incident="i2")))
    theirs = until(
        lambda: next((a.json for a in list(told[1].asked) if "i2" in str(a.json)), None),
        what="PagerDuty is told",
    )
    with listening(PagerDuty(KEY)) as duty:
        PagerDutySink(KEY, base_url=duty.url, allow_private=True).send(a_delivery(fresh()))
        ours = shape(duty.asked[0].json)

    expected = shape(theirs)
    for part, found in ((expected, ours), (expected["payload"], ours["payload"])):
        for name in set(part) - {"payload", "custom_details", "links", "images"}:
            assert found[name] == part[name], name
    assert isinstance(ours["payload"]["custom_details"], dict)


@pytest.mark.slow
def test_what_is_refreshed_goes_on_and_what_is_not_ends(alertmanager):
    """The end that a push brings is five minutes on, and the next push moves it."""
    sink = AlertmanagerSink((alertmanager,), allow_private=True)
    first = sink.send(a_delivery(fresh(many=1, incident="i3")))
    before = known(alertmanager, incident="i3")[0]["endsAt"]

    sink.refresh(a_delivery(fresh(many=1, incident="i3"), earlier=first.remember))

    (alert,) = known(alertmanager, incident="i3")
    assert alert["status"]["state"] in ("active", "unprocessed")
    assert alert["endsAt"] > before


@pytest.mark.slow
def test_a_test_is_taken(alertmanager):
    """By the real thing, with its answer."""
    notice = a_notice(NoticeKind.TEST, alerts=(), incidents=())
    notice = replace(notice, incident=replace(notice.incident, id="i4"))

    receipt = AlertmanagerSink((alertmanager,), allow_private=True).send(a_delivery(notice))

    assert receipt.answer.endswith(": 200")
    assert known(alertmanager, alertname="WatchkeeperTest")
