"""The state of each column, or figure, in each window: what timelines show."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

__all__ = ["State", "Strip", "Subject", "shortened", "strips_of", "subject_of", "windows_of"]


class State(StrEnum):
    """What was said of something in a window, the worst of it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    ERROR = "error"
    OK = "ok"
    INSUFFICIENT = "too few data"
    NONE = "nothing said"


_WORST_FIRST = tuple(State)
Strip = tuple[State, ...]
Subject = tuple[str, bool]  # a name, and whether it is a column's: a column may be called "volume"


def subject_of(verdict: Verdict) -> Subject:
    """What a verdict is about: a column, or a figure of the whole model."""
    return verdict.column or verdict.what, verdict.column is not None


def windows_of(verdicts: Sequence[Verdict]) -> tuple[Window | None, ...]:
    """The judged windows in order; ``(None,)`` where the data has no time."""
    found = {verdict.window for verdict in verdicts}
    timed = sorted(window for window in found if window is not None)
    return tuple(timed) or (None,)


def strips_of(verdicts: Sequence[Verdict]) -> dict[Subject, Strip]:
    """For every column, and every figure of the whole model, its state in every window."""
    windows = windows_of(verdicts)
    place = {window: at for at, window in enumerate(windows)}
    strips: dict[Subject, list[State]] = {}
    for verdict in verdicts:
        if verdict.window not in place:
            continue
        strip = strips.setdefault(subject_of(verdict), [State.NONE] * len(windows))
        at = place[verdict.window]
        strip[at] = _worse(strip[at], _state(verdict))
    return {subject: tuple(strip) for subject, strip in strips.items()}


def shortened(strip: Strip, length: int) -> Strip:
    """The strip in at most ``length`` steps, each the worst of the windows that it stands for."""
    if len(strip) <= length:
        return strip
    edges = [round(at * len(strip) / length) for at in range(length + 1)]
    return tuple(min(strip[low:high], key=_WORST_FIRST.index) for low, high in pairwise(edges))


def _state(verdict: Verdict) -> State:
    if verdict.status is Status.ALERT:
        return {
            Severity.CRITICAL: State.CRITICAL,
            Severity.WARNING: State.WARNING,
            Severity.INFO: State.INFO,
        }[verdict.severity]
    return {
        Status.OK: State.OK,
        Status.ERROR: State.ERROR,
        Status.INSUFFICIENT_DATA: State.INSUFFICIENT,
    }[verdict.status]


def _worse(one: State, other: State) -> State:
    return min(one, other, key=_WORST_FIRST.index)
