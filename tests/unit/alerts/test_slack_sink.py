"""Slack, against a receiver with its limits and its memory."""

from __future__ import annotations

import pytest

from notices import HOSTILE, a_delivery, a_notice, an_alert, every_kind
from receivers import Slack, listening
from watchkeeper.alerts.sinks.slack import SlackSink
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

TOKEN = "xoxb-token-of-tests"


@pytest.fixture
def slack():
    """A strict Slack."""
    with listening(Slack(TOKEN)) as found:
        yield found


def by_hook(slack) -> SlackSink:
    return SlackSink(url=f"{slack.url}/services/T0/B0/secret", allow_private=True)


def by_token(slack, **options) -> SlackSink:
    chosen = {"token": TOKEN, "channel": "C024BE91L", **options}
    return SlackSink(base_url=f"{slack.url}/api", allow_private=True, **chosen)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_each_kind_is_taken_by_both_ways(slack, notice):
    """An incoming webhook and a bot's token."""
    assert by_hook(slack).send(a_delivery(notice)).answer == "200 ok"
    assert by_token(slack).send(a_delivery(notice)).answer.startswith("ok, message C024BE91L:")


def test_later_notices_edit_the_first_and_reply_in_its_thread(slack):
    """The message says how things stand, the thread how they came to; the resolve is green."""
    sink = by_token(slack)
    earlier = sink.send(a_delivery()).remember

    for kind in (NoticeKind.UPDATED, NoticeKind.RESOLVED):
        earlier = sink.send(a_delivery(a_notice(kind), earlier=earlier)).remember

    (message,) = slack.messages.values()
    assert message["attachments"][0]["color"] == "#079455"
    assert "Resolved after 2 h" in str(message["attachments"])
    assert [reply["text"].splitlines()[0] for reply in message["replies"]] == [
        "*Update*",
        "*Resolved after 2 h*",
    ]
    assert message["replies"][1]["reply_broadcast"]


def test_where_the_first_message_was_deleted_another_is_posted(slack):
    """A notice is not lost because somebody tidied up."""
    sink = by_token(slack)
    gone = sink.send(a_delivery()).remember
    slack.messages.clear()

    receipt = sink.send(a_delivery(a_notice(NoticeKind.RESOLVED), earlier=gone))

    assert list(slack.messages) == [receipt.remember.partition(":")[2]]


def test_the_key_stands_in_the_metadata(slack):
    """So that a program that reads the channel can tell a repeat."""
    by_token(slack).send(a_delivery())

    (message,) = slack.messages.values()
    assert message["metadata"]["event_payload"] == {"key": "n-opened", "thread": "thread-1"}


@pytest.mark.parametrize("many", [2, 500])
def test_long_messages_are_cut_to_what_slack_takes(slack, many):
    """And say how much more there is."""
    long = tuple(an_alert(n, message="long " * 2_000, column="c" * 200) for n in range(many))
    notice = a_notice(many=many, alerts=long, note="because " * 900)

    by_hook(slack).send(a_delivery(notice))

    assert ("and 490 more" in slack.asked[0].body.decode()) == (many == 500)


def test_hostile_names_neither_call_the_channel_nor_make_links(slack):
    """Text stays text."""
    notice = a_notice(alerts=(an_alert(column=HOSTILE, message=HOSTILE),), note=HOSTILE)

    by_hook(slack).send(a_delivery(notice))

    assert "<!channel>" not in slack.asked[0].json["attachments"][0]["blocks"].__repr__()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((429, {"Retry-After": "30"}, ""), RateLimited),
        ((200, {}, '{"ok": false, "error": "ratelimited"}'), RateLimited),
        ((200, {}, '{"ok": false, "error": "internal_error"}'), Unavailable),
        ((503, {}, "sorry"), Unavailable),
        ((200, {}, "<html>"), Unavailable),
        ((200, {}, '{"ok": false, "error": "is_archived"}'), InvalidInput),
    ],
)
def test_what_slack_cannot_take_now_is_told_from_what_it_never_will(slack, answer, error):
    """By the status, and by the error of an answer that says 200."""
    slack.answers.append(answer)

    with pytest.raises(error):
        by_token(slack).send(a_delivery())


def test_a_wrong_token_is_said_and_not_told(slack):
    """The reason is Slack's, without the token."""
    with pytest.raises(InvalidInput, match="invalid_auth") as caught:
        by_token(slack, token="xoxb-wrong").send(a_delivery())

    assert "xoxb-wrong" not in str(caught.value)


def test_either_a_webhook_or_a_token():
    """Both, or neither, cannot be meant."""
    with pytest.raises(InvalidInput, match="either"):
        SlackSink()
    with pytest.raises(InvalidInput, match="either"):
        SlackSink(url="https://hooks.slack.com/x", token="t", channel="C1")
