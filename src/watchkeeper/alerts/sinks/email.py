"""E-mail by SMTP, with STARTTLS (or TLS from the start) and login; text, HTML and a picture.

The Message-ID comes from the notice's key, so a repeat after a crash is the same message. The
notices of one incident have its first mail's subject and refer to it, so that mail programs show
them as one thread.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.utils import parseaddr

from watchkeeper.alerts.mail.mime import Envelope, as_mail, to_remember
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.transport.cutting import cut, plain
from watchkeeper.errors import InvalidInput, Unavailable

__all__ = ["EmailSink"]

_TIMEOUT_SECONDS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmailSink:
    """Sends to `to` through `host`.

    `security` is `starttls` (default), `tls` or `none`; a login over `none` is refused, since the
    password would travel in the clear. `ca_file` names a bundle of own authorities. Where a server
    refuses some of several recipients, the others have got it, and the answer tells who has not.
    """

    host: str
    to: tuple[str, ...]
    sender: str
    port: int = 587
    security: str = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
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

    @property
    def target(self) -> str:
        """Recipients and server."""
        return f"{', '.join(self.to)} by {self.host}:{self.port}"

    def send(self, delivery: Delivery) -> Receipt:
        """Deliver over one connection; refused recipients or content will never pass."""
        envelope = Envelope(self.sender, self.to)
        mail = as_mail(delivery, envelope).as_bytes()
        try:
            with closing(self._connect()) as connection:
                self._secure(connection)
                said = self._hand_over(connection, mail)
                with suppress(OSError, smtplib.SMTPException):  # it has been taken already
                    connection.quit()
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            raise _as_ours(error, self.host) from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"the mail server {self.host}:{self.port} failed: {error}") from error
        return Receipt(said, remember=to_remember(delivery, envelope))

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_SECONDS, context=self._context()
            )
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)

    def _secure(self, connection: smtplib.SMTP) -> None:
        if self.security == "starttls":
            connection.starttls(context=self._context())
        connection.ehlo_or_helo_if_needed()
        if self.username is not None and self.password is not None:
            connection.login(self.username, self.password)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _hand_over(self, connection: smtplib.SMTP, mail: bytes) -> str:
        """What the server said when it took the mail, and for whom it did not."""
        _require(*connection.mail(parseaddr(self.sender)[1]))
        refused: dict[str, tuple[int, bytes]] = {}
        for each in self.to:
            address = parseaddr(each)[1]
            code, said = connection.rcpt(address)
            if code not in (250, 251):
                refused[address] = (code, said)
        if len(refused) == len(self.to):
            raise smtplib.SMTPRecipientsRefused(refused)
        told = _require(*connection.data(mail))
        if not refused:
            return told
        not_for = ", ".join(f"{who} ({_said(*why)})" for who, why in refused.items())
        _log.warning("the mail server %s refused some recipients: %s", self.host, not_for)
        return f"{told}; refused for {not_for}"


def _require(code: int, said: bytes) -> str:
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)
    return _said(code, said)


def _said(code: int, text: bytes) -> str:
    return f"{code} {cut(plain(text.decode(errors='replace')), 200)}".strip()


def _as_ours(
    error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused, host: str
) -> Unavailable | InvalidInput:
    """A 4xx answer may pass later, a 5xx never will (RFC 5321, 4.2.1). A refused login is kept for
    later too: passwords get mended.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        told = ", ".join(f"{who}: {_said(*why)}" for who, why in error.recipients.items())
    else:
        said = error.smtp_error
        answers = [(error.smtp_code, said if isinstance(said, bytes) else said.encode())]
        told = _said(*answers[0])
    text = f"the mail server {host} did not take the message: {told}"
    final = all(code >= 500 for code, _ in answers)
    if final and not isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError):
        return InvalidInput(text)
    return Unavailable(text)
