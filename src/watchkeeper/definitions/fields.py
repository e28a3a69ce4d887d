"""A value of a document together with its place: every check fails with the path and the line."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from watchkeeper.definitions.yaml_text import Path, Source
from watchkeeper.errors import InvalidDefinition

__all__ = ["CONTROL", "Field", "show"]

_Choice = TypeVar("_Choice", bound=StrEnum)

# C0 and C1 controls; tabs and line ends are allowed in descriptions only.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_PROSE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """One value and where it stands."""

    value: object
    path: Path = ()
    source: Source = field(default_factory=Source)

    def child(self, key: str | int, value: object) -> Field:
        """The member under ``key``."""
        return Field(value, (*self.path, key), self.source)

    def fail(self, must: str) -> InvalidDefinition:
        """The error that says what must hold here: the caller raises it."""
        line = self.source.lines.get(self.path)
        place = f"{self.source.name}: " if self.source.name else ""
        where = f" (line {line})" if line else ""
        return InvalidDefinition(f"{place}{_dotted(self.path)}{where} {must}")

    def must_be(self, what: str) -> InvalidDefinition:
        """The error that names what the value must be, and what was got."""
        return self.fail(f"must be {what}, got {show(self.value)}")

    def mapping(
        self, known: Collection[str], *, required: Collection[str] = ()
    ) -> dict[str, Field]:
        """The members of a mapping with only known keys; those without a value are left out."""
        members = self.members()
        for key, member in members.items():
            if key not in known:
                raise member.fail(
                    f"is not known here{_did_you_mean(key, known)}; known are {', '.join(known)}"
                )
        for key in required:
            if key not in members or members[key].value is None:
                raise self.fail(f"must have {key!r}, got {show(sorted(members))}")
        return {key: member for key, member in members.items() if member.value is not None}

    def members(self) -> dict[str, Field]:
        """The members of a mapping with any keys."""
        if not isinstance(self.value, dict):
            raise self.must_be("a mapping")
        for key in self.value:
            if not isinstance(key, str):
                raise self.fail(f"must have text as keys, got {show(key)}")
        return {key: self.child(key, value) for key, value in self.value.items()}

    def sequence(self, *, most: int = 10_000) -> list[Field]:
        """The entries of a list of bounded length."""
        if not isinstance(self.value, list | tuple):
            raise self.must_be("a list")
        if len(self.value) > most:
            raise self.fail(f"must have at most {most:,} entries, got {len(self.value):,}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def text(self, *, most: int = 512, least: int = 1, prose: bool = False) -> str:
        """Text of a bounded length without control characters (``prose``: line ends allowed)."""
        value = self.value
        if not isinstance(value, str):
            raise self.must_be(
                "text" + (" (put it in quotes)" if isinstance(value, int | float) else "")
            )
        if not least <= len(value) <= most:
            raise self.fail(f"must have {least} to {most:,} characters, got {len(value):,}")
        if (_CONTROL_IN_PROSE if prose else CONTROL).search(value) or not _encodable(value):
            raise self.must_be("text without control characters")
        return value

    def number(self, *, least: float = -math.inf, most: float = math.inf) -> float:
        """A finite number in ``[least, most]``."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.must_be("a number")
        if not (abs(value) <= 1.7976931348623157e308 and least <= value <= most):
            bounds = (
                f" from {least:g} to {most:g}"
                if math.isfinite(least) or math.isfinite(most)
                else ""
            )
            raise self.must_be(f"a finite number{bounds}")
        return float(value)

    def integer(self, *, least: int, most: int) -> int:
        """A whole number in ``[least, most]``; 3.0 counts as one."""
        value = self.number(least=least, most=most)
        if value != int(value):
            raise self.must_be("a whole number")
        return int(value)

    def flag(self) -> bool:
        """True or false; nothing else stands for them."""
        if not isinstance(self.value, bool):
            raise self.must_be("true or false")
        return self.value

    def choice(self, enum: type[_Choice]) -> _Choice:
        """A member of the enumeration, by its value."""
        known = [str(member) for member in enum]
        if not isinstance(self.value, str) or self.value not in known:
            hint = _did_you_mean(self.value, known) if isinstance(self.value, str) else ""
            raise self.fail(f"must be one of {', '.join(known)}, got {show(self.value)}{hint}")
        return enum(self.value)

    def plain(self, *, depth: int = 6) -> object:
        """A free value of an option: scalars, lists and mappings, finite and of bounded size."""
        value = self.value
        if depth == 0:
            raise self.fail("is nested too deeply: six levels at most")
        if isinstance(value, dict):
            return {key: member.plain(depth=depth - 1) for key, member in self.members().items()}
        if isinstance(value, list | tuple):
            return [member.plain(depth=depth - 1) for member in self.sequence()]
        if isinstance(value, str):
            return self.text(least=0, most=100_000, prose=True)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int) and abs(value) < 2**63:
            return value
        return self.number()


def show(value: object) -> str:
    """The value as a message shows it: never longer than a line."""
    text = (
        repr(value)
        if not isinstance(value, dict)
        else f"a mapping of {sorted(map(str, value))[:8]}"
    )
    return text if len(text) <= 120 else f"{text[:100]}… ({len(text):,} characters)"


def _dotted(path: Path) -> str:
    """``columns.age.type``; odd keys in brackets: ``columns["a b"].type``, ``monitors[3].type``."""
    if not path:
        return "the document"
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part) and len(part) <= 80:
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def _did_you_mean(got: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(got[:80], list(known), n=1, cutoff=0.6)
    return f": did you mean {close[0]!r}?" if close else ""


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
