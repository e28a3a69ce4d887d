"""The trace that a prediction belongs to, as W3C Trace Context says it."""

from __future__ import annotations

import re
import sys
from contextvars import ContextVar
from typing import Any

from watchkeeper.domain.tracing import SpanRef

__all__ = [
    "current_trace",
    "request_trace",
    "span_of",
    "split_trace",
    "trace_now",
    "traceparent_of",
]

_HEADER = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_SHAPE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", re.IGNORECASE)
_NONE, _NO_PARENT = "0" * 32, "0" * 16
_OPENTELEMETRY = "opentelemetry.trace"

# A ``traceparent``, set by the middlewares for the time of a request, so that what is logged inside
# belongs to it.
current_trace: ContextVar[str | None] = ContextVar("watchkeeper_trace", default=None)


def traceparent_of(header: str | None) -> str | None:
    """A ``traceparent`` header as version 00 says it; None where it is not valid, which the standard
    asks to ignore.

    A header of a later version of the standard is read as far as this one knows it.

    References
    ----------
    W3C Trace Context, section 3.2.

    Examples
    --------
    >>> traceparent_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    >>> traceparent_of("00-00000000000000000000000000000000-b7ad6b7169203331-01")
    """
    found = _HEADER.fullmatch(header.strip()) if header else None
    if found is None or found["version"] == "ff":
        return None
    if found["version"] == "00" and found["more"]:
        return None
    if found["trace"] == _NONE or found["parent"] == _NO_PARENT:
        return None
    flags = found.string[53:55]
    return f"00-{found['trace']}-{found['parent']}-{flags}"


def split_trace(text: str) -> tuple[str | None, str | None]:
    """The ids of trace and span of a ``traceparent``, both None where that is not valid; any other
    text is the id of a trace, as some tracing system spells it.

    >>> split_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    ('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331')
    >>> split_trace("1-5759e988-bd862e3fe1be46a994272793")
    ('1-5759e988-bd862e3fe1be46a994272793', None)
    """
    valid = traceparent_of(text)
    if valid is not None:
        return valid[3:35], valid[36:52]
    return (None, None) if _SHAPE.fullmatch(text.strip()) else (text, None)


def span_of(traceparent: str | None) -> SpanRef | None:
    """The span that a ``traceparent`` names; None where it is not valid."""
    valid = traceparent_of(traceparent)
    if valid is None:
        return None
    return SpanRef(valid[3:35], valid[36:52], sampled=bool(int(valid[53:55], 16) & 1))


def trace_now() -> str | None:
    """The ``traceparent`` of what runs now: OpenTelemetry's current span where that is in use, else
    the request's; None outside of both. OpenTelemetry is not imported for it.
    """
    return _span_now() or current_trace.get()


def request_trace(header: str | None) -> str | None:
    """The ``traceparent`` of a request that begins: OpenTelemetry's span of it where that is in use,
    else what its header says; None where neither is valid.
    """
    return _span_now() or traceparent_of(header)


def _span_now() -> str | None:
    module: Any = sys.modules.get(_OPENTELEMETRY)
    if module is None:
        return None
    try:
        context = module.get_current_span().get_span_context()
        if context is None or not context.is_valid:
            return None
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
    except Exception:  # noqa: BLE001  promise 2: a library of another version hurts nobody
        return None
