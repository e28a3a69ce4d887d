"""Definitions that are documents and nothing else: read, planned, applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.definitions.document import (
    document_from_dict,
    document_to_dict,
    dump_document,
    kind_of,
)
from watchkeeper.definitions.plan import plan
from watchkeeper.errors import InvalidDefinition, NotFound
from watchkeeper.server.alerting.rules import defined
from watchkeeper.server.wire.models import ChangeWire
from watchkeeper.server.wire.routes import RouteApplied, RouteWire

__all__ = ["DefinitionView"]


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """The definitions of one kind."""

    kind: str
    documents: Documents
    now: Callable[[], datetime]

    def all(self) -> list[RouteWire]:
        """Every one, in the order of their names."""
        return [_wire(item) for item in self.documents.all()]

    def get(self, name: str) -> RouteWire:
        """One; NotFound where there is none."""
        return _wire(self.documents.get(name))

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, only_plan: bool
    ) -> RouteApplied:
        """Store it, or only say what that would change."""
        wanted = document_from_dict(document)
        if kind_of(wanted) != self.kind or wanted.name != name:
            raise InvalidDefinition(
                f"the document must be of kind {self.kind} and named {name!r}, "
                f"got {document.get('kind')!r} named {document.get('name')!r}"
            )
        held = self._held(name)
        text = dump_document(wanted)
        found = plan(None if held is None else defined(held.text), defined(text))
        if not only_plan:
            expected = 0 if held is None else held.revision
            self.documents.put(name, text, by=by, now=self.now(), expected=expected)
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
        name=item.name,
        definition=document_to_dict(defined(item.text)),
        updated_at=item.created_at,
    )
