"""Safe YAML: text to plain values and back, with no tags, no anchors and no surprises.

Plain scalars are read by the core schema of YAML 1.2: only ``true`` and ``false`` are booleans,
so that a column named ``no`` or ``on`` stays what it is, and dates stay text. A key is always
text. Refused are tags, anchors (a few lines of them grow to gigabytes), repeated keys, nesting
deeper than 32 and documents over 1 MB.

References
----------
YAML 1.2.2, chapter 10.3, Core Schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from watchkeeper.errors import InvalidDefinition

__all__ = ["MAX_BYTES", "Flow", "Path", "Source", "dump_yaml", "load_yaml"]

MAX_BYTES = 1_000_000
_MAX_DEPTH = 32
_MAX_NUMBER = 400  # characters: no number of a definition needs more

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)\Z",
    re.IGNORECASE,
)

# Line breaks of Unicode and carriage returns.
_FOLDED = re.compile("[\r\x85\u2028\u2029]")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from: the file, and the line (from 1) of each path within it."""

    name: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)


class Flow(dict[str, object]):
    """A mapping that is written on one line: ``{type: numeric, role: score}``."""


def load_yaml(text: str | bytes, *, name: str = "") -> list[tuple[object, Source]]:
    """Read every document of a YAML (or JSON) text.

    Parameters
    ----------
    text
        At most 1 MB; bytes must be UTF-8.
    name
        Of the file, for the messages.

    Returns
    -------
    list
        Of ``(value, source)``, one per document that holds something; the values are made of
        dict, list, str, int, float, bool and None.

    Raises
    ------
    InvalidDefinition
        Where the text is no YAML or uses what is refused here; the message names the line.
    """
    content = _decode(text, name)
    documents: list[tuple[object, Source]] = []
    try:
        events = iter(yaml.parse(content, Loader=_LOADER))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                lines: dict[Path, int] = {}
                value = _Builder(events, lines, name).build(next(events), ())
                if value is not None:
                    documents.append((value, Source(name, lines)))
    except yaml.YAMLError as error:
        raise InvalidDefinition(
            f"{_at(name)}a definition must be YAML: {_first_line(error)}"
        ) from error
    return documents


def dump_yaml(value: object) -> str:
    """Write plain values as YAML in the order they have; :class:`Flow` mappings on one line."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)


def _decode(text: str | bytes, name: str) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        raise InvalidDefinition(
            f"{_at(name)}a definition must be at most {MAX_BYTES:,} bytes, got {size:,}: split it into several files"
        )
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDefinition(f"{_at(name)}a definition must be UTF-8 text: {error}") from error


@dataclass(slots=True)
class _Builder:
    """Builds the value of one document from its parse events."""

    events: Iterator[Any]
    lines: dict[Path, int]
    name: str

    def build(self, event: Any, path: Path) -> object:
        line = event.start_mark.line + 1
        self.lines[path] = line
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self.refuse(line, "anchors and aliases are not taken: write the value out")
        if event.tag is not None and event.tag != "!":
            raise self.refuse(
                line, f"tags are not taken, got {event.tag[:80]!r}: write a plain value"
            )
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, line)
        if len(path) >= _MAX_DEPTH:
            raise self.refuse(line, f"nesting must be at most {_MAX_DEPTH} levels deep")
        return (
            self.mapping(path) if isinstance(event, yaml.MappingStartEvent) else self.sequence(path)
        )

    def scalar(self, event: Any, line: int) -> object:
        if not event.implicit[0]:  # quoted, or a block
            return event.value
        if len(event.value) > _MAX_NUMBER and _FLOAT.match(event.value):
            raise self.refuse(
                line,
                f"a number must have at most {_MAX_NUMBER} characters, got {len(event.value):,}",
            )
        return _resolve(event.value)

    def sequence(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.build(event, (*path, len(values))))
        return values

    def mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None:
                raise self.refuse(line, "a key must be plain text")
            if event.value in values:
                raise self.refuse(
                    line, f"key {event.value[:80]!r} must stand once, got it twice: remove one"
                )
            values[event.value] = self.build(next(self.events), (*path, event.value))
            self.lines[*path, event.value] = line
        return values

    def refuse(self, line: int, message: str) -> InvalidDefinition:
        return InvalidDefinition(f"{_at(self.name)}line {line}: {message}")


def _resolve(text: str) -> object:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text)
    if not _FLOAT.match(text):
        return text
    if text.lower().endswith("nan"):
        return math.nan
    return (
        math.copysign(math.inf, -1 if text[0] == "-" else 1)
        if text.lower().endswith("inf")
        else float(text)
    )


def _first_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = (
        getattr(error, "problem", None)
        or getattr(error, "reason", None)
        or str(error).split("\n", 1)[0]
    )
    return f"{problem} (line {mark.line + 1})" if mark is not None else str(problem)


def _at(name: str) -> str:
    return f"{name}: " if name else ""


class _Dumper(yaml.SafeDumper):
    """Quotes what either YAML 1.1 or 1.2 would read as something other than text."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class gives the name
        return True


def _represent_flow(dumper: yaml.SafeDumper, data: Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)


def _represent_list(dumper: yaml.SafeDumper, data: list[object]) -> yaml.Node:
    """A few plain values on one line, all else one below the other."""
    plain = all(not isinstance(value, dict | list) for value in data)
    short = plain and sum(len(str(value)) + 2 for value in data) <= 80
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


def _represent_text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    """Separators that a reader would fold into spaces are escaped, which only double quotes do."""
    style = '"' if _FOLDED.search(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Flow, _represent_flow)
_Dumper.add_representer(list, _represent_list)
# YAML 1.2 reads 1e5 and 012 as numbers where 1.1 does not: text of that form must be quoted.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
