"""Ranges of the plugin guidelines: ``[@]start:end`` says which values are no cause for an alert.

``10`` means 0 to 10, ``10:`` at least 10, ``~:10`` at most 10, ``10:20`` from 10 to 20; with ``@``
in front exactly these values are a cause.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from watchkeeper.errors import InvalidInput

__all__ = ["Range"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?P<inside>@?)(?:(?P<start>~|{_NUMBER})?(?P<colon>:))?(?P<end>{_NUMBER})?")


@dataclass(frozen=True, slots=True)
class Range:
    """A range; ``text`` is how it was written, for performance data."""

    text: str
    start: float
    end: float
    inside: bool

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read a range; InvalidInput where it is none.

        >>> Range.parse("10:").alerts(9.0), Range.parse("@10:20").alerts(9.0)
        (True, False)
        """
        found = _RANGE.fullmatch(text.strip())
        if found is None or not any(found[name] for name in ("colon", "end")):
            raise _malformed(text, "it is none")
        start = -math.inf if found["start"] == "~" else float(found["start"] or 0.0)
        end = math.inf if found["end"] is None else float(found["end"])
        if start > end:
            raise _malformed(text, f"it starts at {start:g} and ends at {end:g}")
        return cls(text.strip(), start, end, bool(found["inside"]))

    def alerts(self, value: float) -> bool:
        """Whether the value is a cause for an alert; the ends belong to the range."""
        return (self.start <= value <= self.end) is self.inside


def _malformed(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"a range must look like 10, 10:, ~:10, 10:20 or @10:20, got {text!r}: {why}"
    )
