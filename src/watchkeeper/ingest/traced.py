"""The trace and the span that each prediction belongs to, however they are told."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.sdk.trace import split_trace

__all__ = ["traced"]

_PLAIN = "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


def traced(traces: pa.Array, spans: pa.Array) -> dict[str, pa.Array]:
    """The columns ``_wk_trace_id`` and ``_wk_span_id``.

    ``traces`` holds ids of traces, or whole ``traceparent`` texts, which name a span too and of
    which those that are not valid count as missing. A span of all zeros is none.
    """
    spans = pc.if_else(pc.equal(spans, _NO_SPAN), pa.scalar(None, pa.string()), spans)
    if traces.null_count == len(traces):
        return {"_wk_trace_id": traces, "_wk_span_id": spans}
    if pc.all(pc.match_substring_regex(traces, _PLAIN)).as_py():  # as our SDK sends them
        found = pc.utf8_slice_codeunits(traces, 3, 35), pc.utf8_slice_codeunits(traces, 36, 52)
        zero = pc.or_(pc.equal(found[0], _NO_TRACE), pc.equal(found[1], _NO_SPAN))
        ids, parents = (pc.if_else(zero, pa.scalar(None, pa.string()), part) for part in found)
    else:
        pairs = [(None, None) if text is None else split_trace(text) for text in traces.to_pylist()]
        ids = pa.array([trace for trace, _ in pairs], pa.string())
        parents = pa.array([span for _, span in pairs], pa.string())
    return {"_wk_trace_id": ids, "_wk_span_id": pc.coalesce(spans, parents)}
