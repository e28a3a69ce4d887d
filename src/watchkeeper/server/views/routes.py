"""Alert routes: which incidents go to whom."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Delivery, Sink
from watchkeeper.catalog.documents import Document
from watchkeeper.domain.alert import AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.route import AlertRoute, SinkSpec
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidDefinition, WatchkeeperError
from watchkeeper.server.alerting.rules import defined
from watchkeeper.server.views.definitions import DefinitionView
from watchkeeper.server.wire.routes import RouteApplied, RouteWire, SinkOutcome

__all__ = ["RouteView"]


@dataclass(frozen=True, slots=True)
class RouteView:
    """Reads and applies routes."""

    definitions: DefinitionView
    sink: Callable[[str, int], Sink]
    now: Callable[[], datetime]

    def all(self) -> list[RouteWire]:
        """Every route, in the order of their names."""
        return self.definitions.all()

    def get(self, name: str) -> RouteWire:
        """One route; NotFound where there is none."""
        return self.definitions.get(name)

    def test(self, name: str) -> list[SinkOutcome]:
        """Send a test notice through every sink, whatever becomes of the others."""
        tree, now = _route(self.definitions.documents.get(name)), self.now()
        return [
            self._try(path, place, spec.type, now)
            for path, sinks in _told(tree)
            for place, spec in enumerate(sinks)
        ]

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
        return SinkOutcome(
            route=name, sink=place, type=kind, target=target, answer=answer, problem=problem
        )

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, only_plan: bool
    ) -> RouteApplied:
        """Apply a route, or only say what that would change."""
        return self.definitions.apply(name, document, by=by, only_plan=only_plan)


def _told(route: AlertRoute, path: str = "") -> Iterator[tuple[str, tuple[SinkSpec, ...]]]:
    """The paths of the route and of those below it that have sinks of their own."""
    path = f"{path}/{route.name}" if path else route.name
    if route.sinks:
        yield path, route.sinks
    for child in route.routes:
        yield from _told(child, path)


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
    found = defined(document.text)
    if not isinstance(found, AlertRoute):
        raise InvalidDefinition(f"the stored document {document.name!r} is no AlertRoute")
    return found
