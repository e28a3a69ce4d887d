"""The windows of a range, whatever their number."""

from __future__ import annotations

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.server.views.asked import Range

__all__ = ["stored_windows"]

_PAGE = 1_000


def stored_windows(catalog: Catalog, model: str, asked: Range) -> list[StoredWindow]:
    """The windows that start in the range, oldest first."""
    found: list[StoredWindow] = []
    cursor = None
    while True:
        page = catalog.windows.page(
            model, start=asked.start, end=asked.end, cursor=cursor, limit=_PAGE
        )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    first = asked.start
    return [item for item in reversed(found) if first is None or item.window.start >= first]
