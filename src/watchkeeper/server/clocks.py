"""What time it is for each model.

The wall's time, unless its rows were sent as a backfill, that is with a stated ``known_at``: then
the latest of these. Which of the two holds is a fact of the catalog, so that every process and
every restart agree; the next batch that is sent without ``known_at`` returns to the wall.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from watchkeeper.catalog.documents import Documents
from watchkeeper.catalog.windows import Windows
from watchkeeper.errors import NotFound

__all__ = ["Clocks"]

_WALL, _DATA = "wall", "data"
# A batch is stamped before it is committed; within this time every stamped batch can be seen.
_COMMIT_SLACK = timedelta(seconds=2)
# Another process may have said otherwise meanwhile.
_SAY_AGAIN = timedelta(minutes=1)


class Clocks:
    """The clocks of all models."""

    def __init__(
        self, documents: Documents, windows: Windows, *, wall: Callable[[], datetime]
    ) -> None:
        self._documents = documents
        self._windows = windows
        self._wall = wall
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, datetime]] = {}

    def driven_by_data(self, model: str, *, data: bool, by: str) -> None:
        """Say which clock the model's latest batch goes by."""
        wanted, now = _DATA if data else _WALL, self._wall()
        with self._lock:
            said, at = self._known.get(model, ("", now))
            if said != wanted or now - at > _SAY_AGAIN:
                if self._said(model) != wanted:
                    self._documents.put(model, wanted, by=by, now=now)
                self._known[model] = (wanted, now)

    def _said(self, model: str) -> str | None:
        try:
            return self._documents.get(model).text
        except NotFound:
            return None

    def now(self) -> Mapping[str, datetime]:
        """Each model's time; a model that is not named goes by `wall`."""
        by_data = {item.name for item in self._documents.all() if item.text == _DATA}
        latest = self._windows.clocks()
        return {name: latest[name] for name in by_data if name in latest}

    def wall(self) -> datetime:
        """The wall's time, less what a commit may take."""
        return self._wall() - _COMMIT_SLACK
