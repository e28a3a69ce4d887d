"""Applying documents: store what differs, and nothing else; doing it again does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from watchkeeper.definitions.document import (
    Definition,
    Document,
    Monitor,
    document_from_dict,
    document_to_dict,
    kind_of,
)
from watchkeeper.definitions.plan import Plan, plan
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import DefinitionStore
from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidDefinition

__all__ = ["apply_documents", "plan_documents", "with_monitor"]


def plan_documents(documents: Sequence[Document], store: DefinitionStore) -> tuple[Plan, ...]:
    """What applying the documents would change, in their order; nothing is stored."""
    return tuple(found for found, _ in _planned(documents, store))


def apply_documents(documents: Sequence[Document], store: DefinitionStore) -> tuple[Plan, ...]:
    """Store every document that differs from what is stored.

    Parameters
    ----------
    documents
        Of every kind. A monitor joins its model: the one among the documents, else the stored one;
        there it takes the place of a monitor of the same name.
    store
        Where definitions are kept.

    Returns
    -------
    tuple of Plan
        What was changed; nothing of it is left to change.

    Raises
    ------
    InvalidDefinition
        A monitor or a source names a model that is neither among the documents nor stored. All documents are
        looked at before the first one is stored.
    """
    planned = _planned(documents, store)
    for found, wanted in planned:
        if found.needed:
            store.put(kind_of(wanted), wanted.name, document_to_dict(wanted))
    return tuple(found for found, _ in planned)


def _planned(
    documents: Sequence[Document], store: DefinitionStore
) -> list[tuple[Plan, Definition]]:
    models = {document.name: document for document in documents if isinstance(document, Model)}
    for document in documents:
        if isinstance(document, Monitor):
            model = models.get(document.model) or _stored_model(document.model, store)
            models[document.model] = with_monitor(model, document)
    others = [each for each in documents if not isinstance(each, Model | Monitor)]
    for source in others:
        if isinstance(source, Source) and source.model not in models:
            _stored_model(source.model, store, of="source")
    wanted: list[Definition] = [*models.values(), *others]
    return [(plan(_stored(each, store), each), each) for each in wanted]


def with_monitor(model: Model, monitor: Monitor) -> Model:
    """The model with a monitor that stands in a document of its own, in the place of the one of the
    same name; InvalidDefinition where it looks at columns that the model has not.
    """
    known = {column.name for column in model.columns}
    missing = [name for name in monitor.spec.columns if name not in known]
    if missing:
        raise InvalidDefinition(
            f"monitor {monitor.name!r} must look at columns of model {model.name!r}, got {missing}"
        )
    others = [spec for spec in model.monitors if spec.name != monitor.name]
    place = next((i for i, spec in enumerate(model.monitors) if spec.name == monitor.name), None)
    others.insert(len(others) if place is None else place, monitor.spec)
    return replace(model, monitors=tuple(others))


def _stored_model(name: str, store: DefinitionStore, *, of: str = "monitor") -> Model:
    found = store.get("Model", name)
    model = None if found is None else document_from_dict(found)
    if not isinstance(model, Model):
        raise InvalidDefinition(
            f"a {of} must name a model that is defined, got {name!r}: define it, or correct it"
        )
    return model


def _stored(wanted: Definition, store: DefinitionStore) -> Definition | None:
    found = store.get(kind_of(wanted), wanted.name)
    document = None if found is None else document_from_dict(found)
    return None if isinstance(document, Monitor) else document
