"""What an event is about: the request, batch and model that are at work when it is logged.

Whoever begins a piece of work binds its facts; whoever learns more on the way notes it. Facts pass
into the threads that a request uses, because their holder is shared.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from watchkeeper.sdk.trace import current_trace

__all__ = ["bound", "facts_now", "note", "request_id"]

_LONGEST = 200
_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_facts: ContextVar[dict[str, str] | None] = ContextVar("watchkeeper_log_facts", default=None)


@contextmanager
def bound(**facts: str) -> Iterator[None]:
    """Bind facts to all that is logged within, beside those that are bound around it."""
    held = {**(_facts.get() or {}), **_short(facts)}
    token = _facts.set(held)
    try:
        yield
    finally:
        _facts.reset(token)


def note(**facts: str) -> None:
    """Add facts to the piece of work that is bound; nothing where none is."""
    held = _facts.get()
    if held is not None:
        held.update(_short(facts))


def facts_now() -> Mapping[str, str]:
    """The facts that are bound now, with the trace and the span that the work belongs to."""
    found = dict(_facts.get() or {})
    trace = _TRACEPARENT.fullmatch(current_trace.get() or "")
    if trace is not None:
        found |= {"trace": trace[1], "span": trace[2]}
    return found


def request_id(given: str | None) -> str:
    """The id that a caller gave, where it is one that can stand in a log and a header; a new one
    otherwise.
    """
    return given if given is not None and _ID.fullmatch(given) else uuid.uuid4().hex


def _short(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:_LONGEST] for name, value in facts.items()}
