"""Keys: who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Key", "Scope"]


class Scope(StrEnum):
    """What a key allows. ``admin`` includes the others; the others include nothing."""

    INGEST = "ingest"  # send rows
    READ = "read"  # look
    OPERATE = "operate"  # acknowledge, resolve, accept
    ADMIN = "admin"  # definitions, references, keys
    BACKFILL = "backfill"  # say when rows were known, and so drive the clock of a model


@dataclass(frozen=True, slots=True)
class Key:
    """A key that names a person or a service; its secret is kept as a hash alone."""

    id: str
    name: str
    scopes: frozenset[Scope]
    hint: str  # the first characters of the secret, to be recognised by
    created_at: datetime
    revoked_at: datetime | None = None
    rows_per_second: float | None = None  # None: no limit of its own
    bytes_per_second: float | None = None

    def allows(self, scope: Scope) -> bool:
        """Whether the key carries the scope and was not revoked."""
        return self.revoked_at is None and (Scope.ADMIN in self.scopes or scope in self.scopes)
