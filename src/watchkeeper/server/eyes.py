"""Looking ahead: while some windows are judged, the next are read and profiled in a thread aside.

Reading and counting are the engines' work, judging is ours: side by side they keep two cores busy.
One thread looks at a time, whoever asks: expressions of the query layer are no matter for two.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from watchkeeper.server.memory import Memory
from watchkeeper.server.schedule import Look
from watchkeeper.server.watching import Seen, Watcher

__all__ = ["Eyes"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Eyes:
    """Looks at windows of one model, of which the first that was ever seen begins at ``begin``."""

    watcher: Watcher
    memory: Memory
    begin: datetime
    _aside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._aside.shutdown(cancel_futures=True)

    def ahead(
        self, groups: Iterable[Sequence[Look]]
    ) -> Iterator[tuple[Sequence[Look], Mapping[Look, Seen]]]:
        """Each group with what was seen of it: nothing where looking at it as a group failed."""
        waiting: tuple[Sequence[Look], Future[list[Seen]]] | None = None
        for group in groups:
            following = group, self._aside.submit(self._see, group)
            if waiting is not None:
                yield waiting[0], self._seen(waiting[1])
            waiting = following
        if waiting is not None:
            yield waiting[0], self._seen(waiting[1])

    def alone(self, look: Look) -> Seen:
        """What is seen of a single window; raises what went wrong."""
        (found,) = self._aside.submit(self._see, [look]).result()
        return found

    def _see(self, looks: Sequence[Look]) -> list[Seen]:
        return self.watcher.see(self.memory, looks, begin=self.begin)

    def _seen(self, looked: Future[list[Seen]]) -> Mapping[Look, Seen]:
        try:
            return {seen.look: seen for seen in looked.result()}
        except Exception:  # noqa: BLE001  which of them it is comes out one by one
            _log.warning("windows are profiled one by one model=%s", self.memory.model.name)
            return {}
