"""Sources: where rows are fetched from, how they fare, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.documents import Document
from watchkeeper.catalog.source_files import SourceState
from watchkeeper.catalog.source_ledger import SourceCounts, SourceTotals
from watchkeeper.definitions.document import (
    document_from_dict,
    document_to_dict,
    dump_document,
    load_text,
)
from watchkeeper.definitions.plan import plan
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidDefinition, NotFound
from watchkeeper.server.events import event_source
from watchkeeper.server.models import Models
from watchkeeper.server.sources import Sources
from watchkeeper.server.wire.models import ChangeWire
from watchkeeper.server.wire.sources import (
    SourceApplied,
    SourceCountsWire,
    SourceFileWire,
    SourceWire,
)

__all__ = ["SourceView"]


@dataclass(frozen=True, slots=True)
class SourceView:
    """Reads and applies sources."""

    catalog: Catalog
    models: Models
    sources: Sources
    now: Callable[[], datetime]

    def all(self) -> list[SourceWire]:
        """Every source, in the order of their names; also the models' own of which events came."""
        states, totals = self.catalog.source_states.all(), self.catalog.ledger.totals()
        waiting = self.catalog.halves.by_source()
        found = {item.name: (_source(item), item.created_at) for item in self.catalog.sources.all()}
        for name, total in totals.items():
            own = event_source(name, self.sources)
            if name not in found and own is not None:
                found[name] = (own, total.last_at)
        return [
            _wire(
                *found[name],
                _state(found[name][0], states.get(name), waiting, self.now()),
                totals.get(name),
            )
            for name in sorted(found)
        ]

    def get(self, name: str) -> SourceWire:
        """One source; NotFound where there is none."""
        for found in self.all():
            if found.name == name:
                return found
        raise NotFound(f"there is no source named {name!r}: `watchkeeper apply -f FILE` makes one")

    def files(self, name: str, *, limit: int) -> list[SourceFileWire]:
        """The files that a source looked into last, the newest first."""
        self.get(name)
        return [
            SourceFileWire(
                path=file.path,
                size=file.size,
                state=file.state.value,
                rows=file.rows,
                detail=file.detail,
                at=file.at,
            )
            for file in self.catalog.source_files.latest(name, limit=limit)
        ]

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, only_plan: bool
    ) -> SourceApplied:
        """Apply a source, or only say what that would change."""
        wanted = document_from_dict(document)
        if not isinstance(wanted, Source) or wanted.name != name:
            raise InvalidDefinition(
                f"the document must be of kind Source and named {name!r}, "
                f"got {document.get('kind')!r} named {document.get('name')!r}"
            )
        self.models.get(wanted.model)
        held = self._held(name)
        found = plan(None if held is None else _source(held), wanted)
        if not only_plan:
            self.catalog.sources.put(
                name,
                dump_document(wanted),
                by=by,
                now=self.now(),
                expected=0 if held is None else held.revision,
            )
        return SourceApplied(
            name=name,
            created=held is None and not only_plan,
            applied=found.needed and not only_plan,
            changes=[
                ChangeWire(path=item.path, before=item.old, after=item.new, effect=item.effect)
                for item in found.changes
            ],
        )

    def _held(self, name: str) -> Document | None:
        try:
            return self.catalog.sources.get(name)
        except NotFound:
            return None


def _state(
    source: Source, said: SourceState | None, waiting: Mapping[str, int], now: datetime
) -> SourceState | None:
    """What its worker said; of payload logs, how many exchanges wait for their other side."""
    if source.type is SourceType.OTLP:
        return SourceState("running", None, None, now)
    if source.type is not SourceType.CLOUD_EVENTS:
        return said
    return SourceState("running", None, waiting.get(source.name, 0), now)


def _wire(
    source: Source,
    since: datetime,
    state: SourceState | None,
    totals: SourceTotals | None,
) -> SourceWire:
    counts = SourceCounts() if totals is None else totals.counts
    return SourceWire(
        name=source.name,
        model=source.model,
        type=source.type.value,
        rows=source.rows.value,
        enabled=source.enabled,
        definition=document_to_dict(source),
        updated_at=since,
        state=None if state is None else state.state,
        detail=None if state is None else state.detail,
        lag=None if state is None else state.lag,
        state_at=None if state is None else state.at,
        counts=SourceCountsWire(**asdict(counts)),
        last_at=None if totals is None else totals.last_at,
    )


def _source(document: Document) -> Source:
    (found,) = load_text(document.text)
    if not isinstance(found, Source):
        raise InvalidDefinition(f"the stored document {document.name!r} is no Source")
    return found
