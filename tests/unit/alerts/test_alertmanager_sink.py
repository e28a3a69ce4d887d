"""Alertmanager's API v2, against a receiver with its rules; a real one is in tests/e2e."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notices import HOSTILE, a_delivery, a_notice, an_alert, every_kind
from receivers import HttpReceiver, listening
from watchkeeper.alerts.sinks.alertmanager import AlertmanagerSink
from watchkeeper.domain.alert import AlertState, NoticeKind
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidInput, Unavailable

MINUTE = timedelta(minutes=1)


@pytest.fixture
def receiver():
    """A real HTTP server."""
    with listening(HttpReceiver(lambda _: (200, {}, ""))) as found:
        yield found


def sink(*receivers, **options) -> AlertmanagerSink:
    return AlertmanagerSink(tuple(each.url for each in receivers), allow_private=True, **options)


def pushed(receiver, place: int = -1):
    asked = receiver.asked[place]
    assert asked.path == "/api/v2/alerts"
    return asked.json


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_each_kind_is_pushed(receiver, notice):
    """Each series as an alert, with labels that stay and annotations that say how much."""
    sink(receiver).send(a_delivery(notice))

    (alert,) = pushed(receiver)
    assert alert["labels"] == {
        "alertname": "quality",
        "figure": "missing_rate",
        "model": "flights",
        "column": "wind_speed",
        "severity": "critical",
        "incident": "i1",
    }
    assert alert["annotations"]["summary"] == (
        "flights: missing rate of wind_speed 5.2 %, usually 0.3 %"
    )
    assert alert["generatorURL"].endswith("/incidents/i1")
    assert alert["startsAt"] == "2026-05-03T10:00:00Z"


def test_what_fires_ends_by_itself_when_we_fall_silent(receiver):
    """In five minutes; until then it is pushed again every minute."""
    receipt = sink(receiver).send(a_delivery())

    ends = moment(pushed(receiver)[0]["endsAt"]) - datetime.now(UTC)
    assert 3 * MINUTE < ends <= 5 * MINUTE
    assert receipt.again_after == MINUTE


def test_a_resolve_has_its_end_and_is_said_for_a_while(receiver):
    """As long as a restarted Alertmanager could have forgotten it."""
    receipt = sink(receiver).send(a_delivery(a_notice(NoticeKind.RESOLVED)))

    assert pushed(receiver)[0]["endsAt"] == "2026-05-03T12:00:00Z"
    assert receipt.again_after == MINUTE


def test_a_refresh_says_how_things_stand(receiver):
    """What fires, fires; once all is over, it is said for five minutes and no longer."""
    alertmanager = sink(receiver)
    first = alertmanager.send(a_delivery())
    again = alertmanager.refresh(a_delivery(earlier=first.remember))
    over = a_delivery(a_notice(NoticeKind.RESOLVED), earlier=again.remember)
    ending = alertmanager.refresh(over)
    long_ago = ending.remember.replace(str(datetime.now(UTC).year), "2020")

    last = alertmanager.refresh(replace(over, earlier=long_ago))

    assert moment(pushed(receiver, 1)[0]["endsAt"]) > datetime.now(UTC)
    assert moment(pushed(receiver, 2)[0]["endsAt"]) < datetime.now(UTC)
    assert (again.again_after, ending.again_after, last.again_after) == (MINUTE, MINUTE, None)


def test_another_severity_is_another_alert_there(receiver):
    """So the one under the severity before is ended, and a refresh keeps to what was told."""
    alertmanager = sink(receiver)
    mild = a_notice()
    mild = replace(mild, incidents=(), incident=replace(mild.incident, severity=Severity.WARNING))
    first = alertmanager.send(a_delivery(mild))

    alertmanager.refresh(a_delivery(earlier=first.remember))
    alertmanager.send(a_delivery(a_notice(NoticeKind.UPDATED), earlier=first.remember))

    assert [alert["labels"]["severity"] for alert in pushed(receiver, 1)] == ["warning"]
    now, before = pushed(receiver, 2)
    assert (now["labels"]["severity"], before["labels"]["severity"]) == ("critical", "warning")
    assert moment(before["endsAt"]) <= datetime.now(UTC) < moment(now["endsAt"])


def test_a_test_is_over_in_a_minute(receiver):
    """And is not pushed again."""
    receipt = sink(receiver).send(a_delivery(a_notice(NoticeKind.TEST, alerts=())))

    (alert,) = pushed(receiver)
    assert alert["labels"]["alertname"] == "WatchkeeperTest"
    assert moment(alert["endsAt"]) <= datetime.now(UTC) + MINUTE
    assert receipt.again_after is None


def test_every_one_of_a_cluster_is_told(receiver):
    """One that takes it is enough; the answer says who did not."""
    with listening(HttpReceiver(lambda _: (503, {}, "starting"))) as other:
        receipt = sink(other, receiver).send(a_delivery())

    assert "200" in receipt.answer
    assert "503 starting" in receipt.answer
    assert len(other.asked) == len(receiver.asked) == 1


def test_where_none_takes_it(receiver):
    """It may pass later where one of them says so; else never."""
    receiver.answers += [(400, {}, '"invalid label set"'), (400, {}, '"invalid label set"')]
    with listening(HttpReceiver(lambda _: (503, {}, "starting"))) as other:
        with pytest.raises(Unavailable):
            sink(receiver, other).send(a_delivery())
        with pytest.raises(InvalidInput, match="invalid label set"):
            sink(receiver).send(a_delivery())


def test_many_series_go_in_parts(receiver):
    """And labels of the route are added to each."""
    notice = a_notice(many=450)

    sink(receiver, labels={"team": "pricing"}).send(a_delivery(notice))

    parts = [asked.json for asked in receiver.asked]
    assert [len(part) for part in parts] == [200, 200, 50]
    assert all(alert["labels"]["team"] == "pricing" for part in parts for alert in part)


def test_labels_are_what_prometheus_allows(receiver):
    """Names of letters, no control characters, no endless values, nothing empty."""
    labels = {"a-b": "x", "9": "x", "empty": "", "long": "v" * 900, "column": HOSTILE}
    notice = a_notice(alerts=(an_alert(labels=labels),))

    sink(receiver).send(a_delivery(notice))

    found = pushed(receiver)[0]["labels"]
    assert set(found) >= {"a_b", "long", "column"}
    assert "9" not in found
    assert "empty" not in found
    assert len(found["long"]) == 250
    assert "\n" not in found["column"]


def test_series_that_are_over_have_their_end_while_others_fire(receiver):
    """An incident may go on without one of them."""
    over = an_alert(1, state=AlertState.RESOLVED, resolved_at=an_alert().updated_at)

    sink(receiver).send(a_delivery(a_notice(alerts=(an_alert(), over))))

    now = datetime.now(UTC)
    assert [moment(alert["endsAt"]) > now for alert in pushed(receiver)] == [True, False]


def test_without_an_address():
    """There is nobody to push to."""
    with pytest.raises(InvalidInput, match="urls"):
        AlertmanagerSink(())
