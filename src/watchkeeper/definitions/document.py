"""Documents: the YAML (or JSON) of models, monitors, alert routes and sources, and their values.

A document starts with its kind and the version of its form::

    kind: Model
    apiVersion: watchkeeper/v1
    name: flights
    task: binary
    positive_class: "1"
    columns:
      distance: numeric
      carrier: categorical
      p_late: {type: numeric, role: score}
      late: {type: categorical, role: label}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.hours_form import form_of_interval, read_interval
from watchkeeper.definitions.model_form import (
    MONITOR_KEYS,
    form_of_model,
    form_of_monitor,
    read_model,
    read_monitor_spec,
)
from watchkeeper.definitions.names import read_name
from watchkeeper.definitions.rota_form import (
    form_of_escalation,
    form_of_rota,
    read_escalation,
    read_rota,
)
from watchkeeper.definitions.route_form import (
    form_of_inhibit_rule,
    form_of_route,
    read_inhibit_rule,
    read_route,
)
from watchkeeper.definitions.silence_form import form_of_silence, read_silence
from watchkeeper.definitions.source_form import form_of_source, read_source
from watchkeeper.definitions.yaml_text import Source as Text
from watchkeeper.definitions.yaml_text import dump_yaml, load_yaml
from watchkeeper.domain.hours import TimeInterval
from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.rota import Escalation, Rota
from watchkeeper.domain.route import AlertRoute, InhibitRule
from watchkeeper.domain.silence import Silence
from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidDefinition, NotFound

__all__ = [
    "API_VERSION",
    "Definition",
    "Document",
    "Monitor",
    "document_from_dict",
    "document_to_dict",
    "dump_document",
    "dump_model",
    "kind_of",
    "load_documents",
    "load_files",
    "load_model",
    "load_text",
    "model_from_dict",
    "model_to_dict",
]

API_VERSION = "watchkeeper/v1"
_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor in a document of its own: it joins the monitors of ``model``, by its name."""

    model: str
    spec: MonitorSpec

    @property
    def name(self) -> str:
        """The monitor's name."""
        return self.spec.name


Definition = Model | AlertRoute | InhibitRule | TimeInterval | Rota | Escalation | Silence | Source
"""What is stored under a name of its own."""
Document = Definition | Monitor


def load_model(text: str) -> Model:
    """The model of a YAML text that holds one document of kind ``Model``.

    Raises
    ------
    InvalidDefinition
        With the path, what must hold there and what was got.
    """
    documents = load_text(text)
    if len(documents) != 1 or not isinstance(documents[0], Model):
        raise InvalidDefinition(
            f"the text must hold one document of kind Model, got {_kinds_of(documents)}"
        )
    return documents[0]


def dump_model(model: Model) -> str:
    """The YAML of a model, short: what equals its default is left out."""
    return dump_document(model)


def load_text(text: str | bytes, *, name: str = "") -> tuple[Document, ...]:
    """Every document of a YAML text, in order; ``name`` is that of the file, for the messages."""
    return tuple(_read(Field(value, (), source)) for value, source in load_yaml(text, name=name))


def load_documents(path: str | Path) -> tuple[Document, ...]:
    """Every document of a file, or of the ``.yaml``, ``.yml`` and ``.json`` files below a folder.

    Files are read in the order of their names; hidden ones are left out.

    Raises
    ------
    NotFound
        There is no such path, or no definition in it.
    InvalidDefinition
        A document is wrong (the message names file, line and path), or two have one name.
    """
    return tuple(document for document, _ in load_files(path))


def load_files(path: str | Path) -> tuple[tuple[Document, Path], ...]:
    """As `load_documents`, each document with the file that it stands in."""
    path = Path(path)
    if not path.exists():
        raise NotFound(f"a file or folder of definitions must exist, got {str(path)!r}")
    files = _files(path)
    found: dict[tuple[str, str], tuple[Document, Path]] = {}
    for file in files:
        for document in load_text(_content(file), name=str(file)):
            key = (kind_of(document), _full_name(document))
            if key in found:
                raise InvalidDefinition(
                    f"{key[0]} {key[1]!r} must be defined once, got it in {found[key][1]} and {file}"
                )
            found[key] = (document, file)
    if not found:
        raise NotFound(f"{str(path)!r} must hold definitions ({', '.join(_SUFFIXES)}), got none")
    return tuple(found.values())


def dump_document(document: Document) -> str:
    """The YAML of any document."""
    return dump_yaml(document_to_dict(document))


def document_to_dict(document: Document) -> dict[str, object]:
    """The document as plain values, ready for JSON."""
    if isinstance(document, Model):
        return form_of_model(document)
    if not isinstance(document, Monitor):
        return _FORMS[type(document)](document)
    head: dict[str, object] = {
        "kind": "Monitor",
        "apiVersion": API_VERSION,
        "model": document.model,
    }
    return {**head, **form_of_monitor(document.spec)}


def document_from_dict(data: Mapping[str, object]) -> Document:
    """The value of a document that was read from JSON.

    Raises
    ------
    InvalidDefinition
        With the path, what must hold there and what was got.
    """
    return _read(Field(dict(data) if isinstance(data, Mapping) else data, (), Text()))


def model_to_dict(model: Model) -> dict[str, object]:
    """The document of a model as plain values, ready for JSON."""
    return form_of_model(model)


def model_from_dict(data: Mapping[str, object]) -> Model:
    """The model of a document that was read from JSON."""
    document = document_from_dict(data)
    if not isinstance(document, Model):
        raise InvalidDefinition(f"kind must be 'Model', got {kind_of(document)!r}")
    return document


def kind_of(document: Document) -> str:
    """Its kind, as it stands in the document: ``Model``, ``Monitor``, ``AlertRoute`` and so on."""
    return type(document).__name__


def _read(document: Field) -> Document:
    members = document.members()
    kind = members.get("kind", document.child("kind", None))
    if not isinstance(kind.value, str) or kind.value not in _READERS:
        raise kind.must_be(f"one of {', '.join(_READERS)}")
    version = members.get("apiVersion", document.child("apiVersion", None))
    if version.value != API_VERSION:
        raise version.must_be(repr(API_VERSION))
    return _READERS[kind.value](document)


def _read_monitor(document: Field) -> Monitor:
    fields = document.mapping(
        ("kind", "apiVersion", "model", *MONITOR_KEYS), required=("model", "name", "type")
    )
    return Monitor(read_name(fields["model"]), read_monitor_spec(fields))


# The literal tables of kinds: how each is read, and how it is written.
_READERS: Mapping[str, Callable[[Field], Document]] = {
    "Model": read_model,
    "Monitor": _read_monitor,
    "AlertRoute": read_route,
    "InhibitRule": read_inhibit_rule,
    "TimeInterval": read_interval,
    "Rota": read_rota,
    "Escalation": read_escalation,
    "Silence": read_silence,
    "Source": read_source,
}
_FORMS: Mapping[type, Callable[..., dict[str, object]]] = {
    AlertRoute: form_of_route,
    InhibitRule: form_of_inhibit_rule,
    TimeInterval: form_of_interval,
    Rota: form_of_rota,
    Escalation: form_of_escalation,
    Silence: form_of_silence,
    Source: form_of_source,
}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    inside = (file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    files = sorted(
        file
        for file in inside
        if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if len(files) > _MOST_FILES:
        raise InvalidDefinition(
            f"{str(path)!r} must hold at most {_MOST_FILES:,} definition files, got {len(files):,}"
        )
    return files


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidDefinition(
            f"{file}: a definition must be readable: {error.strerror}"
        ) from error


def _full_name(document: Document) -> str:
    return f"{document.model}/{document.name}" if isinstance(document, Monitor) else document.name


def _kinds_of(documents: tuple[Document, ...]) -> str:
    return ", ".join(map(kind_of, documents)) or "nothing"
