"""API keys, the page's sessions, and this installation's own secrets.

A key's secret has 256 random bits, so its SHA-256 is as hard to guess as the secret itself; what
is stored can be found by hash and tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets as random_secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import keys, secrets, sessions
from watchkeeper.domain.key import Key, Scope
from watchkeeper.errors import Conflict, InvalidInput, NotFound, Unauthorized

__all__ = ["Keys", "Secrets", "Sessions"]

_PREFIX = "wk_"
_HINT_LENGTH = 8
_LEAST_SECRET = 32


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Keys:
    """Who may do what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        now: datetime,
        secret: str | None = None,
        rows_per_second: float | None = None,
        bytes_per_second: float | None = None,
    ) -> tuple[Key, str]:
        """Make a key; returns it and its secret, which is shown this once and never stored.

        ``secret`` is one that exists already, of at least 32 characters; Conflict where it is a key.
        """
        held = frozenset(scopes)
        if not held or not name.strip():
            raise InvalidInput(f"a key needs a name and at least one scope, got {name!r}, {held}")
        for rate in (rows_per_second, bytes_per_second):
            if rate is not None and not 0 < rate < math.inf:
                raise InvalidInput(
                    f"a rate of a key must be above zero, got {rate}: or leave it out"
                )
        if secret is None:
            secret = _PREFIX + random_secrets.token_urlsafe(32)
        elif len(secret) < _LEAST_SECRET:
            raise InvalidInput(
                f"the secret of a key must have at least {_LEAST_SECRET} characters, got "
                f"{len(secret)}: make one with `openssl rand -base64 32`"
            )
        key = Key(
            uuid.uuid4().hex,
            name.strip(),
            held,
            secret[:_HINT_LENGTH],
            now,
            rows_per_second=rows_per_second,
            bytes_per_second=bytes_per_second,
        )
        try:
            with self._database.write() as connection:
                connection.execute(
                    sa.insert(keys).values(
                        id=key.id,
                        name=key.name,
                        hash=_digest(secret),
                        hint=key.hint,
                        scopes=" ".join(sorted(held)),
                        created_at=now,
                        rows_per_second=rows_per_second,
                        bytes_per_second=bytes_per_second,
                    )
                )
        except sa.exc.IntegrityError as error:
            raise Conflict("a key with this secret exists already") from error
        return key, secret

    def verify(self, secret: str) -> Key:
        """The key of that secret; Unauthorized where there is none or it was revoked."""
        digest = _digest(secret)
        with self._database.read() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.hash == digest)).first()
        if row is None or not hmac.compare_digest(row.hash, digest) or row.revoked_at:
            raise Unauthorized(
                "the key is not valid: ask for a new one, or check for a typing slip"
            )
        return _key(row)

    def all(self) -> tuple[Key, ...]:
        """Every key, revoked ones too, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(keys).order_by(keys.c.created_at, keys.c.id)).all()
        return tuple(_key(row) for row in rows)

    def any(self) -> bool:
        """Whether some key is valid: without one only this machine may be listened to."""
        asked = sa.select(keys.c.id).where(keys.c.revoked_at.is_(None)).limit(1)
        with self._database.read() as connection:
            return connection.execute(asked).first() is not None

    def revoke(self, key_id: str, *, now: datetime) -> Key:
        """End a key and its sessions for good; NotFound where there is none."""
        with self._database.write() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.id == key_id)).first()
            if row is None:
                raise NotFound(f"there is no key {key_id!r}")
            if row.revoked_at is None:
                connection.execute(
                    sa.update(keys).where(keys.c.id == key_id).values(revoked_at=now)
                )
                connection.execute(sa.delete(sessions).where(sessions.c.key_id == key_id))
            row = connection.execute(sa.select(keys).where(keys.c.id == key_id)).one()
        return _key(row)


class Sessions:
    """Logins of the page: a random token in a cookie stands for a key until it expires."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, key: Key, *, now: datetime, lifetime: timedelta) -> str:
        """Start a session; returns its token. Expired sessions are forgotten on the way."""
        token = random_secrets.token_urlsafe(32)
        with self._database.write() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(
                sa.insert(sessions).values(
                    hash=_digest(token), key_id=key.id, created_at=now, expires_at=now + lifetime
                )
            )
        return token

    def find(self, token: str, *, now: datetime) -> tuple[Key, datetime]:
        """The key that logged in and when the session ends; Unauthorized where it is over."""
        asked = (
            sa.select(keys, sessions.c.expires_at)
            .join(sessions, sessions.c.key_id == keys.c.id)
            .where(sessions.c.hash == _digest(token), sessions.c.expires_at > now)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        if row is None or row.revoked_at:
            raise Unauthorized("the session is over: sign in again")
        return _key(row), row.expires_at

    def close(self, token: str) -> None:
        """End a session; nothing happens where it is over already."""
        with self._database.write() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.hash == _digest(token)))


class Secrets:
    """Random values that this installation made for itself, such as the one that hashes columns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> bytes:
        """The 32 random bytes of that name, made at the first call and the same ever after."""
        asked = sa.select(secrets.c.value).where(secrets.c.name == name)
        with self._database.read() as connection:
            found = connection.execute(asked).scalar()
        if found is None:
            with self._database.write() as connection:
                if not self._database.is_sqlite:
                    connection.execute(sa.text("LOCK TABLE secrets IN EXCLUSIVE MODE"))
                found = connection.execute(asked).scalar()
                if found is None:
                    found = random_secrets.token_bytes(32)
                    connection.execute(sa.insert(secrets).values(name=name, value=found))
        return bytes(found)


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    scopes = frozenset(Scope(word) for word in row.scopes.split())
    return Key(
        row.id,
        row.name,
        scopes,
        row.hint,
        row.created_at,
        row.revoked_at,
        row.rows_per_second,
        row.bytes_per_second,
    )
