"""What a profile says of its table's columns: how they are stored, and which were there at all.

Rows are stored in the types of the definition, so a window's table always has every column. What
the rows really brought is told by the notes that ingest took.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from watchkeeper.catalog.windows import ColumnNote
from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.lake.schemas import storage_type

__all__ = ["present_columns", "with_stored_schema"]


def with_stored_schema(
    profile: WindowProfile, model: Model, *, present: Collection[str], extra: Collection[str] = ()
) -> WindowProfile:
    """The profile with the storage types of the columns that are ``present``, and ``extra`` ones
    that the definition does not know.
    """
    stored = {
        column.name: str(storage_type(column)) for column in model.columns if column.name in present
    }
    return replace(profile, schema={**stored, **dict.fromkeys(extra, "unknown")})


def present_columns(
    model: Model, notes: Sequence[ColumnNote], *, rows: int
) -> tuple[set[str], set[str]]:
    """The columns that a window's rows brought, and those beyond the definition.

    A column is absent where no row had it. The label comes later, and the time may be the time of
    receipt, so neither is ever missed.
    """
    absent = {note.column for note in notes if note.note == "missing" and note.rows >= rows > 0}
    never_missed = {column.name for column in model.with_role(Role.LABEL, Role.TIME)}
    present = {column.name for column in model.columns} - (absent - never_missed)
    return present, {note.column for note in notes if note.note == "unknown"}
