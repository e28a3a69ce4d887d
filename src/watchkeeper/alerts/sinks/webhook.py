"""A webhook: the incident as JSON by POST.

The address is resolved and checked before the connection is made, and the connection goes to the
very address that was checked, so a name that changes its mind between the two gains nothing.
Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from dataclasses import dataclass, field

import urllib3
from urllib3.util import Url, parse_url

from watchkeeper.alerts.message import Message
from watchkeeper.domain.alert import Notice, to_dict
from watchkeeper.errors import InvalidInput, Unavailable

__all__ = ["WebhookSink"]

_TIMEOUT_SECONDS = 15.0
_DEFAULT_PORTS = {"http": 80, "https": 443}
_RETRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """Posts to ``url``; any 2xx answer is acceptance.

    ``Idempotency-Key`` and ``webhook-id`` carry the notice's key. ``allow_private`` permits
    loopback and private addresses, which are refused else; link-local ones (cloud metadata
    services) are refused always.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    allow_private: bool = False

    def __post_init__(self) -> None:
        parsed = parse_url(self.url)
        if parsed.scheme not in _DEFAULT_PORTS or not parsed.host:
            raise InvalidInput(f"a webhook url must be http:// or https://, got {self.url!r}")

    def send(self, notice: Notice, message: Message) -> None:
        """Post once; 5xx, 408, 425, 429 and network failures raise Unavailable, others never pass."""
        parsed = parse_url(self.url)
        body = json.dumps(_payload(notice, message), allow_nan=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "watchkeeper",
            "Host": parsed.netloc or "",
            "Idempotency-Key": notice.key,
            "webhook-id": notice.key,
            **self.headers,
        }
        try:
            with self._pool(parsed) as pool:
                answer = pool.urlopen(
                    "POST",
                    parsed.request_uri,
                    body=body,
                    headers=headers,
                    redirect=False,
                    retries=False,
                )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"the webhook {parsed.host} did not answer: {error}") from error
        _check(answer.status, parsed)

    def _pool(self, parsed: Url) -> urllib3.HTTPConnectionPool:
        address = _checked_address(parsed, allow_private=self.allow_private)
        port = parsed.port or _DEFAULT_PORTS[parsed.scheme or "https"]
        if parsed.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=_TIMEOUT_SECONDS)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=_TIMEOUT_SECONDS,
            server_hostname=parsed.host,
            assert_hostname=parsed.host,
        )


def _payload(notice: Notice, message: Message) -> dict[str, object]:
    document = to_dict(notice)
    return {
        "version": 1,
        "key": notice.key,
        "kind": str(notice.kind),
        "subject": message.subject,
        "text": message.text(),
        "link": notice.link,
        "incident": document["incident"],
        "alerts": document["alerts"],
    }


def _check(status: int, parsed: Url) -> None:
    if 200 <= status < 300:
        return
    text = f"the webhook {parsed.host} answered {status}, expected 2xx"
    if status >= 500 or status in _RETRY_LATER:
        raise Unavailable(text)
    raise InvalidInput(f"{text}: check its url and credentials")


def _checked_address(parsed: Url, *, allow_private: bool) -> str:
    host, port = (parsed.host or "").strip("[]"), parsed.port or _DEFAULT_PORTS[parsed.scheme or ""]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"the webhook host {host} does not resolve: {error}") from error
    address = str(found[0][4][0])
    parsed_address = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    mapped = getattr(parsed_address, "ipv4_mapped", None)
    parsed_address = mapped or parsed_address
    if parsed_address.is_link_local or parsed_address.is_multicast:
        raise InvalidInput(f"webhooks to link-local addresses are refused, got {host} = {address}")
    if not allow_private and not parsed_address.is_global:
        raise InvalidInput(
            f"webhooks to private addresses are refused, got {host} = {address}: "
            "set allow_private on the sink to permit it"
        )
    return address
