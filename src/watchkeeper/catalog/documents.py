"""Definition documents of one kind (``Model``, ``AlertRoute``, …), with every revision kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.schema import documents
from watchkeeper.errors import Conflict, NotFound

__all__ = ["Document", "Documents"]


@dataclass(frozen=True, slots=True)
class Document:
    """One revision of a document; ``hash`` is the SHA-256 of its text."""

    name: str
    revision: int
    text: str
    hash: str
    created_at: datetime
    created_by: str


class Documents:
    """The documents of one kind."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database = database
        self._kind = kind

    def put(
        self, name: str, text: str, *, by: str, now: datetime, expected: int | None = None
    ) -> Document:
        """Store a new revision; the same text again stores nothing and returns what is there.

        ``expected`` is the revision that the writer read (0: none): Conflict where it is another.
        """
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        with self._database.write() as connection:
            current = self._latest(connection, name)
            revision = current.revision if current else 0
            if expected is not None and expected != revision:
                raise Conflict(
                    f"{self._kind} {name!r} must still be at revision {expected}, it is at "
                    f"{revision}: read it again and repeat the change"
                )
            if current and current.hash == digest:
                return current
            made = Document(name, revision + 1, text, digest, now, by)
            connection.execute(
                sa.insert(documents).values(
                    kind=self._kind,
                    name=name,
                    revision=made.revision,
                    document=text,
                    hash=digest,
                    created_at=now,
                    created_by=by,
                )
            )
            return made

    def get(self, name: str, revision: int | None = None) -> Document:
        """One document, at a revision or the latest; NotFound where there is none."""
        with self._database.read() as connection:
            found = self._latest(connection, name, revision)
        if found is None:
            at = "" if revision is None else f" at revision {revision}"
            raise NotFound(f"there is no {self._kind} named {name!r}{at}")
        return found

    def count(self) -> int:
        """How many revisions there are of all documents together: no revision ever goes, so where
        this stays nothing was changed.
        """
        asked = sa.select(sa.func.count()).where(documents.c.kind == self._kind)
        with self._database.read() as connection:
            return int(connection.execute(asked).scalar_one())

    def revisions(self, name: str) -> tuple[Document, ...]:
        """Every revision of one document, oldest first."""
        asked = self._of(name).order_by(documents.c.revision)
        with self._database.read() as connection:
            return tuple(_document(row) for row in connection.execute(asked))

    def page(self, *, cursor: str | None = None, limit: int = 100) -> Page[Document]:
        """The latest revision of each document, by name."""
        after = read_cursor(cursor, 1)
        newest = (
            sa.select(documents.c.name, sa.func.max(documents.c.revision).label("revision"))
            .where(documents.c.kind == self._kind)
            .group_by(documents.c.name)
            .subquery()
        )
        asked = (
            sa.select(documents)
            .join(
                newest,
                (documents.c.name == newest.c.name) & (documents.c.revision == newest.c.revision),
            )
            .where(documents.c.kind == self._kind)
            .order_by(documents.c.name)
            .limit(limit + 1)
        )
        if after:
            asked = asked.where(documents.c.name > after[0])
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return page_of(rows, limit, build=_document, place=lambda row: (row.name,))

    def all(self) -> tuple[Document, ...]:
        """The latest revision of every document, by name, in one statement a thousand."""
        found: list[Document] = []
        cursor = None
        while True:
            page = self.page(cursor=cursor, limit=1_000)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return tuple(found)

    def _of(self, name: str) -> sa.Select[tuple[object, ...]]:
        return sa.select(documents).where(documents.c.kind == self._kind, documents.c.name == name)

    def _latest(
        self, connection: sa.Connection, name: str, revision: int | None = None
    ) -> Document | None:
        asked = self._of(name).order_by(documents.c.revision.desc()).limit(1)
        if revision is not None:
            asked = asked.where(documents.c.revision == revision)
        row = connection.execute(asked).first()
        return None if row is None else _document(row)


def _document(row: sa.Row[tuple[object, ...]]) -> Document:
    return Document(row.name, row.revision, row.document, row.hash, row.created_at, row.created_by)
