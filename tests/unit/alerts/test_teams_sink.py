"""Teams, against a receiver that knows the elements of cards and their size."""

from __future__ import annotations

import pytest

from notices import HOSTILE, a_delivery, a_notice, an_alert, every_kind
from receivers import Teams, listening
from watchkeeper.alerts.sinks.teams import TeamsSink
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, RateLimited


@pytest.fixture
def teams():
    """A strict webhook of Workflows."""
    with listening(Teams()) as found:
        yield found


def sink(teams) -> TeamsSink:
    return TeamsSink(f"{teams.url}/workflows/secret", allow_private=True)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_each_kind_is_a_card(teams, notice):
    """With what happened as its heading, in the colour of how things stand."""
    assert sink(teams).send(a_delivery(notice)).answer == "202"

    heading = teams.cards[0]["body"][0]
    over = notice.kind is NoticeKind.RESOLVED
    assert heading["color"] == ("Good" if over else "Attention")


def test_a_card_keeps_its_size(teams):
    """Whatever does not fit is left out, and counted."""
    many = tuple(an_alert(n, column=f"{n:04}" + "c" * 200, message="m" * 5_000) for n in range(400))
    notice = a_notice(many=400, alerts=many, note="why " * 900)

    sink(teams).send(a_delivery(notice))

    assert "and 390 more" in str(teams.cards[0])


def test_hostile_names_are_no_markup(teams):
    """Brackets, stars and ticks are escaped, so that no name becomes a link."""
    notice = a_notice(alerts=(an_alert(column=HOSTILE, message=HOSTILE),), note=HOSTILE)

    sink(teams).send(a_delivery(notice))

    facts = teams.cards[0]["body"][2]["facts"]
    assert all("\\[a\\](http" in fact["value"] for fact in facts if "http" in fact["value"])


def test_failures(teams):
    """Too many requests pass, a webhook that was deleted does not."""
    teams.answers += [(429, {"Retry-After": "5"}, ""), (404, {}, "WorkflowNotFound")]

    with pytest.raises(RateLimited):
        sink(teams).send(a_delivery())
    with pytest.raises(InvalidInput, match="WorkflowNotFound"):
        sink(teams).send(a_delivery())
