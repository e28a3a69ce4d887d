"""Who may come in: keys, sessions, and the check that a change comes from our own page."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from watchkeeper.domain.key import Key, Scope
from watchkeeper.errors import Forbidden, Unauthorized
from watchkeeper.server.wire.session import KeyMade, KeyWire, PrincipalWire

__all__ = ["Gatekeeper", "KeyStore", "Principal", "SessionStore", "new_secret", "secret_hash"]

_SESSION_LENGTH = timedelta(hours=12)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HINT_LENGTH = 7


class KeyStore(Protocol):
    """Where keys are kept, by the hash of their secret."""

    def add(self, key: Key, secret_hash: str) -> None:
        """Keep a new key."""

    def by_hash(self, secret_hash: str) -> Key | None:
        """The key with that secret, revoked or not."""

    def get(self, key_id: str) -> Key:
        """The key of that id; NotFound where there is none."""

    def all(self) -> list[Key]:
        """Every key, the oldest first."""

    def revoke(self, key_id: str, when: datetime) -> Key:
        """Revoke and return it; NotFound where there is none."""


class SessionStore(Protocol):
    """Where sessions are kept, by the hash of their token."""

    def open(self, token_hash: str, key_id: str, expires_at: datetime) -> None:
        """Keep a new session, and forget those that expired."""

    def find(self, token_hash: str, now: datetime) -> tuple[Key, datetime] | None:
        """The key that opened the session and when it expires; None where it is over."""

    def close(self, token_hash: str) -> None:
        """End the session, if there is one."""


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
                f"make one with `watchkeeper keys add NAME --scope {scope.value}`"
            )

    def wire(self) -> PrincipalWire:
        """The caller on the wire."""
        return PrincipalWire(
            name=self.name, scopes=sorted(self.key.scopes), expires_at=self.expires_at
        )


class Gatekeeper:
    """Tells callers apart, and keeps the keys.

    Secrets are 256 random bits, so a plain SHA-256 of them is all that needs to be stored.
    """

    session_seconds = int(_SESSION_LENGTH.total_seconds())

    def __init__(
        self, keys: KeyStore, sessions: SessionStore, *, now: Callable[[], datetime]
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._now = now

    def by_secret(self, secret: str) -> Principal:
        """The holder of a key; Unauthorized where it is unknown or revoked."""
        key = self._keys.by_hash(secret_hash(secret))
        if key is None or key.revoked_at is not None:
            raise Unauthorized("the key is unknown or was revoked: ask for a new one")
        return Principal(key.name, key)

    def by_session(
        self, token: str | None, *, method: str, headers: Mapping[str, str]
    ) -> Principal:
        """The holder of a session; a change must come from our own page."""
        if token is None:
            raise Unauthorized("a key is needed: send it as `Authorization: Bearer <key>`")
        found = self._sessions.find(secret_hash(token), self._now())
        if found is None or found[0].revoked_at is not None:
            raise Unauthorized("the session is over: sign in again")
        if method not in _SAFE_METHODS:
            require_own_page(headers)
        key, expires_at = found
        return Principal(key.name, key, expires_at)

    def sign_in(self, secret: str, *, headers: Mapping[str, str]) -> tuple[str, Principal]:
        """Open a session for the holder of a key; its token and whose it is."""
        require_own_page(headers)
        held = self.by_secret(secret)
        token = secrets.token_urlsafe(32)
        expires_at = self._now() + _SESSION_LENGTH
        self._sessions.open(secret_hash(token), held.key.id, expires_at)
        return token, Principal(held.name, held.key, expires_at)

    def sign_out(self, token: str | None, *, headers: Mapping[str, str]) -> None:
        """End a session, if there is one."""
        if token is not None:
            require_own_page(headers)
            self._sessions.close(secret_hash(token))

    def list_keys(self) -> list[KeyWire]:
        """Every key, the oldest first."""
        return [_wire(key) for key in self._keys.all()]

    def make_key(self, name: str, scopes: frozenset[Scope]) -> KeyMade:
        """A new key with its secret, which is not kept."""
        secret = new_secret()
        key = Key(
            id=secrets.token_hex(8),
            name=name,
            scopes=scopes,
            hint=secret[:_HINT_LENGTH],
            created_at=self._now(),
        )
        self._keys.add(key, secret_hash(secret))
        return KeyMade(key=_wire(key), secret=secret)

    def revoke_key(self, key_id: str) -> KeyWire:
        """Revoke a key; the sessions that it opened end with it."""
        return _wire(self._keys.revoke(key_id, self._now()))


def new_secret() -> str:
    """A secret that can be told from other systems' by its first letters."""
    return f"wk_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


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
    )
