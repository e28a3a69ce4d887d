"""Alert routes: which incidents go to whom."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Delivery, Sink
from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.definitions.document import (
    document_from_dict,
    document_to_dict,
    dump_document,
    load_text,
)
from watchkeeper.definitions.plan import plan
from watchkeeper.domain.alert import AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.route import AlertRoute
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidDefinition, NotFound, WatchkeeperError
from watchkeeper.server.wire.models import ChangeWire
from watchkeeper.server.wire.routes import RouteApplied, RouteWire, SinkOutcome

__all__ = ["RouteView"]


@dataclass(frozen=True, slots=True)
class RouteView:
    """Reads and applies routes."""

    documents: Documents
    sink: Callable[[str, int], Sink]
    now: Callable[[], datetime]

    def all(self) -> list[RouteWire]:
        """Every route, in the order of their names."""
        return [_wire(item) for item in self.documents.all()]

    def get(self, name: str) -> RouteWire:
        """One route; NotFound where there is none."""
        return _wire(self.documents.get(name))

    def test(self, name: str) -> list[SinkOutcome]:
        """Send a test notice through every sink, whatever becomes of the others."""
        route, now = _route(self.documents.get(name)), self.now()
        return [self._try(name, place, spec.type, now) for place, spec in enumerate(route.sinks)]

    def _try(self, name: str, place: int, kind: str, now: datetime) -> SinkOutcome:
        notice, target = _test_notice(name, place, now), ""
        answer: str | None = None
        problem: str | None = None
        try:
            sink = self.sink(name, place)
            target = sink.target
            answer = sink.send(Delivery(notice, compose(notice))).answer
        except WatchkeeperError as error:
            problem = str(error)
        return SinkOutcome(sink=place, type=kind, target=target, answer=answer, problem=problem)

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, only_plan: bool
    ) -> RouteApplied:
        """Apply a route, or only say what that would change."""
        wanted = document_from_dict(document)
        if not isinstance(wanted, AlertRoute) or wanted.name != name:
            raise InvalidDefinition(
                f"the document must be of kind AlertRoute and named {name!r}, "
                f"got {document.get('kind')!r} named {document.get('name')!r}"
            )
        held = self._held(name)
        found = plan(None if held is None else _route(held), wanted)
        if not only_plan:
            self.documents.put(
                name,
                dump_document(wanted),
                by=by,
                now=self.now(),
                expected=0 if held is None else held.revision,
            )
        return RouteApplied(
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
            return self.documents.get(name)
        except NotFound:
            return None


def _wire(item: Document) -> RouteWire:
    return RouteWire(
        name=item.name, definition=document_to_dict(_route(item)), updated_at=item.created_at
    )


def _test_notice(route: str, place: int, now: datetime) -> Notice:
    incident = Incident(
        id=f"test-{uuid.uuid4().hex[:12]}",
        model="test",
        state=AlertState.OPEN,
        severity=Severity.INFO,
        title="a test of this route: nothing is wrong",
        cause="somebody asked for a test",
        opened_at=now,
        updated_at=now,
    )
    return Notice(
        key=incident.id,
        kind=NoticeKind.TEST,
        route=route,
        sink=place,
        incident=incident,
        alerts=(),
        created_at=now,
    )


def _route(document: Document) -> AlertRoute:
    (found,) = load_text(document.text)
    if not isinstance(found, AlertRoute):
        raise InvalidDefinition(f"the stored document {document.name!r} is no AlertRoute")
    return found
