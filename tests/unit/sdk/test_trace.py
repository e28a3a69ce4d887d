"""W3C Trace Context: what is valid, and where the trace of a prediction comes from."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from watchkeeper.sdk.trace import (
    current_trace,
    request_trace,
    split_trace,
    trace_now,
    traceparent_of,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_an_invalid_header_is_none(header):
    """What the standard calls invalid is ignored."""
    assert traceparent_of(header) is None


@pytest.mark.parametrize("header", [VALID, f" {VALID} ", f"cc-{TRACE}-{SPAN}-01-what.is.to.come"])
def test_a_later_version_is_read_as_far_as_it_is_known(header):
    """A valid header, of a later version too, gives its trace, span and flags."""
    assert traceparent_of(header) == VALID


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_every_context_comes_back(trace_id, span_id, flags):
    """Whatever ids a header carries are those that are stored."""
    header = f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"

    assert split_trace(header) == (f"{trace_id:032x}", f"{span_id:016x}")


def test_other_systems_spell_their_own():
    """A text that is no traceparent is the id of a trace; an invalid traceparent is none."""
    assert split_trace("Root=1-67891233-abcdef012345678912345678") == (
        "Root=1-67891233-abcdef012345678912345678",
        None,
    )
    assert split_trace(f"00-{'0' * 32}-{SPAN}-01") == (None, None)


def test_the_span_of_opentelemetry_wins():
    """Inside a span the prediction belongs to it, else to the request, else to nothing."""
    tracer = TracerProvider().get_tracer("service")
    token = current_trace.set(VALID)
    try:
        with tracer.start_as_current_span("predict") as span:
            inside, begun = trace_now(), request_trace(VALID)
        outside = trace_now()
    finally:
        current_trace.reset(token)

    context = span.get_span_context()
    assert split_trace(inside) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert begun == inside
    assert (outside, trace_now()) == (VALID, None)


def test_a_strange_library_hurts_nobody(monkeypatch):
    """Where OpenTelemetry is of a version that we do not know, there is just no span."""
    monkeypatch.setattr(trace, "get_current_span", object)

    assert trace_now() is None


def test_opentelemetry_is_not_imported():
    """The SDK asks for the span without loading a library that the service does not use."""
    code = "import sys, watchkeeper.sdk.trace as t; assert t.trace_now() is None; print('opentelemetry' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"


def test_a_logged_prediction_has_the_span(logged):
    """A row that is logged within a span says so, unless it is told another trace."""
    from watchkeeper import watch

    predict = watch("m", client=logged)(lambda row: 1.0)
    with TracerProvider().get_tracer("service").start_as_current_span("predict"):
        predict({"x": 1})
        expected = trace_now()

    assert logged.told("trace_id") == [expected]
