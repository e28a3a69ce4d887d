"""The trace that a request belongs to, as W3C Trace Context says it."""

from __future__ import annotations

import re
from contextvars import ContextVar

__all__ = ["current_trace_id", "trace_id_of"]

_HEADER = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_NONE, _NO_PARENT = "0" * 32, "0" * 16

# Set by the middlewares for the time of a request, so that what is logged inside belongs to it.
current_trace_id: ContextVar[str | None] = ContextVar("watchkeeper_trace_id", default=None)


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a ``traceparent`` header, 32 hexadecimal digits; None where it is not valid.

    A header of a later version of the standard is read as far as this one knows it.

    References
    ----------
    W3C Trace Context, section 3.2.

    Examples
    --------
    >>> trace_id_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    >>> trace_id_of("00-00000000000000000000000000000000-b7ad6b7169203331-01")
    """
    found = _HEADER.fullmatch(traceparent.strip()) if traceparent else None
    if found is None or found["version"] == "ff":
        return None
    if found["version"] == "00" and found["more"]:
        return None
    valid = found["trace"] != _NONE and found["parent"] != _NO_PARENT
    return found["trace"] if valid else None
