"""The sources that are defined, read from the catalog and kept parsed while they stay."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.definitions.document import load_text
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidDefinition

__all__ = ["DefinedSource", "Sources"]


@dataclass(frozen=True, slots=True)
class DefinedSource:
    """A source and the revision of its definition."""

    source: Source
    revision: int


class Sources:
    """The sources of an installation. Safe to use from many threads."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._parsed: dict[str, tuple[str, DefinedSource]] = {}

    def all(self) -> tuple[DefinedSource, ...]:
        """Every source, in the order of their names."""
        return tuple(self._read(document) for document in self._documents.all())

    def of_type(self, kind: SourceType) -> tuple[Source, ...]:
        """The enabled sources of a type, in the order of their names."""
        found = (defined.source for defined in self.all())
        return tuple(source for source in found if source.type is kind and source.enabled)

    def _read(self, document: Document) -> DefinedSource:
        with self._lock:
            held = self._parsed.get(document.name)
            if held is None or held[0] != document.hash:
                found = DefinedSource(_source(document), document.revision)
                held = self._parsed[document.name] = (document.hash, found)
        return held[1]


def _source(document: Document) -> Source:
    (found,) = load_text(document.text)
    if not isinstance(found, Source):
        raise InvalidDefinition(f"the stored document {document.name!r} is no Source")
    return found
