"""Alert routes: which incidents go to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.definitions.document import (
    document_from_dict,
    document_to_dict,
    dump_document,
    load_text,
)
from watchkeeper.definitions.plan import plan
from watchkeeper.domain.route import AlertRoute
from watchkeeper.errors import InvalidDefinition, NotFound
from watchkeeper.server.wire.models import ChangeWire
from watchkeeper.server.wire.routes import RouteApplied, RouteWire

__all__ = ["RouteView"]


@dataclass(frozen=True, slots=True)
class RouteView:
    """Reads and applies routes."""

    documents: Documents
    now: Callable[[], datetime]

    def all(self) -> list[RouteWire]:
        """Every route, in the order of their names."""
        return [
            RouteWire(
                name=item.name,
                definition=document_to_dict(_route(item)),
                updated_at=item.created_at,
            )
            for item in self.documents.all()
        ]

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


def _route(document: Document) -> AlertRoute:
    (found,) = load_text(document.text)
    if not isinstance(found, AlertRoute):
        raise InvalidDefinition(f"the stored document {document.name!r} is no AlertRoute")
    return found
