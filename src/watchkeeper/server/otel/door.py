"""OTLP at the door: which sources each item is of, and their rows made durable.

What is of no source is ignored: whoever sends all of a cluster's traces means no harm. What is of
one and cannot be a row is in quarantine with the reason, and told as rejected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watchkeeper.catalog.source_ledger import SourceCounts
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.ingest.pull.door import Door
from watchkeeper.interop.otel.receive.item import Item
from watchkeeper.interop.otel.receive.rows import row_of, takes
from watchkeeper.interop.otel.target import Signal
from watchkeeper.interop.otel.transport import require_library
from watchkeeper.server.models import Models
from watchkeeper.server.otel.sources import own_otlp
from watchkeeper.server.sources import Sources

__all__ = ["OtlpDoor", "OtlpTaken"]

_ROWS_A_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class OtlpTaken:
    """What became of a request: of ``received`` items ``kept`` are rows now or were before, of no
    source are ``ignored``. ``message`` says why some were ``rejected``.
    """

    received: int = 0
    kept: int = 0
    ignored: int = 0
    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class OtlpDoor:
    """Takes in what model servers tell. ``door`` gives the way of a source's rows, ``told`` hears
    what became of it.
    """

    models: Models
    sources: Sources
    door: Callable[[Source], Door]
    told: Callable[[Signal, OtlpTaken], None] = lambda _signal, _taken: None

    def take(self, signal: Signal, content: bytes, media_type: str) -> OtlpTaken:
        """Make the rows of an encoded request durable.

        The same bytes sent again are the same batch: nothing is taken twice. Raises InvalidInput
        where they cannot be decoded, NotInstalled without the extra, RateLimited and Unavailable
        where the sender must wait.
        """
        require_library()
        from watchkeeper.interop.otel.receive.decode import read_request
        from watchkeeper.interop.otel.receive.items import Unreadable, items_of, size_of

        request = read_request(signal, content, media_type)
        found = list(items_of(signal, request))
        items = [item for item in found if isinstance(item, Item)]
        unreadable = [item for item in found if isinstance(item, Unreadable)]
        name = f"otlp-{hashlib.sha256(content).hexdigest()[:32]}"
        by_source = self._by_source(signal, items)
        refused, unread, why = 0, 0, ""
        for source, some in by_source.values():
            rows, detail = self._keep(source, some, name)
            refused += rows
            why = why or detail
        if unreadable and self._wants(signal):
            unread = sum(item.number for item in unreadable)
            why = why or unreadable[0].why
        of_some = len({id(item) for _, some in by_source.values() for item in some})
        taken = OtlpTaken(
            received=size_of(signal, request),
            kept=max(0, of_some - refused),
            ignored=len(items) - of_some,
            rejected=refused + unread,
            message=why,
        )
        self.told(signal, taken)
        return taken

    def _keep(self, source: Source, items: Sequence[Item], name: str) -> tuple[int, str]:
        """Keep the rows of one source; how many were rejected, and why the first was."""
        door = self.door(source)
        model = door.model()
        rejected, why = 0, ""
        for start in range(0, len(items), _ROWS_A_BATCH):
            some = items[start : start + _ROWS_A_BATCH]
            rows = [row_of(item, source, model) for item in some]
            receipt = door.take(rows, batch=f"{name}-{start}", seen=SourceCounts(events=len(some)))
            rejected += receipt.rejected
            if receipt.rejections and not why:
                first = receipt.rejections[0]
                why = f"{model.name}: {first.reason}: {first.detail}"
        return rejected, why

    def _by_source(
        self, signal: Signal, items: Sequence[Item]
    ) -> Mapping[str, tuple[Source, list[Item]]]:
        known = self._defined(signal)
        models = {defined.model.name for defined in self.models.all()}
        told = {source.model for source in known}
        found: dict[str, tuple[Source, list[Item]]] = {}
        for item in items:
            wanted = [source for source in known if takes(source, item)]
            served = "" if item.served is None else item.served.model
            if not wanted and signal is Signal.TRACES and served in models - told:
                wanted = [own_otlp(served)]
            for source in wanted:
                found.setdefault(source.name, (source, []))[1].append(item)
        return found

    def _wants(self, signal: Signal) -> bool:
        """Whether anybody makes rows of that signal."""
        return bool(self._defined(signal))

    def _defined(self, signal: Signal) -> list[Source]:
        return [
            source
            for source in self.sources.of_type(SourceType.OTLP)
            if source.text("signal", Signal.TRACES) == signal
        ]
