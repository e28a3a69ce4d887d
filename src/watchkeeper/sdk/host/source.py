"""What the parts of a host have in common: readings, and figures between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

__all__ = ["Figures", "Source", "integers", "rate", "share", "text_of"]

T = TypeVar("T")
Figures = Mapping[str, float]


class Source(Protocol[T]):
    """One part of a host."""

    def read(self) -> T:
        """Read it now. OSError, ValueError, LookupError where this host has no such part."""
        ...

    def figures(self, before: T, now: T, seconds: float) -> Figures:
        """What lies between two readings ``seconds`` apart; a figure that does not exist is absent."""
        ...


def text_of(path: Path) -> str:
    """A small file of the kernel's."""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def integers(path: Path) -> dict[str, int]:
    """Lines of a name and a whole number, as ``memory.stat`` and ``/proc/meminfo`` are."""
    found: dict[str, int] = {}
    for line in text_of(path).splitlines():
        name, number, *_ = [*line.replace(":", " ").split(), ""]
        if number.lstrip("-").isdecimal():
            found[name] = int(number)
    return found


def rate(name: str, before: float, now: float, seconds: float) -> Figures:
    """How much a counter grew a second; absent where it began anew or no time went by."""
    return {name: (now - before) / seconds} if seconds > 0.0 and now >= before else {}


def share(name: str, part: float, whole: float) -> Figures:
    """A part of a whole, in [0, 1]; absent where there is no whole."""
    return {name: min(1.0, max(0.0, part / whole))} if whole > 0.0 else {}
