"""Checkmk's local checks: one line a service, printed by a program that the agent calls."""

from __future__ import annotations

import re
from collections.abc import Iterable

from watchkeeper.interop.nagios.ranges import Range
from watchkeeper.interop.nagios.result import Perf, Result, clean, number
from watchkeeper.interop.nagios.services import Service

__all__ = ["local_checks"]

_NOT_A_NAME = re.compile(r"\W+", re.ASCII)


def local_checks(found: Iterable[tuple[Service, Result]]) -> str:
    """The lines: state, name, figures, text; further lines of text are escaped."""
    return "\n".join(_line(service, result) for service, result in found)


def _line(service: Service, result: Result) -> str:
    name = f"Watchkeeper {clean(service.description)}".replace('"', "'")
    figures = "|".join(filter(None, map(_figure, result.perf))) or "-"
    details = [clean(text) for text in result.details]
    said = "\\n".join(text.replace("\\", "/") for text in (clean(result.text), *details))
    return f'{int(result.state)} "{name}" {figures} {said}'


def _figure(perf: Perf) -> str:
    """``name=value;warn;crit;min;max``, without a unit; ``lower:upper`` where both ends count."""
    if not perf.text():
        return ""
    name = _NOT_A_NAME.sub("_", perf.label).strip("_") or "value"
    ends = ["" if end is None else number(end) for end in (perf.low, perf.high)]
    return f"{name}={number(perf.value)};{_ends(perf.warn)};{_ends(perf.crit)};{';'.join(ends)}".rstrip(
        ";"
    )


def _ends(limit: Range | None) -> str:
    """A range as Checkmk has it: upper, or lower:upper; what it cannot say is left out."""
    if limit is None or limit.inside:
        return ""
    lower, upper = (
        "" if abs(end) == float("inf") else number(end) for end in (limit.start, limit.end)
    )
    return upper if not limit.start or not lower else f"{lower}:{upper}"
