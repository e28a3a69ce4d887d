"""A POST to somewhere outside.

The host is resolved and checked before the connection is made, and the connection goes to the very
address that was checked, so a name that changes its mind between the two gains nothing. Redirects
are not followed: an answer cannot send us, and what we carry, somewhere else. Proxies of the
environment are not used.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3
from urllib3.util import Url, parse_url

from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

__all__ = ["Answer", "Post", "Reach", "check_url", "host_of", "post", "require_accepted"]

_PORTS = {"http": 80, "https": 443}
_AGAIN = frozenset({408, 425, 429})
_MOST_BYTES = 64 * 1024
_LONGEST_ANSWER = 300  # characters of it that are told


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a sender may reach: ``allow_private`` permits loopback and private addresses, which
    are refused else; link-local ones (cloud metadata services) are refused always. ``ca_file``
    names a bundle of own authorities.
    """

    allow_private: bool = False
    ca_file: str | None = None
    timeout_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: at most 64 KiB of it. ``headers`` by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    text: str

    def said(self) -> str:
        """Status and text in one short line."""
        words = " ".join(self.text.split())
        cut = words if len(words) <= _LONGEST_ANSWER else f"{words[:_LONGEST_ANSWER]}…"
        return f"{self.status} {cut}".strip()


def check_url(url: str, *, what: str) -> None:
    """InvalidInput where ``url`` is not one that can be posted to."""
    parsed = parse_url(url)
    if parsed.scheme not in _PORTS or not parsed.host:
        raise InvalidInput(f"the url of {what} must be http:// or https://, got another")
    if parsed.auth:
        raise InvalidInput(
            f"the url of {what} must not hold a password: put it into a header, by reference"
        )


def host_of(url: str) -> str:
    """Host and port of a URL: what of it may be told (its path may be a secret)."""
    return parse_url(url).netloc or ""


def post(what: Post, reach: Reach) -> Answer:
    """Post once, and read the answer whatever it is.

    Raises
    ------
    Unavailable
        Nobody answered within the time.
    InvalidInput
        The address is one that is refused.
    """
    parsed, failure = parse_url(what.url), ""
    for address in _addresses(parsed, allow_private=reach.allow_private):
        try:
            with _pool(parsed, address, reach) as pool:
                return _exchange(pool, parsed, what, reach)
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as e:
            failure = _reason(e)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"{host_of(what.url)} did not answer: {_reason(error)}") from None
    raise Unavailable(f"{host_of(what.url)} cannot be reached: {failure}")


def require_accepted(answer: Answer, *, where: str) -> Answer:
    """The answer, where it is a 2xx.

    Raises
    ------
    RateLimited
        To be tried again, not before what ``Retry-After`` says.
    Unavailable
        To be tried again: 5xx, 408, 425, 429.
    InvalidInput
        Anything else: it will never be taken as it is.
    """
    if 200 <= answer.status < 300:
        return answer
    text = f"{where} answered {answer.said()}"
    if answer.status >= 500 or answer.status in _AGAIN:
        wait = retry_after(answer.headers)
        if wait is not None:
            raise RateLimited(text, retry_after_seconds=wait)
        raise Unavailable(text)
    if 300 <= answer.status < 400:
        raise InvalidInput(f"{text}, expected 2xx: redirects are not followed, give the new url")
    raise InvalidInput(f"{text}, expected 2xx: check its url and credentials")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the other side asks us to wait (RFC 9110, 10.2.3); None where it does not."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _exchange(pool: urllib3.HTTPConnectionPool, parsed: Url, what: Post, reach: Reach) -> Answer:
    headers = {"User-Agent": "watchkeeper", "Host": parsed.netloc or "", **what.headers}
    answer = pool.urlopen(
        "POST",
        parsed.request_uri,
        body=what.body,
        headers=headers,
        redirect=False,
        retries=False,
        preload_content=False,
    )
    told = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, told, _read(answer, reach).decode(errors="replace"))


def _read(answer: urllib3.BaseHTTPResponse, reach: Reach) -> bytes:
    """The beginning of the body; whoever dribbles is not listened to for ever."""
    until, found = time.monotonic() + reach.timeout_seconds, b""
    while len(found) < _MOST_BYTES and time.monotonic() < until:
        part = answer.read1(_MOST_BYTES - len(found))
        if not part:
            break
        found += part
    answer.close()
    return found


def _pool(parsed: Url, address: str, reach: Reach) -> urllib3.HTTPConnectionPool:
    port = parsed.port or _PORTS[parsed.scheme or "https"]
    timeout = urllib3.Timeout(connect=min(10.0, reach.timeout_seconds), read=reach.timeout_seconds)
    if parsed.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    host = (parsed.host or "").strip("[]")
    return urllib3.HTTPSConnectionPool(
        address,
        port,
        timeout=timeout,
        ca_certs=reach.ca_file,
        server_hostname=host,
        assert_hostname=host,
    )


def _addresses(parsed: Url, *, allow_private: bool) -> list[str]:
    """The addresses of the host that may be connected to."""
    host, port = (parsed.host or "").strip("[]"), parsed.port or _PORTS[parsed.scheme or ""]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"the host {host} does not resolve: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    refused = {address: _refusal(address, allow_private=allow_private) for address in addresses}
    allowed = [address for address in addresses if not refused[address]]
    if not allowed:
        address = addresses[0]
        raise InvalidInput(f"{refused[address]}, got {host} = {address}")
    return allowed


def _refusal(address: str, *, allow_private: bool) -> str:
    parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_link_local or parsed.is_multicast:
        return "link-local addresses are refused"
    if not allow_private and not parsed.is_global:
        return "private addresses are refused unless allow_private is set on the sink"
    return ""


def _reason(error: BaseException) -> str:
    """What went wrong, without the path of the URL, which may be a secret."""
    inner = error.args[-1] if error.args else error
    cause = inner if isinstance(inner, BaseException) else error
    return " ".join(str(cause).split("url:")[0].split())
