"""PagerDuty, against a receiver with the rules of the Events API v2."""

from __future__ import annotations

import pytest

from notices import a_delivery, a_notice, an_alert, every_kind
from receivers import PagerDuty, listening
from watchkeeper.alerts.sinks.pagerduty import PagerDutySink
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

KEY = "R" * 32


@pytest.fixture
def duty():
    """A strict PagerDuty."""
    with listening(PagerDuty(KEY)) as found:
        yield found


def sink(duty, **options) -> PagerDutySink:
    chosen = {"routing_key": KEY, **options}
    return PagerDutySink(base_url=duty.url, allow_private=True, **chosen)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_each_kind_is_taken(duty, notice):
    """With 202, which is told."""
    assert sink(duty).send(a_delivery(notice)).answer.startswith("202")


def test_an_incident_opens_once_is_acknowledged_and_resolves(duty):
    """Everything of a thread has one key; a repeat changes nothing."""
    told = []
    for kind in (
        NoticeKind.OPENED,
        NoticeKind.OPENED,
        NoticeKind.UPDATED,
        NoticeKind.ACKNOWLEDGED,
        NoticeKind.RESOLVED,
    ):
        sink(duty).send(a_delivery(a_notice(kind)))
        told.append(duty.open.get("thread-1"))

    assert told == ["triggered", "triggered", "triggered", "acknowledged", None]
    assert duty.alerts == 1


def test_a_digest_pages_nobody(duty):
    """It is a change event."""
    sink(duty).send(a_delivery(a_notice(NoticeKind.DIGEST)))

    assert duty.open == {}
    assert duty.changes[0]["payload"]["summary"].startswith("Digest: 1 incident of 1 model")


def test_a_test_leaves_nothing_open(duty):
    """It triggers and resolves."""
    receipt = sink(duty).send(a_delivery(a_notice(NoticeKind.TEST)))

    assert (duty.alerts, duty.open) == (1, {})
    assert receipt.answer.count("202") == 2


def test_what_is_told(duty):
    """The summary says severity, model, what and how big; details and links say the rest."""
    sink(duty).send(a_delivery(a_notice(many=3)))

    sent = duty.asked[0].json
    assert sent["payload"]["summary"] == (
        "[critical] flights: missing rate of wind_speed: 5.2 %, usually 0.3 % (and 2 more)"
    )
    assert (
        sent["payload"]["custom_details"]["Changed before"]
        == "version 4 went live by ada, 1 h before"
    )
    assert sent["links"][0] == {
        "href": "https://watchkeeper.example.org/incidents/i1",
        "text": "Open the incident",
    }


def test_severities_can_be_mapped(duty):
    """A critical of ours may be an error of theirs."""
    sink(duty, severities={"critical": "error"}).send(a_delivery())

    assert duty.asked[0].json["payload"]["severity"] == "error"


def test_limits_are_kept(duty):
    """A long summary and thousands of series are cut."""
    many = tuple(an_alert(n, column="c" * 300) for n in range(3_000))
    notice = a_notice(many=3_000, alerts=many, thread="t" * 400)

    sink(duty).send(a_delivery(notice))

    assert len(duty.open) == 1
    assert duty.asked[0].json["payload"]["custom_details"]["left out"] == "and 2990 more"


def test_failures(duty):
    """429 and 5xx pass; 400 does not, and says why, without the key."""
    duty.answers += [(429, {"Retry-After": "3"}, ""), (500, {}, "")]
    with pytest.raises(RateLimited):
        sink(duty).send(a_delivery())
    with pytest.raises(Unavailable):
        sink(duty).send(a_delivery())
    with pytest.raises(InvalidInput, match="Invalid routing key") as caught:
        sink(duty, routing_key="W" * 32).send(a_delivery())
    assert "WWWW" not in str(caught.value)
