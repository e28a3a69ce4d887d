"""What is to be told, before it is put into words: who, of which incidents, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.verdict import Severity

__all__ = ["Intent", "key_of", "news_of", "thread_of", "what_is_new", "worst_first"]

_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Intent:
    """One receiver is to be told of a group (as it is afterwards) through all of its ``sinks``.

    ``alerts`` are the ids of those that fire and may be told.
    """

    kind: NoticeKind
    group: Group
    receiver: str
    sinks: int
    incidents: tuple[str, ...]
    alerts: tuple[str, ...]
    note: str = ""


def key_of(intent: Intent, sink: int) -> str:
    """The same for the same telling, however often it is decided."""
    group = intent.group
    telling = f"{group.key}|{group.opened_at.isoformat()}|{group.count}|{intent.kind}"
    return _digest(f"{telling}|{intent.receiver}|{sink}")


def thread_of(intent: Intent, sink: int) -> str:
    """The same from the first notice of a group to its resolve."""
    group = intent.group
    return _digest(f"{group.key}|{group.opened_at.isoformat()}|{intent.receiver}|{sink}")


def news_of(signal: Signal) -> Iterator[str]:
    """What an alert brings that is worth telling: its fault, how bad and how well explained its
    incident is.
    """
    yield signal.fault
    yield f"{signal.incident}|{signal.severity}"
    if signal.certainty:
        yield f"{signal.incident}|explained {signal.certainty}"


def worst_first(signals: Sequence[Signal]) -> tuple[str, ...]:
    """The incidents of the alerts, the most severe first."""
    worst: dict[str, int] = {}
    for signal in signals:
        worst[signal.incident] = max(worst.get(signal.incident, 0), _RANK[signal.severity])
    return tuple(sorted(worst, key=lambda incident: (-worst[incident], incident)))


def what_is_new(before: Group, signals: Sequence[Signal], over: Collection[str]) -> str:
    """Why a group that was told is told again, in words."""
    said = set(before.said)
    told: dict[str, str] = {}
    for signal in signals:
        for text in news_of(signal):
            if text in said:
                continue
            if text == signal.fault:
                told.setdefault(text, f"new: {_named(signal)}")
            elif "|explained " in text:
                told.setdefault("explained", "its likely cause is known")
            elif signal.fault in before.faults:
                told.setdefault("severity", f"it is {signal.severity} now")
    if over:
        many = "one of its faults is" if len(over) == 1 else f"{len(over)} of its faults are"
        told["over"] = f"{many} over"
    return "; ".join(told.values())


def _named(signal: Signal) -> str:
    labels = signal.labels
    what = labels.get("figure", labels.get("alertname", "a fault")).replace("_", " ")
    return f"{what} of {labels['column']}" if "column" in labels else what


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
