"""A message as an e-mail: headers, text, HTML and the picture.

The first mail of a thread gives the thread its subject; later ones keep it, because mail programs
join by subject and references, and say first thing in the text what has happened.

References
----------
RFC 5322 (Message-ID, References), RFC 2919 (List-Id), RFC 3834 (Auto-Submitted), RFC 2387 and
RFC 2392 (a picture beside the HTML that shows it).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from watchkeeper.alerts.chart import Chart
from watchkeeper.alerts.mail.html import as_html
from watchkeeper.alerts.mail.png import Drawing, draw
from watchkeeper.alerts.sinks.sink import Delivery
from watchkeeper.alerts.sparkline import sparkline
from watchkeeper.alerts.transport.cutting import cut, plain
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidInput

__all__ = ["Envelope", "as_mail", "to_remember"]

_SUBJECT = 200
# Folded sooner, a subject may begin with the blank of its fold.
_POLICY = SMTP.clone(max_line_length=400)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]+@[^\s<>()\[\],;:\\\"@]+")
_URGENT = (NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.ESCALATED)


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom, to whom."""

    sender: str
    to: tuple[str, ...]

    @property
    def domain(self) -> str:
        """Of the sender: where our ids live."""
        return parseaddr(self.sender)[1].rpartition("@")[2] or "watchkeeper.invalid"


def as_mail(delivery: Delivery, envelope: Envelope) -> EmailMessage:
    """The e-mail; the same notice always has the same Message-ID."""
    notice, message = delivery.notice, delivery.message
    subject, first = _thread(delivery)
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = subject
    mail["From"] = _address(envelope.sender)
    mail["To"] = tuple(_address(each) for each in envelope.to)
    mail["Date"] = format_datetime(notice.created_at)
    mail["Message-ID"] = f"<{notice.key}@{envelope.domain}>"
    if first is not None:
        mail["In-Reply-To"] = mail["References"] = first
    mail["List-Id"] = f"Watchkeeper {_word(notice.route)} <{_word(notice.route)}.{envelope.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.severity is Severity.CRITICAL and notice.kind in _URGENT:
        mail["Importance"] = "high"
    mail["X-Watchkeeper-Model"] = _word(notice.incident.model)
    mail["X-Watchkeeper-Severity"] = str(message.severity)
    mail["X-Watchkeeper-Kind"] = str(notice.kind)
    _set_bodies(mail, delivery, envelope)
    return mail


def to_remember(delivery: Delivery, envelope: Envelope) -> str:
    """What the thread's later mails need to know of its first."""
    subject, first = _thread(delivery)
    began = first or f"<{delivery.notice.key}@{envelope.domain}>"
    return json.dumps({"id": began, "subject": subject.removeprefix("Re: ")})


def _thread(delivery: Delivery) -> tuple[str, str | None]:
    """The subject, and the Message-ID of the first mail where this is a later one."""
    message = delivery.message
    if delivery.earlier is not None:
        known = json.loads(delivery.earlier)
        return f"Re: {known['subject']}", str(known["id"])
    return cut(plain(f"[{message.tag}] {message.title}"), _SUBJECT), None


def _set_bodies(mail: EmailMessage, delivery: Delivery, envelope: Envelope) -> None:
    message = delivery.message
    footer = f"Sent by Watchkeeper because of the route {delivery.notice.route}."
    text = f"{message.text(sparkline(delivery.chart))}\n-- \n{footer}\n"
    mail.set_content(text, cte="quoted-printable")
    image = _image(delivery, envelope)
    mail.add_alternative(
        as_html(message, image=image, footer=footer), subtype="html", cte="quoted-printable"
    )
    if image is not None:
        page = mail.get_payload()[1]  # type: ignore[index]  # text and HTML are there by now
        page.add_related(  # type: ignore[union-attr]  # it is a message, not text
            image[2].png,
            maintype="image",
            subtype="png",
            cid=f"<{image[0].removeprefix('cid:')}>",
            disposition="inline",
            filename="chart.png",
        )


def _image(delivery: Delivery, envelope: Envelope) -> tuple[str, Chart, Drawing] | None:
    chart = delivery.chart
    drawing = draw(chart) if chart is not None else None
    if chart is None or drawing is None:
        return None
    return f"cid:chart.{delivery.notice.key}@{envelope.domain}", chart, drawing


def _address(text: str) -> Address:
    """A name and an address; InvalidInput where it is none (and could be more than one header)."""
    name, address = parseaddr(text)
    if plain(text) != text or not _ADDRESS.fullmatch(address) or not address.isascii():
        raise InvalidInput(f"an e-mail address must be name@host, got {plain(text)!r}")
    return Address(display_name=name, addr_spec=address)


def _word(text: str) -> str:
    """What may stand in an id: letters, digits, hyphens, dots."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text)
    return cut(kept.strip("-") or "none", 60).replace("…", "")
