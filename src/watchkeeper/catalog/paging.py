"""Pages: a bounded list and where the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from watchkeeper.errors import InvalidInput

__all__ = ["Page", "page_of", "read_cursor"]

_Item = TypeVar("_Item")
_MOST = 1_000
_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[_Item]):
    """Some items; ``next_cursor`` is None on the last page."""

    items: tuple[_Item, ...]
    next_cursor: str | None = None


def read_cursor(cursor: str | None, width: int) -> _Place | None:
    """The place that a cursor stands for; InvalidInput where it is none of ours."""
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        place = None
    if not isinstance(place, list) or len(place) != width:
        raise InvalidInput(
            f"cursor must be one that a page gave, got {cursor[:40]!r}: leave it out"
        )
    return tuple(place)


def page_of(
    rows: Sequence[sa.Row[tuple[object, ...]]],
    limit: int,
    *,
    build: Callable[[sa.Row[tuple[object, ...]]], _Item],
    place: Callable[[sa.Row[tuple[object, ...]]], _Place],
) -> Page[_Item]:
    """A page from ``limit + 1`` rows: the extra one says that there is a next page."""
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"limit must lie between 1 and {_MOST}, got {limit}")
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(tuple(build(row) for row in shown), _cursor(place(shown[-1])) if more else None)


def _cursor(place: _Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
