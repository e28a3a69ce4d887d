"""E-mail by SMTP, with STARTTLS (or TLS from the start) and login.

The Message-ID comes from the notice's key, so a repeat after a crash is the same message; the
notices of one incident refer to its first, so mail programs show them as one thread.
"""

from __future__ import annotations

import html
import smtplib
import ssl
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from watchkeeper.alerts.message import Message
from watchkeeper.domain.alert import Notice
from watchkeeper.errors import InvalidInput, Unavailable

__all__ = ["EmailSink"]

_TIMEOUT_SECONDS = 20
_DOMAIN = "watchkeeper.invalid"
_COLOURS = {"critical": "#b42318", "warning": "#b54708", "info": "#175cd3"}


@dataclass(frozen=True, slots=True)
class EmailSink:
    """Sends to ``to`` through ``host``.

    ``security`` is ``starttls`` (default), ``tls`` or ``none``; a login over ``none`` is refused,
    since the password would travel in the clear. ``ca_file`` names a bundle of own authorities.
    """

    host: str
    to: tuple[str, ...]
    sender: str
    port: int = 587
    security: str = "starttls"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.security not in ("starttls", "tls", "none"):
            raise InvalidInput(
                f"security must be starttls, tls or none, got {self.security!r} (e-mail sink)"
            )
        if self.security == "none" and self.password is not None:
            raise InvalidInput(
                "a login needs an encrypted connection, got security none (e-mail sink): "
                "use starttls or tls, or leave out the password"
            )
        if not self.to:
            raise InvalidInput("an e-mail sink needs at least one address in `to`, got none")

    def send(self, notice: Notice, message: Message) -> None:
        """Deliver over one connection; refused recipients or content raise InvalidInput."""
        mail = self._mail(notice, message)
        try:
            with closing(self._connect()) as connection:
                self._secure(connection)
                refused = connection.send_message(mail)
                connection.quit()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            raise _as_ours(error, self.host) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"the mail server {self.host}:{self.port} failed: {error}") from error
        if refused:
            raise InvalidInput(f"the mail server {self.host} refused some recipients: {refused}")

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_SECONDS, context=self._context()
            )
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)

    def _secure(self, connection: smtplib.SMTP) -> None:
        if self.security == "starttls":
            connection.starttls(context=self._context())
        if self.username is not None and self.password is not None:
            connection.login(self.username, self.password)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _mail(self, notice: Notice, message: Message) -> EmailMessage:
        thread = f"<incident.{notice.incident.id}@{_DOMAIN}>"
        mail = EmailMessage()
        mail["Subject"] = " ".join(message.subject.split())
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.to)
        mail["Date"] = format_datetime(notice.created_at)
        mail["Message-ID"] = f"<{notice.key}@{_DOMAIN}>"
        mail["In-Reply-To"] = mail["References"] = thread
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text())
        mail.add_alternative(_as_html(notice, message), subtype="html")
        return mail


def _as_ours(error: smtplib.SMTPException, host: str) -> Unavailable | InvalidInput:
    """A 4xx answer may pass later, a 5xx never will (RFC 5321, 4.2.1)."""
    codes = [error.smtp_code] if isinstance(error, smtplib.SMTPDataError) else []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    text = f"the mail server {host} did not take the message: {error}"
    return InvalidInput(text) if all(code >= 500 for code in codes) else Unavailable(text)


def _as_html(notice: Notice, message: Message) -> str:
    colour = _COLOURS.get(str(notice.incident.severity), "#344054")
    rows = "".join(
        f'<tr><th style="text-align:left;vertical-align:top;padding:6px 16px 6px 0;color:#667085;'
        f'font-weight:500;white-space:nowrap">{html.escape(name)}</th>'
        f'<td style="padding:6px 0;color:#101828">{html.escape(sentence)}</td></tr>'
        for name, sentence in message.facts
    )
    link = ""
    if message.link:
        link = (
            f'<p style="margin:20px 0 0"><a href="{html.escape(message.link, quote=True)}" '
            f'style="background:#1d2939;color:#fff;text-decoration:none;padding:9px 16px;'
            f'border-radius:6px;display:inline-block">Open the incident</a></p>'
        )
    return (
        '<!doctype html><html><body style="margin:0;padding:24px;background:#f2f4f7;'
        'font:15px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">'
        '<div style="max-width:640px;margin:0 auto;background:#fff;border-radius:8px;padding:24px;'
        f'border-top:4px solid {colour}">'
        f'<h1 style="font-size:18px;margin:0 0 12px;color:#101828">{html.escape(message.subject)}'
        f'</h1><table style="border-collapse:collapse;width:100%">{rows}</table>{link}'
        "</div></body></html>"
    )
