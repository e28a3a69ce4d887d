"""What a plugin says: one line of status, figures behind a bar, and further lines of text.

Whatever the text is made of, it stays one line, has no bar (which begins the figures), and is
short enough for those that carry it on: NSCA and NRPE cut at 4 KiB, and a cut figure is a wrong one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from watchkeeper.interop.nagios.ranges import Range

__all__ = ["LONGEST", "Perf", "Result", "State", "clean", "number", "worst"]

LONGEST = 4_000  # bytes
_FIRST_LINE = 1_000
_UNITS = frozenset({"", "s", "us", "ms", "%", "B", "KB", "MB", "GB", "TB", "c"})
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


class State(IntEnum):
    """The exit codes."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_RANK = (State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL)


def worst(states: Iterable[State]) -> State:
    """The one that matters most: critical, warning, unknown, ok; UNKNOWN where there is none."""
    return max(states, key=_RANK.index, default=State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Perf:
    """One figure. ``unit`` is one of none, s, us, ms, %, B to TB, and c for a counter."""

    label: str
    value: float
    unit: str = ""
    warn: Range | None = None
    crit: Range | None = None
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """As the guidelines write it; empty where the value is no number.

        >>> Perf("p95 of jfk", 240.0, "ms", Range.parse("500"), low=0).text()
        "'p95 of jfk'=240ms;500;;0"
        """
        if not math.isfinite(self.value):
            return ""
        unit = self.unit if self.unit in _UNITS else ""
        limits = (self.warn.text if self.warn else "", self.crit.text if self.crit else "")
        ends = tuple("" if end is None else number(end) for end in (self.low, self.high))
        return ";".join(
            (f"{_label(self.label)}={number(self.value)}{unit}", *limits, *ends)
        ).rstrip(";")


@dataclass(frozen=True, slots=True)
class Result:
    """The state, what is said first, the figures, and what is said below."""

    state: State
    text: str
    perf: Sequence[Perf] = ()
    details: Sequence[str] = ()
    service: str = "WATCHKEEPER"

    def output(self, *, longest: int = LONGEST) -> str:
        """What the plugin prints, at most ``longest`` bytes; figures that do not fit are left out
        whole, and so are lines.
        """
        head = _cut(f"{self.service} {self.state.name} - {clean(self.text)}", _FIRST_LINE)
        perf = self.perf_text(max(0, longest - len(head.encode()) - len(" | ")))
        lines = [f"{head} | {perf}" if perf else head]
        left = longest - len(lines[0].encode())
        for detail in map(clean, self.details):
            left -= len(detail.encode()) + 1
            if left < 0:
                break
            lines.append(detail)
        return "\n".join(lines)

    def perf_text(self, longest: int = LONGEST) -> str:
        """The figures that fit."""
        found, left = [], longest
        for text in filter(None, (item.text() for item in self.perf)):
            left -= len(text.encode()) + 1
            if left < 0:
                break
            found.append(text)
        return " ".join(found)


def clean(text: str) -> str:
    """Text on one line, without bars and whatever is not shown.

    >>> clean("a | b" + chr(10) + "[0] PROCESS")
    'a / b [0] PROCESS'
    """
    return _NOT_SHOWN.sub(" ", text.encode("utf-8", "replace").decode()).replace("|", "/").strip()


def number(value: float) -> str:
    """A number with a point, without an exponent where that is short, and without padding.

    >>> number(0.25), number(1234567.0), number(1e-9)
    ('0.25', '1234567', '0.000000001')
    """
    text = f"{value:.10g}"
    if "e" in text:
        text = f"{value:.9f}" if abs(value) < 1 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _label(text: str) -> str:
    shown = clean(text).replace("=", "_") or "value"
    return shown if _PLAIN.fullmatch(shown) else "'" + shown.replace("'", "''") + "'"


def _cut(text: str, longest: int) -> str:
    sent = text.encode()
    return text if len(sent) <= longest else sent[: longest - 3].decode(errors="ignore") + "…"
