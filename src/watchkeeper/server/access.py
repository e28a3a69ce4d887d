"""Who may come in: keys, sessions, and the check that a change comes from our own page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from watchkeeper.catalog.keys import Keys, Sessions
from watchkeeper.domain.key import Key, Scope
from watchkeeper.errors import Forbidden, RateLimited, Unauthorized
from watchkeeper.server.wire.session import KeyMade, KeyRequest, KeyWire, PrincipalWire

__all__ = ["Gatekeeper", "Principal", "Rate"]

_HELD_SECONDS, _MOST_HELD = 1.0, 1_000
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    name: str
    key: Key
    expires_at: datetime | None = None

    def require(self, scope: Scope) -> None:
        """Forbidden where the key lacks the scope."""
        if not self.key.allows(scope):
            held = ", ".join(sorted(self.key.scopes))
            raise Forbidden(
                f"this needs a key with the scope {scope.value!r}, and {self.name!r} holds {held}: "
                f"make one with `watchkeeper keys make NAME --scope {scope.value}`"
            )

    def wire(self) -> PrincipalWire:
        """The caller on the wire."""
        return PrincipalWire(
            name=self.name, scopes=sorted(self.key.scopes), expires_at=self.expires_at
        )


class Rate:
    """How often each key may ask: a bucket that holds a minute's worth and refills evenly."""

    def __init__(self, per_minute: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key_id: str) -> None:
        """Count one request; RateLimited where the bucket is empty."""
        now = self._seconds()
        with self._lock:
            left, since = self._left.get(key_id, (self._size, now))
            left = min(self._size, left + (now - since) * self._size / 60.0)
            self._left[key_id] = (max(left - 1.0, 0.0), now)
        if left < 1.0:
            raise RateLimited(
                f"a key may make {self._size:.0f} requests a minute, and this one made more: "
                "wait a second, or send larger batches"
            )


class Gatekeeper:
    """Tells callers apart, and keeps the keys. One that another process revoked is let in for a
    second more at most.
    """

    def __init__(  # noqa: PLR0913  what it asks, and two clocks
        self,
        keys: Keys,
        sessions: Sessions,
        *,
        rate: Rate,
        session_length: timedelta,
        now: Callable[[], datetime],
        metrics_open: bool = True,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics_open = metrics_open
        self._keys = keys
        self._sessions = sessions
        self._rate = rate
        self._now = now
        self.session_length = session_length
        self._seconds = seconds
        self._held: dict[str, tuple[Key, float]] = {}  # by their secrets, until when

    def recall(self, secret: str) -> Principal | None:
        """The holder of a key that was verified within the last second; None: ask `by_secret`.
        Waits for nobody.
        """
        key, until = self._held.get(secret, (None, 0.0))
        if key is None or self._seconds() >= until:
            return None
        self._rate.take(key.id)
        return Principal(key.name, key)

    def by_secret(self, secret: str) -> Principal:
        """The holder of a key; Unauthorized where it is unknown or revoked."""
        key = self._keys.verify(secret)
        if len(self._held) >= _MOST_HELD:
            self._held.clear()
        self._held[secret] = (key, self._seconds() + _HELD_SECONDS)
        self._rate.take(key.id)
        return Principal(key.name, key)

    def by_session(
        self, token: str | None, *, method: str, headers: Mapping[str, str]
    ) -> Principal:
        """The holder of a session; a change must come from our own page."""
        if token is None:
            raise Unauthorized("a key is needed: send it as `Authorization: Bearer <key>`")
        key, expires_at = self._sessions.find(token, now=self._now())
        if method not in _SAFE_METHODS:
            require_own_page(headers)
        self._rate.take(key.id)
        return Principal(key.name, key, expires_at)

    def sign_in(self, secret: str, *, headers: Mapping[str, str]) -> tuple[str, Principal]:
        """Open a session for the holder of a key; its token and whose it is."""
        require_own_page(headers)
        held = self.by_secret(secret)
        now = self._now()
        token = self._sessions.open(held.key, now=now, lifetime=self.session_length)
        return token, Principal(held.name, held.key, now + self.session_length)

    def sign_out(self, token: str | None, *, headers: Mapping[str, str]) -> None:
        """End a session, if there is one."""
        if token is not None:
            require_own_page(headers)
            self._sessions.close(token)

    def list_keys(self) -> list[KeyWire]:
        """Every key, the oldest first."""
        return [_wire(key) for key in self._keys.all()]

    def make_key(self, wanted: KeyRequest) -> KeyMade:
        """A new key with its secret, which is not kept."""
        key, secret = self._keys.create(
            wanted.name,
            frozenset(wanted.scopes),
            now=self._now(),
            rows_per_second=wanted.rows_per_second,
            bytes_per_second=wanted.bytes_per_second,
        )
        return KeyMade(key=_wire(key), secret=secret)

    def revoke_key(self, key_id: str) -> KeyWire:
        """Revoke a key; the sessions that it opened end with it."""
        revoked = self._keys.revoke(key_id, now=self._now())
        self._held.clear()
        return _wire(revoked)


def require_own_page(headers: Mapping[str, str]) -> None:
    """Forbidden where a browser sends this for a foreign page.

    A browser states the origin of every change. Without one (a client that is no browser) the
    header ``X-Requested-With`` must be there, which no foreign page can add without our consent.
    """
    origin = headers.get("origin")
    if origin is None:
        if "x-requested-with" not in headers:
            raise Forbidden(
                "a change with a session needs an Origin or X-Requested-With header: "
                "add `X-Requested-With: watchkeeper`, or use a key"
            )
    elif urlsplit(origin).netloc != headers.get("host"):
        raise Forbidden(f"a change must come from this server's own page, not from {origin!r}")


def _wire(key: Key) -> KeyWire:
    return KeyWire(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        hint=key.hint,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        rows_per_second=key.rows_per_second,
        bytes_per_second=key.bytes_per_second,
    )
