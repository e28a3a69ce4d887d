"""The files that sources have looked into, and how sources fare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import source_files, source_states

__all__ = ["FileState", "KnownFile", "SourceFiles", "SourceState", "SourceStates"]

_AT_ONCE = 500


class FileState(StrEnum):
    """What became of a file."""

    TAKING = "taking"  # some of its rows are durable
    TAKEN = "taken"
    REPEATED = "repeated"  # another file with the same content was taken
    REFUSED = "refused"  # it could not be read, or had changed; the reason is in quarantine


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One file: ``size`` in bytes, ``stamp`` when it was last changed, in nanoseconds since 1970,
    ``content`` the SHA-256 of its bytes; ``parts`` of it are durable, ``rows`` in all.
    """

    path: str
    size: int
    stamp: int
    content: str
    state: FileState
    parts: int
    rows: int
    detail: str | None
    at: datetime


_COLUMNS = [source_files.c[field.name] for field in fields(KnownFile)]


class SourceFiles:
    """The files of all sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, source: str, paths: Sequence[str]) -> Mapping[str, KnownFile]:
        """What is known of those paths; unknown ones are left out."""
        found: dict[str, KnownFile] = {}
        with self._database.read() as connection:
            for start in range(0, len(paths), _AT_ONCE):
                some = paths[start : start + _AT_ONCE]
                asked = sa.select(*_COLUMNS).where(
                    source_files.c.source == source, source_files.c.path.in_(some)
                )
                found.update({row.path: _file(row) for row in connection.execute(asked)})
        return found

    def same(self, source: str, content: str) -> str | None:
        """The path of a file with that content that was taken whole; None where there is none."""
        asked = sa.select(source_files.c.path).where(
            source_files.c.source == source,
            source_files.c.content == content,
            source_files.c.state == FileState.TAKEN.value,
        )
        with self._database.read() as connection:
            found = connection.execute(asked.limit(1)).scalar()
        return None if found is None else str(found)

    def save(self, source: str, file: KnownFile) -> None:
        """Remember a file, in the place of what was known of its path."""
        values = {field.name: getattr(file, field.name) for field in fields(KnownFile)}
        values["state"] = file.state.value
        with self._database.write() as connection:
            change = insert_into(connection, source_files).values(source=source, **values)
            rest = {name: value for name, value in values.items() if name != "path"}
            connection.execute(
                change.on_conflict_do_update(index_elements=["source", "path"], set_=rest)
            )

    def latest(self, source: str, *, limit: int = 100) -> tuple[KnownFile, ...]:
        """The files that were looked into last, the newest first."""
        asked = (
            sa.select(*_COLUMNS)
            .where(source_files.c.source == source)
            .order_by(source_files.c.at.desc(), source_files.c.path)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(_file(row) for row in connection.execute(asked))


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source fares: ``running``, ``waiting`` (for the lake), ``failing`` or ``stopped``,
    and why. ``lag`` counts what is there and not yet taken; None where that is not known.
    """

    state: str
    detail: str | None
    lag: int | None
    at: datetime


class SourceStates:
    """How every source fares, as its worker said last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, source: str, state: SourceState) -> None:
        """Say how a source fares."""
        values = {field.name: getattr(state, field.name) for field in fields(SourceState)}
        with self._database.write() as connection:
            change = insert_into(connection, source_states).values(source=source, **values)
            connection.execute(change.on_conflict_do_update(index_elements=["source"], set_=values))

    def all(self) -> Mapping[str, SourceState]:
        """What was said last of each source."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(source_states)).all()
        return {row.source: SourceState(row.state, row.detail, row.lag, row.at) for row in rows}


def _file(row: sa.Row[tuple[object, ...]]) -> KnownFile:
    values = {field.name: getattr(row, field.name) for field in fields(KnownFile)}
    return KnownFile(**{**values, "state": FileState(row.state)})
