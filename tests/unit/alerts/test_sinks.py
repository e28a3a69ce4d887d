"""The senders, against real servers on this machine."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.email import EmailSink
from watchkeeper.alerts.sinks.webhook import WebhookSink
from watchkeeper.domain.alert import (
    Alert,
    AlertState,
    Incident,
    Notice,
    NoticeKind,
    notice_from_dict,
    to_dict,
)
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidInput, Unavailable

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>\r\nBcc: all@example.org'


def make_notice(*, column: str = "wind_speed", title: str = "missing rate of wind_speed") -> Notice:
    alert = Alert(
        id="a1",
        key="k",
        model="flights",
        monitor="quality",
        state=AlertState.OPEN,
        severity=Severity.CRITICAL,
        what="missing_rate",
        message=f"{column} is missing in 5.2 % of rows, was 0.3 %",
        opened_at=NOW,
        updated_at=NOW,
        column=column,
        facts={"value": 0.052, "low": 0.04, "high": 0.067, "n": 912, "p_value": 3e-9},
    )
    incident = Incident(
        id="i1",
        model="flights",
        state=AlertState.OPEN,
        severity=Severity.CRITICAL,
        title=title,
        cause="a data fault: wind_speed is missing",
        opened_at=NOW,
        updated_at=NOW,
        alerts=("a1",),
    )
    return Notice(
        "n1", NoticeKind.OPENED, "all", 0, incident, (alert,), NOW, "http://localhost/incidents/i1"
    )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


class Mailbox:
    """Keeps what a real SMTP server received."""

    def __init__(self) -> None:
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        """Accept one mail, unless its recipient is unwelcome."""
        if "nobody@example.org" in envelope.rcpt_tos:
            return "550 no such user"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def mail_server(authority: trustme.CA) -> Iterator[tuple[Mailbox, int]]:
    """A real SMTP server that demands STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    mailbox = Mailbox()

    def check(server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword) and data.password == b"secret"
        return AuthResult(success=known, handled=False)

    controller = Controller(
        mailbox,
        hostname="localhost",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=check,
        auth_required=True,
    )
    controller.start()
    yield mailbox, controller.port
    controller.stop()


def email_sink(
    port: int, ca_file: str, *, password: str = "secret", to: str = "oncall@example.org"
):
    return EmailSink(
        host="localhost",
        port=port,
        to=(to,),
        sender="watchkeeper@example.org",
        username="wk",
        password=password,
        ca_file=ca_file,
    )


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path) -> str:
    """The authority's certificate as a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_email_arrives_in_text_and_html(mail_server, ca_file):
    """The mail says what, how big, since when, how sure, why, and where to look."""
    mailbox, port = mail_server
    notice = make_notice()

    email_sink(port, ca_file).send(notice, compose(notice))

    text = mailbox.mails[0].get_body(("plain",)).get_content()
    for fact in ("5.2 %", "0.04 to 0.067", "2013-05-03", "3e-09", "a data fault", "/incidents/i1"):
        assert fact in text
    assert mailbox.mails[0]["Message-ID"] == "<n1@watchkeeper.invalid>"


def test_hostile_names_neither_inject_headers_nor_markup(mail_server, ca_file):
    """A column named like an attack arrives as text."""
    mailbox, port = mail_server
    notice = make_notice(column=HOSTILE, title=HOSTILE)

    email_sink(port, ca_file).send(notice, compose(notice))

    assert mailbox.mails[0]["Bcc"] is None
    assert "<script>" not in mailbox.mails[0].get_body(("html",)).get_content()


def test_a_wrong_password_can_be_tried_again(mail_server, ca_file):
    """A refused login is said plainly and kept for later, since passwords get mended."""
    notice = make_notice()

    with pytest.raises(Unavailable, match="localhost"):
        email_sink(mail_server[1], ca_file, password="wrong").send(notice, compose(notice))


def test_a_refused_recipient_is_final(mail_server, ca_file):
    """A 5xx answer will never pass."""
    notice = make_notice()

    with pytest.raises(InvalidInput, match="550"):
        email_sink(mail_server[1], ca_file, to="nobody@example.org").send(notice, compose(notice))


def test_an_unknown_authority_is_refused(mail_server):
    """Without our authority the certificate is not trusted and nothing is sent."""
    mailbox, port = mail_server
    sink = EmailSink(host="localhost", port=port, to=("a@example.org",), sender="b@example.org")
    notice = make_notice()

    with pytest.raises(Unavailable, match="certificate"):
        sink.send(notice, compose(notice))
    assert mailbox.mails == []


def test_a_login_in_the_clear_is_refused():
    """Security none with a password cannot be configured."""
    with pytest.raises(InvalidInput, match="encrypted"):
        EmailSink(host="h", to=("a@b",), sender="c@d", security="none", password="x")


@pytest.fixture
def http_server() -> Iterator[tuple[list, int]]:
    """A real HTTP server: records posts, answers by the path."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), json.loads(body)))
            status = {"/ok": 200, "/down": 503, "/moved": 302}.get(self.path, 404)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/ok")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield received, server.server_port
    server.shutdown()
    server.server_close()


def test_webhook_posts_the_incident(http_server):
    """The body is the incident as JSON and the key comes along for dedup."""
    received, port = http_server
    notice = make_notice()

    WebhookSink(f"http://127.0.0.1:{port}/ok", allow_private=True).send(notice, compose(notice))

    headers, body = received[0]
    assert headers["Idempotency-Key"] == "n1"
    assert body["incident"]["id"] == "i1"
    assert body["alerts"][0]["facts"]["value"] == 0.052


@pytest.mark.parametrize(
    ("path", "error"), [("down", Unavailable), ("gone", InvalidInput), ("moved", InvalidInput)]
)
def test_webhook_tells_passing_failures_from_final_ones(http_server, path, error):
    """503 may pass later; 404 will not, and a redirect is not followed."""
    received, port = http_server
    notice = make_notice()

    with pytest.raises(error):
        WebhookSink(f"http://127.0.0.1:{port}/{path}", allow_private=True).send(
            notice, compose(notice)
        )
    assert len(received) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.1]:9/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
    ],
)
def test_webhook_refuses_private_addresses(url):
    """Loopback, private and link-local addresses are refused unless allowed."""
    notice = make_notice()

    with pytest.raises(InvalidInput, match="refused"):
        WebhookSink(url).send(notice, compose(notice))


def test_link_local_is_refused_even_when_private_is_allowed():
    """A cloud's metadata service is never an address for alerts."""
    notice = make_notice()

    with pytest.raises(InvalidInput, match="link-local"):
        WebhookSink("http://169.254.169.254/", allow_private=True).send(notice, compose(notice))


def test_a_notice_survives_json():
    """What the outbox stores is what it gives back."""
    notice = make_notice()

    assert notice_from_dict(json.loads(json.dumps(to_dict(notice)))) == notice


def test_smtplib_is_what_the_sink_speaks():
    """A server that does not answer at all is a passing failure."""
    notice = make_notice()
    sink = EmailSink(host="127.0.0.1", port=9, to=("a@b.org",), sender="c@d.org")

    with pytest.raises(Unavailable) as caught:
        sink.send(notice, compose(notice))
    assert isinstance(caught.value.__cause__, OSError | smtplib.SMTPException)
