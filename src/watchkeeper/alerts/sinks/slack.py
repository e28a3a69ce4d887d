"""Slack: by an incoming webhook, or by a bot's token, which can edit and thread.

With `url` (an incoming webhook) every notice is a message of its own. With `token` and `channel`
the first notice is a message; later ones edit it, so that it always says how things stand, and
reply in its thread; the resolve turns it green. The bot needs the scope `chat:write`.

References
----------
Slack: incoming webhooks; `chat.postMessage`, `chat.update`; Block Kit (sections of at most 3,000
characters, headers of 150, messages of 50 blocks).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchkeeper.alerts.message import Line, Link, Message
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.sparkline import sparkline
from watchkeeper.alerts.transport.cutting import cut, plain
from watchkeeper.alerts.transport.http import (
    Answer,
    Post,
    Reach,
    check_url,
    host_of,
    post,
    require_accepted,
    retry_after,
)
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

__all__ = ["SlackSink"]

_HEADER, _SECTION, _TEXT = 150, 3_000, 3_000
_FACT, _SERIES, _LINKS = 700, 200, 8
_COLOURS = {"critical": "#d92d20", "warning": "#dc6803", "info": "#1570ef"}
_OVER = "#079455"
_PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
# Slack no longer lets the first message be changed: later notices stand for themselves.
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


@dataclass(frozen=True, slots=True)
class SlackSink:
    """Posts to `url`, or as the bot of `token` to `channel` (an id, such as `C024BE91L`)."""

    url: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    channel: str | None = None
    base_url: str = "https://slack.com/api"
    allow_private: bool = False
    ca_file: str | None = None

    def __post_init__(self) -> None:
        by_token = self.token is not None and self.channel is not None
        if (self.url is not None) == by_token:
            raise InvalidInput(
                "a slack sink needs either `url` (an incoming webhook) or `token` and `channel`"
            )
        check_url(self.url or self.base_url, what="Slack")

    @property
    def target(self) -> str:
        """The channel, or the host of the webhook."""
        return f"channel {self.channel}" if self.url is None else host_of(self.url)

    def send(self, delivery: Delivery) -> Receipt:
        """Post, or edit and reply; what Slack takes for now only is tried again."""
        if self.url is not None:
            answer = self._post(self.url, _content(delivery), {})
            return Receipt(require_accepted(answer, where="Slack").said())
        if delivery.earlier is None:
            return self._first(delivery)
        return self._later(delivery, delivery.earlier)

    def _first(self, delivery: Delivery) -> Receipt:
        content = {"channel": self.channel, **_content(delivery), **_named(delivery)}
        said = self._call("chat.postMessage", content)
        place = f"{said.get('channel')}:{said.get('ts')}"
        return Receipt(f"ok, message {place}", remember=place)

    def _later(self, delivery: Delivery, earlier: str) -> Receipt:
        channel, _, stamp = earlier.partition(":")
        at = {"channel": channel, "ts": stamp}
        try:
            self._call("chat.update", {**at, **_content(delivery), **_named(delivery)})
        except _Gone:
            return self._first(delivery)
        place = {"channel": channel, "thread_ts": stamp}
        reply: dict[str, object] = {**place, **_reply(delivery), **_named(delivery)}
        if delivery.notice.kind in (NoticeKind.RESOLVED, NoticeKind.ESCALATED):
            reply["reply_broadcast"] = True  # who does not follow the thread must see it too
        said = self._call("chat.postMessage", reply)
        return Receipt(f"ok, message {earlier} edited, reply {said.get('ts')}", remember=earlier)

    def _call(self, method: str, content: Mapping[str, object]) -> Mapping[str, object]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self._post(f"{self.base_url.rstrip('/')}/{method}", content, headers)
        require_accepted(answer, where="Slack")
        try:
            said = json.loads(answer.text)
        except json.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            raise Unavailable(f"Slack's {method} did not answer in JSON: {answer.said()}")
        if not said.get("ok"):
            raise _failure(method, str(said.get("error")), answer)
        return said

    def _post(self, url: str, content: Mapping[str, object], headers: Mapping[str, str]) -> Answer:
        reach = Reach(allow_private=self.allow_private, ca_file=self.ca_file)
        json_headers = {"Content-Type": "application/json; charset=utf-8", **headers}
        return post(Post(url, json.dumps(content).encode(), json_headers), reach)


class _Gone(InvalidInput):
    """The message that was to be changed cannot be."""


def _failure(method: str, error: str, answer: Answer) -> Exception:
    text = f"Slack's {method} answered {error}"
    if error in ("ratelimited", "rate_limited"):
        return RateLimited(text, retry_after_seconds=retry_after(answer.headers) or 30.0)
    if error in _PASSING:
        return Unavailable(text)
    return (_Gone if error in _GONE else InvalidInput)(text)


def _content(delivery: Delivery) -> dict[str, object]:
    """The whole message: `text` for notifications and readers aloud, blocks beside a colour."""
    message = delivery.message
    colour = _OVER if message.resolved else _COLOURS[str(message.severity)]
    return {
        "text": cut(_escaped(message.subject), _TEXT),
        "attachments": [{"color": colour, "blocks": _blocks(delivery)}],
    }


def _reply(delivery: Delivery) -> dict[str, object]:
    message = delivery.message
    told = [_escaped(cut(f"{name}: {text}", _FACT)) for name, text in message.facts[:3]]
    return {"text": cut("\n".join([f"*{_escaped(message.status)}*", *told]), _TEXT)}


def _named(delivery: Delivery) -> dict[str, object]:
    """Which notice it is, for programs that read the channel: the same for every repeat."""
    told = {"key": delivery.notice.key, "thread": delivery.notice.thread}
    return {"metadata": {"event_type": "watchkeeper_notice", "event_payload": told}}


def _blocks(delivery: Delivery) -> list[dict[str, object]]:
    message = delivery.message
    header = cut(plain(f"{message.status}: {message.title}"), _HEADER)
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}}
    ]
    facts = [f"*{_escaped(name)}*\n{_escaped(cut(text, _FACT))}" for name, text in message.facts]
    blocks += [_section(text) for text in _together(facts)]
    listed = message.listed()
    if listed:
        lines = "\n".join(f"• {_entry(each)}" for each in listed)
        blocks.append(_section(f"*{message.heading}*\n{lines}"))
    drawn = sparkline(delivery.chart)
    if drawn:
        blocks.append(_context(_escaped(drawn)))
    links = _linked(message)
    if links:
        blocks.append(_context(links))
    return blocks


def _together(texts: list[str]) -> list[str]:
    """Facts in as few sections as they fit into: a section is 3,000 characters at most."""
    found: list[str] = []
    for text in texts:
        if found and len(found[-1]) + len(text) + 2 <= _SECTION:
            found[-1] = f"{found[-1]}\n\n{text}"
        else:
            found.append(text)
    return found


def _linked(message: Message) -> str:
    first = (Link("Open the incident", message.link),) if message.link else ()
    shown = (*first, *message.links)[:_LINKS]
    return "  ·  ".join(_anchor(link.url, cut(plain(link.name), 80)) for link in shown)


def _entry(line: Line) -> str:
    text = cut(plain(line.text), _SERIES)
    return _escaped(text) if line.url is None else _anchor(line.url, text)


def _anchor(url: str, text: str) -> str:
    return f"<{url.replace('|', '%7C').replace('>', '%3E')}|{_escaped(text)}>"


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _whole(text)}}


def _context(text: str) -> dict[str, object]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _whole(text)}]}


def _whole(text: str) -> str:
    """Within the limit, without half an escape at the end."""
    kept = cut(text, _SECTION)
    start = kept.rfind("&", len(kept) - 6)
    return kept if start < 0 or ";" in kept[start:] else f"{kept[:start]}…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
