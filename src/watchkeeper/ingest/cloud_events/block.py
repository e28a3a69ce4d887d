"""A part of a payload that has one entry for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Block"]


@dataclass(frozen=True, slots=True)
class Block:
    """One tensor, or what is like one. Each of ``rows`` is a value, a list of values, or a mapping
    of names to values; ``names`` are those of the values of a list, where they are told.
    """

    name: str
    rows: Sequence[object]
    names: tuple[str, ...] = ()
