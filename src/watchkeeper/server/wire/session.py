"""Keys and sessions on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watchkeeper.domain.key import Scope
from watchkeeper.server.wire.envelope import Wire

__all__ = ["KeyMade", "KeyRequest", "KeyWire", "Login", "PrincipalWire", "SignedOut"]


class Login(Wire):
    """The key that is exchanged for a session."""

    key: str = Field(min_length=1, max_length=200)


class PrincipalWire(Wire):
    """Who is asking: the key's name and scopes."""

    name: str
    scopes: list[Scope]
    expires_at: datetime | None


class SignedOut(Wire):
    """The session ended."""

    signed_out: bool


class KeyRequest(Wire):
    """A key to make: it names a person or a service and carries scopes, and may be limited in how
    many rows and bytes it sends a second.
    """

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1)
    rows_per_second: float | None = Field(default=None, gt=0)
    bytes_per_second: float | None = Field(default=None, gt=0)


class KeyWire(Wire):
    """A key without its secret; ``hint`` is its first characters."""

    id: str
    name: str
    scopes: list[Scope]
    hint: str
    created_at: datetime
    revoked_at: datetime | None
    rows_per_second: float | None
    bytes_per_second: float | None


class KeyMade(Wire):
    """A new key. ``secret`` is shown this once and is not stored."""

    key: KeyWire
    secret: str
