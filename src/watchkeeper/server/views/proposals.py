"""What rows hold beyond a model's definition, and the definition that would know it.

New columns are kept beside the rows. Here their values are looked at, and a definition with them is
proposed; nothing changes until somebody applies it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.definitions.document import model_to_dict
from watchkeeper.definitions.infer import infer
from watchkeeper.domain.model import Column, Role
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.schemas import EXTRA
from watchkeeper.server.models import Models
from watchkeeper.server.wire.models import NewColumn, Proposal

__all__ = ["ProposalView"]

_REACH = timedelta(days=7)
_MOST_ROWS = 20_000
_MOST_WINDOWS = 1_000
_KEPT_ROLES = {Role.FEATURE, Role.SEGMENT, Role.ENTITY, Role.CONTEXT}


@dataclass(frozen=True, slots=True)
class ProposalView:
    """Looks at the last week of a model's windows."""

    models: Models
    catalog: Catalog
    lake: Lake

    def propose(self, name: str) -> Proposal:
        """The columns that rows hold beyond the definition, and the definition with them."""
        model = self.models.get(name).model
        rows = self._beyond(name)
        counts = Counter(column for row in rows for column in row)
        known = {column.name for column in model.columns}
        columns = [c for c in _inferred(rows) if c.name in counts and c.name not in known]
        wanted = replace(model, columns=(*model.columns, *columns))
        return Proposal(
            columns=[
                NewColumn(name=c.name, type=str(c.type), role=str(c.role), rows=counts[c.name])
                for c in columns
            ],
            looked_at=len(rows),
            definition=model_to_dict(wanted),
        )

    def _beyond(self, name: str) -> list[dict[str, object]]:
        """What the latest rows hold beyond the definition of their time, newest window first."""
        found: list[dict[str, object]] = []
        for window in self._windows(name):
            rows = self.lake.rows(
                name, LakeTable.PREDICTIONS, start=window.start, end=window.end, columns=[EXTRA]
            )
            if EXTRA in rows.column_names:
                texts = rows.column(EXTRA).drop_null().to_pylist()
                found += map(json.loads, texts[: _MOST_ROWS - len(found)])
            if len(found) >= _MOST_ROWS:
                break
        return found

    def _windows(self, name: str) -> list[Window]:
        page = self.catalog.windows.page(name, limit=_MOST_WINDOWS).items
        if not page:
            return []
        end = page[0].window.end
        notes = self.catalog.windows.notes(name, start=end - _REACH, end=end)
        noted = {note.start for note in notes if note.note == "unknown"}
        return [stored.window for stored in page if stored.window.start in noted]


def _inferred(rows: list[dict[str, object]]) -> list[Column]:
    """A column for each name, of the type that its values have."""
    names = sorted(set().union(*rows)) if rows else []
    if not names:
        return []
    table = pa.table({name: _array([row.get(name) for row in rows]) for name in names})
    return [
        column if column.role in _KEPT_ROLES else replace(column, role=Role.FEATURE, score_of=None)
        for column in infer(table).model.columns
    ]


def _array(values: list[object]) -> pa.Array:
    """The values as they are where they are of one kind, else as text."""
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])
