"""Traces of rows: ids, whole traceparents, and what is neither."""

from __future__ import annotations

import pyarrow as pa

from watchkeeper.ingest.traced import traced

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def ids(traces, spans=None):
    found = traced(
        pa.array(traces, pa.string()), pa.array(spans or [None] * len(traces), pa.string())
    )
    return found["_wk_trace_id"].to_pylist(), found["_wk_span_id"].to_pylist()


def test_a_traceparent_names_both():
    """Trace and span are taken from it; one of zeros is none, whatever else is in the batch."""
    valid, zero = f"00-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01"

    assert ids([valid, None, valid]) == ([TRACE, None, TRACE], [SPAN, None, SPAN])
    assert ids([valid, zero]) == ([TRACE, None], [SPAN, None])
    assert ids([valid, zero, "x-1", None]) == ([TRACE, None, "x-1", None], [SPAN, None, None, None])


def test_a_later_version_is_understood():
    """A traceparent of a version to come is read as far as it is known."""
    assert ids([f"01-{TRACE}-{SPAN}-01-new"]) == ([TRACE], [SPAN])


def test_ids_apart_are_kept():
    """Who tells both ids apart is taken at their word, but for a span of zeros."""
    assert ids([TRACE, TRACE], [SPAN, "0" * 16]) == ([TRACE, TRACE], [SPAN, None])
    assert ids([None], [SPAN]) == ([None], [SPAN])
    assert ids([]) == ([], [])
