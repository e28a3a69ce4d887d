"""Links with which whoever reads a message says what it was worth, without a login.

A link carries the incident, whom the message went to, and when it ends, signed by a secret of this
installation: it is good for one thing, saying "useful" or "noise" of one incident. Opening it only
shows a page; the answer is recorded by the button on it. Mail scanners open every link of a message
before its reader does, and must not answer in their name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchkeeper.domain.alert import Notice, NoticeKind
from watchkeeper.domain.feedback import Worth
from watchkeeper.errors import Forbidden

__all__ = ["FeedbackLinks", "Grant", "sign", "verify"]

VALID_FOR = timedelta(days=60)
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Grant:
    """What a link allows: to say of ``incident`` what it was worth, in the name of ``by``."""

    incident: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class FeedbackLinks:
    """The links of a notice; none where people reach no page. ``now`` is the wall's clock."""

    base_url: str | None
    secret: Callable[[], bytes]
    now: Callable[[], datetime]

    def of(self, notice: Notice) -> Mapping[str, str]:
        """The links by what they say."""
        if self.base_url is None or notice.kind is NoticeKind.TEST:
            return {}
        by = f"{notice.route}/{notice.sink}"
        token = sign(Grant(notice.incident.id, by, self.now() + VALID_FOR), self.secret())
        base = f"{self.base_url.rstrip('/')}/feedback/{token}"
        return {worth.value: f"{base}?worth={worth.value}" for worth in Worth}


def sign(grant: Grant, secret: bytes) -> str:
    """The grant as text that fits into an address."""
    body = json.dumps([grant.incident, grant.by, int(grant.until.timestamp())]).encode()
    return _text(_tag(body, secret) + body)


def verify(token: str, secret: bytes, *, now: datetime) -> Grant:
    """The grant that `sign` wrote; Forbidden where it is another's, was changed, or is over."""
    try:
        held = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        held = b""
    tag, body = held[:_TAG_BYTES], held[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(body, secret)) or _text(held) != token:
        raise Forbidden("this link was not made by this server: open the one in the message")
    incident, by, until = json.loads(body)
    ends = datetime.fromtimestamp(until, UTC)
    if ends <= now:
        raise Forbidden(
            f"this link was good until {ends:%Y-%m-%d}: say it on the incident's page instead"
        )
    return Grant(incident, by, ends)


def _tag(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, b"feedback|" + body, hashlib.sha256).digest()[:_TAG_BYTES]


def _text(held: bytes) -> str:
    return base64.urlsafe_b64encode(held).decode().rstrip("=")
