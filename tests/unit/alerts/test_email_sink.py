"""E-mail, against a real SMTP server that demands STARTTLS and a login."""

from __future__ import annotations

import ssl
import struct
import zlib
from dataclasses import replace

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword

from notices import HOSTILE, a_delivery, a_notice, an_alert, every_kind
from receivers import Mailbox, receiving_mail
from watchkeeper.alerts.sinks.email import EmailSink
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, Unavailable


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path) -> str:
    """Its certificate as a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def mailbox(authority):
    """Behind a server that takes nothing in the clear and nothing from strangers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def check(server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword) and data.password == b"secret"
        return AuthResult(success=known, handled=False)

    with receiving_mail(
        Mailbox(),
        tls_context=context,
        require_starttls=True,
        authenticator=check,
        auth_required=True,
    ) as found:
        yield found


def sink(mailbox, ca_file, **options) -> EmailSink:
    chosen = {
        "to": ("On call <oncall@example.org>",),
        "sender": "Watchkeeper <watchkeeper@example.org>",
        "username": "wk",
        "password": "secret",
        **options,
    }
    return EmailSink(host="localhost", port=mailbox.port, ca_file=ca_file, **chosen)


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_each_kind_arrives_as_text_html_and_picture(mailbox, ca_file, notice):
    """And what the server said when it took the mail is told."""
    receipt = sink(mailbox, ca_file).send(a_delivery(notice))

    (mail,) = mailbox.mails
    kinds = [part.get_content_type() for part in mail.walk()]
    assert receipt.answer == "250 2.0.0 Ok: queued as 4711"
    assert kinds == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]


def test_the_first_lines_say_what_on_call_needs(mailbox, ca_file):
    """Subject: model, what, how big. Then since when, how sure, why, what to do, where to look."""
    sink(mailbox, ca_file).send(a_delivery())

    (mail,) = mailbox.mails
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"] == (
        "[critical] flights: missing rate of wind_speed: 5.2 %, usually 0.3 %"
    )
    for fact in (
        "2026-05-03 10:00 UTC, for 2 h",
        "less than one window in a million",
        "seen in 912 rows",
        "Likely why: a data fault",
        "version 4 went live by ada, 1 h before",
        "watchkeeper alerts ack i1",
        "/incidents/i1",
        "/runbooks/quality",
        "▁",
    ):
        assert fact in text


def test_headers_for_programs(mailbox, ca_file):
    """A stable id, a list to file by, no answers from machines."""
    sink(mailbox, ca_file).send(a_delivery())

    (mail,) = mailbox.mails
    assert mail["Message-ID"] == "<n-opened@example.org>"
    assert mail["List-Id"] == "Watchkeeper on-call-critical <on-call-critical.example.org>"
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert (mail["Importance"], mail["X-Watchkeeper-Model"]) == ("high", "flights")
    assert mail["In-Reply-To"] is None


def test_later_mails_join_the_first(mailbox, ca_file):
    """Same subject, and references to the first: mail programs show one thread."""
    mails = sink(mailbox, ca_file)
    earlier = mails.send(a_delivery()).remember
    for kind in (NoticeKind.UPDATED, NoticeKind.RESOLVED):
        worse = a_notice(kind, many=3)
        earlier = mails.send(a_delivery(worse, earlier=earlier)).remember

    first, *later = mailbox.mails
    for mail in later:
        assert mail["References"] == mail["In-Reply-To"] == first["Message-ID"]
        assert mail["Subject"] == f"Re: {first['Subject']}"
    assert "Resolved after 2 h" in later[-1].get_body(("plain",)).get_content().splitlines()[0]


def test_a_repeat_is_the_same_mail(mailbox, ca_file):
    """A server or a reader that dedups shows it once."""
    for _ in range(2):
        sink(mailbox, ca_file).send(a_delivery())

    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1


def test_the_picture_is_a_whole_png_that_the_page_shows(mailbox, ca_file):
    """Its parts have the right checksums, and the page names it."""
    sink(mailbox, ca_file).send(a_delivery())

    html = mailbox.mails[0].get_body(("html",)).get_content()
    (image,) = (p for p in mailbox.mails[0].walk() if p.get_content_type() == "image/png")
    png = image.get_content()
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in html
    assert "from 0.3 % to 5.2 %, at last 5.2 %, usually 0.3 %" in html
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert [name for name, _ in chunks(png)] == [b"IHDR", b"IDAT", b"IEND"]
    width, height = struct.unpack(">II", chunks(png)[0][1][:8])
    assert len(zlib.decompress(chunks(png)[1][1])) == height * (1 + 4 * width)


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a PNG, each with its checksum verified."""
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        name, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (told,) = struct.unpack(">I", png[place + 8 + length : place + 12 + length])
        assert told == zlib.crc32(name + data)
        found.append((name, data))
        place += 12 + length
    return found


def test_without_a_picture_there_is_none(mailbox, ca_file):
    """Two windows are needed for a line."""
    sink(mailbox, ca_file).send(replace(a_delivery(), chart=None))

    assert "cid:" not in mailbox.mails[0].get_body(("html",)).get_content()


def test_hostile_names_neither_inject_headers_nor_markup(mailbox, ca_file):
    """A column, a title, a route, a model named like an attack arrive as text."""
    notice = a_notice(alerts=(an_alert(column=HOSTILE, message=HOSTILE),), route=HOSTILE)
    incident = replace(notice.incident, title=HOSTILE, model=HOSTILE, cause=HOSTILE)

    sink(mailbox, ca_file).send(a_delivery(replace(notice, incident=incident)))

    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert "\u202e" not in mail["Subject"]
    assert "<script>" not in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize("field", ["to", "sender"])
def test_an_address_with_a_line_break_is_refused(mailbox, ca_file, field):
    """It could be a header of somebody else's choice."""
    bad = "a@example.org\r\nBcc: all@example.org"
    value = (bad,) if field == "to" else bad

    with pytest.raises(InvalidInput, match="address"):
        sink(mailbox, ca_file, **{field: value}).send(a_delivery())
    assert mailbox.mails == []


def test_what_some_refuse_others_get(mailbox, ca_file):
    """The answer says who has not got it, and why."""
    to = ("a@example.org", "nobody@example.org")

    receipt = sink(mailbox, ca_file, to=to).send(a_delivery())

    assert len(mailbox.mails) == 1
    assert "refused for nobody@example.org (550 5.1.1 no such user)" in receipt.answer


@pytest.mark.parametrize(
    ("to", "error"), [("nobody@example.org", InvalidInput), ("busy@example.org", Unavailable)]
)
def test_refused_for_good_or_for_now(mailbox, ca_file, to, error):
    """5xx will never pass, 4xx may."""
    with pytest.raises(error, match=to):
        sink(mailbox, ca_file, to=(to,)).send(a_delivery())


@pytest.mark.parametrize(
    ("answer", "error"),
    [("554 5.7.1 spam", InvalidInput), ("451 4.3.0 try again", Unavailable)],
)
def test_content_refused_for_good_or_for_now(mailbox, ca_file, answer, error):
    """Likewise."""
    mailbox.answers.append(answer)

    with pytest.raises(error, match=answer[:3]):
        sink(mailbox, ca_file).send(a_delivery())


def test_a_wrong_password_can_be_tried_again(mailbox, ca_file):
    """A refused login is kept for later, since passwords get mended; it is not told."""
    with pytest.raises(Unavailable, match="535") as caught:
        sink(mailbox, ca_file, password="wrong-pass").send(a_delivery())

    assert "wrong-pass" not in str(caught.value)


def test_an_unknown_authority_is_refused(mailbox):
    """Without our authority the certificate is not trusted and nothing is sent."""
    with pytest.raises(Unavailable, match="certificate"):
        sink(mailbox, None).send(a_delivery())
    assert mailbox.mails == []


def test_tls_from_the_start(authority, ca_file):
    """`security: tls` speaks it before anything else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with receiving_mail(Mailbox(), ssl_context=context) as mailbox:
        options = {"security": "tls", "username": None, "password": None}

        sink(mailbox, ca_file, **options).send(a_delivery())

    assert len(mailbox.mails) == 1


def test_a_login_in_the_clear_is_refused():
    """Security none with a password cannot be configured."""
    with pytest.raises(InvalidInput, match="encrypted"):
        EmailSink(host="h", to=("a@b",), sender="c@d", security="none", password="x")


def test_a_server_that_is_not_there_is_a_passing_failure():
    """It may be there later."""
    sink = EmailSink(host="127.0.0.1", port=1, to=("a@b.org",), sender="c@d.org")

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        sink.send(a_delivery())


def test_a_mail_is_taken_even_if_the_farewell_fails(mailbox, ca_file, monkeypatch):
    """What the server has taken is sent, and not sent again."""
    import smtplib

    def fail(_self):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", fail)

    assert sink(mailbox, ca_file).send(a_delivery()).answer.startswith("250")
