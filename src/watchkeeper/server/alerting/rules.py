"""What people laid down about telling: read from the catalog, each text understood once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from watchkeeper.alerts.deciding import Rules
from watchkeeper.alerts.escalating import PERSON
from watchkeeper.alerts.routing import Routing
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.documents import Documents
from watchkeeper.definitions.document import Definition, Monitor, load_text
from watchkeeper.domain.hours import TimeInterval
from watchkeeper.domain.rota import Escalation, Rota
from watchkeeper.domain.route import AlertRoute, Grouping, InhibitRule, Match, SinkSpec
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidDefinition, NotFound

__all__ = ["DEFAULT_ROUTES", "Rulebook", "defined"]

_Kind = TypeVar("_Kind", AlertRoute, InhibitRule, TimeInterval, Rota, Escalation)
_AT_ONCE = Grouping(wait=timedelta(), interval=timedelta(), repeat=timedelta())
# Where nobody said whom to tell, incidents are told in the server's log, at once and once.
DEFAULT_ROUTES = (
    AlertRoute("log", (SinkSpec("log"),), Match(severity=Severity.INFO), grouping=_AT_ONCE),
)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules as they are stored now."""

    catalog: Catalog

    def at(self, now: datetime) -> Rules:
        """All of them; silences that ended before ``now`` are left out."""
        catalog = self.catalog
        return Rules(
            routes=self.routes(),
            silences=catalog.silences.ending_after(now),
            inhibitions=tuple(_all(catalog.inhibitions, InhibitRule)),
            intervals={each.name: each for each in _all(catalog.intervals, TimeInterval)},
            rotas=self.rotas(),
            escalations={each.name: each for each in _all(catalog.escalations, Escalation)},
        )

    def routes(self) -> tuple[AlertRoute, ...]:
        """The routes of all documents; the log's where there is none."""
        return tuple(_all(self.catalog.routes, AlertRoute)) or DEFAULT_ROUTES

    def rotas(self) -> dict[str, Rota]:
        """Every rota, by its name."""
        return {each.name: each for each in _all(self.catalog.rotas, Rota)}

    def sinks_of(self, receiver: str) -> tuple[SinkSpec, ...]:
        """How a receiver is told: a route by its path, or a person of a rota.

        Raises
        ------
        NotFound
            Nobody knows it any more.
        """
        if receiver.startswith(PERSON):
            name, _, person = receiver.removeprefix(PERSON).partition("/")
            rota = self.rotas().get(name)
            found = None if rota is None else rota.people.get(person)
        else:
            leaf = Routing.of(self.routes()).find(receiver)
            found = None if leaf is None else leaf.sinks
        if not found:
            raise NotFound(f"there is no receiver {receiver!r} any more")
        return found

    def sink(self, receiver: str, place: int) -> SinkSpec:
        """One of them; NotFound where there is none any more."""
        sinks = self.sinks_of(receiver)
        if place >= len(sinks):
            raise NotFound(f"there is no sink {place} of {receiver!r} any more")
        return sinks[place]


@lru_cache(maxsize=4_096)
def defined(text: str) -> Definition:
    """The definition that a stored text holds."""
    (found,) = load_text(text)
    if isinstance(found, Monitor):
        raise InvalidDefinition(f"a monitor is stored within its model, got {found.name!r}")
    return found


def _all(documents: Documents, kind: type[_Kind]) -> list[_Kind]:
    found = (defined(document.text) for document in documents.all())
    return [each for each in found if isinstance(each, kind)]
