"""Receivers on this machine that are as strict as the services they stand for, and remember."""

from __future__ import annotations

import json
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from waiting import PATIENCE_SECONDS, until

__all__ = [
    "Asked",
    "HttpReceiver",
    "Mailbox",
    "PagerDuty",
    "Slack",
    "Teams",
    "listening",
    "receiving_mail",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in; headers by their names in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        """The body, read."""
        return json.loads(self.body)


Answer = tuple[int, Mapping[str, str], str]


@dataclass
class HttpReceiver:
    """Answers each POST by ``judge``; ``answers`` come first, one by one."""

    judge: Callable[[Asked], Answer] = lambda _: (200, {}, "ok")
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    busy: set[int] = field(default_factory=set)  # connections that are being served

    def quiet(self) -> None:
        """Wait until all that was sent has been taken, also by senders that are dead: who comes
        last is served when everybody before is being served.
        """
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as last:
            last.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while last.recv(4096):
                pass
        until(lambda: self.busy, lambda busy: not busy, what="nobody is being served")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, asked: Asked) -> Answer:
        """What is answered."""
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else self.judge(asked)


@contextmanager
def listening(receiver: HttpReceiver) -> Iterator[HttpReceiver]:
    """A real HTTP server before the receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                return  # its sender died over it: nothing has come
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told, text = receiver.take(Asked(self.path, headers, body))
            with suppress(ConnectionError):  # nobody may be there any more to hear it
                self._answer(status, told, text)

        def _answer(self, status, told, text):
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def process_request(self, request, client_address):
            receiver.busy.add(id(request))
            super().process_request(request, client_address)

        def shutdown_request(self, request):
            super().shutdown_request(request)
            receiver.busy.discard(id(request))

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class Broken(Exception):
    """What was sent breaks a rule of the service."""


def need(holds: object, what: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise Broken(what)


def only(found: Mapping[str, object], *known: str) -> None:
    """Refuse members that the service does not know."""
    need(set(found) <= set(known), f"unknown: {sorted(set(found) - set(known))}")


class Slack(HttpReceiver):
    """Slack's incoming webhook and its chat methods, with the limits of Block Kit."""

    def __init__(self, token: str = "xoxb-token-of-tests") -> None:
        super().__init__(self._judge)
        self._token = token
        self.messages: dict[str, dict] = {}  # by their ts, with their replies

    def _judge(self, asked: Asked) -> Answer:
        api = asked.path.startswith("/api/")
        try:
            need(asked.headers["content-type"].startswith("application/json"), "no JSON")
            said = self._call(asked) if api else self._hook(asked.json)
        except Broken as broken:
            return (200, {}, json.dumps({"ok": False, "error": str(broken)})) if api else (400, {}, str(broken))  # fmt: skip
        return 200, {}, said

    def _hook(self, sent) -> str:
        only(sent, "text", "attachments", "blocks", "unfurl_links")
        check_slack(sent)
        return "ok"

    def _call(self, asked: Asked) -> str:
        need(asked.headers.get("authorization") == f"Bearer {self._token}", "invalid_auth")
        sent, method = asked.json, asked.path.removeprefix("/api/")
        check_slack(sent)
        need(sent["channel"].startswith("C"), "channel_not_found")
        if method == "chat.update":
            only(sent, "channel", "ts", "text", "attachments", "metadata")
            need(sent["ts"] in self.messages, "message_not_found")
            self.messages[sent["ts"]] |= sent
            return json.dumps({"ok": True, "channel": sent["channel"], "ts": sent["ts"]})
        need(method == "chat.postMessage", "unknown_method")
        only(sent, "channel", "text", "attachments", "metadata", "thread_ts", "reply_broadcast")
        stamp = f"17000000{len(self.asked):02}.000100"
        if "thread_ts" in sent:
            need(sent["thread_ts"] in self.messages, "thread_not_found")
            self.messages[sent["thread_ts"]]["replies"].append(sent)
        else:
            self.messages[stamp] = {**sent, "replies": []}
        return json.dumps({"ok": True, "channel": sent["channel"], "ts": stamp})


def check_slack(sent) -> None:
    """What Slack asks of a message."""
    need(0 < len(sent.get("text", "")) <= 40_000, "no_text")
    if "metadata" in sent:
        only(sent["metadata"], "event_type", "event_payload")
    for attachment in sent.get("attachments", []):
        only(attachment, "color", "blocks")
        need(len(attachment["blocks"]) <= 50, "too many blocks")
        for block in attachment["blocks"]:
            _check_block(block)


def _check_block(block) -> None:
    kind = block["type"]
    if kind == "header":
        need(block["text"]["type"] == "plain_text", "invalid_blocks")
        need(0 < len(block["text"]["text"]) <= 150, "header too long")
    elif kind == "section":
        _check_mrkdwn(block["text"])
    else:
        need(kind == "context" and 0 < len(block["elements"]) <= 10, "invalid_blocks")
        for element in block["elements"]:
            _check_mrkdwn(element)


def _check_mrkdwn(text) -> None:
    need(text["type"] == "mrkdwn" and 0 < len(text["text"]) <= 3_000, "text too long")
    shown = text["text"].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    need("&" not in shown, "not escaped")


class Teams(HttpReceiver):
    """A webhook of Workflows, with the elements of cards that we use and the limit of size."""

    def __init__(self) -> None:
        super().__init__(self._judge)
        self.cards: list[dict] = []

    def _judge(self, asked: Asked) -> Answer:
        try:
            need(len(asked.body) <= 28 * 1024, "too large")
            sent = asked.json
            only(sent, "type", "attachments")
            need(sent["type"] == "message" and len(sent["attachments"]) == 1, "no message")
            attachment = sent["attachments"][0]
            only(attachment, "contentType", "contentUrl", "content")
            need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "type")
            need(attachment["contentUrl"] is None, "url")
            _check_card(attachment["content"])
        except Broken as broken:
            return 400, {}, str(broken)
        self.cards.append(attachment["content"])
        return 202, {}, ""


def _check_card(card) -> None:
    only(card, "$schema", "type", "version", "fallbackText", "body", "actions", "msteams")
    need(card["type"] == "AdaptiveCard" and card["version"] in ("1.2", "1.4"), "card")
    for element in card["body"]:
        if element["type"] == "FactSet":
            only(element, "type", "facts")
            for fact in element["facts"]:
                only(fact, "title", "value")
                need(all(isinstance(text, str) and text for text in fact.values()), "fact")
            continue
        only(element, "type", "text", "wrap", "weight", "size", "style", "color", "fontType", "isSubtle")  # fmt: skip
        need(element["type"] == "TextBlock" and element["text"], "text")
        need(element.get("color", "Good") in ("Attention", "Warning", "Accent", "Good"), "colour")
    need(len(card["actions"]) <= 6, "actions")
    for action in card["actions"]:
        only(action, "type", "title", "url")
        need(action["type"] == "Action.OpenUrl" and action["url"].startswith("http"), "action")


class PagerDuty(HttpReceiver):
    """The Events API v2: its rules, and what of it is open, by the key."""

    def __init__(self, routing_key: str = "R" * 32) -> None:
        super().__init__(self._judge)
        self._routing_key = routing_key
        self.open: dict[str, str] = {}  # key → triggered or acknowledged
        self.alerts = 0  # how often something opened
        self.changes: list[dict] = []

    def _judge(self, asked: Asked) -> Answer:
        try:
            need(len(asked.body) <= 512 * 1024, "too large")
            sent = asked.json
            need(len(sent["routing_key"]) == 32, "routing_key must be 32 characters")
            need(sent["routing_key"] == self._routing_key, "Invalid routing key")
            if asked.path == "/v2/change/enqueue":
                only(sent, "routing_key", "payload", "links")
                only(sent["payload"], "summary", "source", "timestamp", "custom_details")
                self.changes.append(sent)
            else:
                need(asked.path == "/v2/enqueue", "no such path")
                self._event(sent)
        except Broken as broken:
            text = {"status": "invalid event", "message": "Event object is invalid", "errors": [str(broken)]}  # fmt: skip
            return 400, {}, json.dumps(text)
        text = {"status": "success", "message": "Event processed", "dedup_key": sent.get("dedup_key")}  # fmt: skip
        return 202, {}, json.dumps(text)

    def _event(self, sent) -> None:
        key, action = sent.get("dedup_key", ""), sent["event_action"]
        need(0 < len(key) <= 255, "dedup_key")
        if action == "trigger":
            only(sent, "routing_key", "event_action", "dedup_key", "payload", "links", "client", "client_url")  # fmt: skip
            self._check_payload(sent["payload"])
            for link in sent["links"]:
                only(link, "href", "text")
            self.alerts += key not in self.open
            self.open.setdefault(key, "triggered")
            return
        only(sent, "routing_key", "event_action", "dedup_key")
        need(action in ("acknowledge", "resolve"), "event_action")
        if action == "resolve":
            self.open.pop(key, None)
        elif key in self.open:
            self.open[key] = "acknowledged"

    @staticmethod
    def _check_payload(payload) -> None:
        only(payload, "summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details")  # fmt: skip
        need(0 < len(payload["summary"]) <= 1_024, "summary")
        need(payload["source"], "source")
        need(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
        need(datetime.fromisoformat(payload["timestamp"]).tzinfo, "timestamp")


@dataclass
class Mailbox:
    """What a real SMTP server received; ``answers`` come first, one by one."""

    mails: list = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0
    busy: set[int] = field(default_factory=set)  # connections that are being served

    def quiet(self) -> None:
        """Wait until all that was sent has been taken, also by senders that are dead."""
        with smtplib.SMTP("localhost", self.port, timeout=PATIENCE_SECONDS) as last:
            last.noop()
        until(lambda: self.busy, lambda busy: not busy, what="nobody is being served")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Take every recipient but nobody and whoever is busy."""
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if address.startswith("busy@"):
            return "450 4.2.0 greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Take the mail."""
        answer = self.answers.pop(0) if self.answers else "250 2.0.0 Ok: queued as 4711"
        if answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append(mail)
        return answer


@contextmanager
def receiving_mail(mailbox: Mailbox, **options) -> Iterator[Mailbox]:
    """A real SMTP server before the mailbox."""
    controller = _Controller(mailbox, hostname="localhost", port=0, **options)
    controller.start()
    mailbox.port = controller.server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        controller.stop()


class _Controller(Controller):
    """On any free port: the base class would ask port 0 whether it answers."""

    def factory(self):
        return _Served(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.hostname, self.port = self.server.sockets[0].getsockname()[:2]
        super()._trigger_server()


class _Served(SMTP):
    """A connection that its mailbox knows of."""

    def connection_made(self, transport):
        self.event_handler.busy.add(id(self))
        super().connection_made(transport)

    def connection_lost(self, error):
        super().connection_lost(error)
        self.event_handler.busy.discard(id(self))
