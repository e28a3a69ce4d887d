"""Streams of Arrow that are written without Arrow, read by Arrow."""

from __future__ import annotations

import io
import math

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.sdk.arrow_stream import END, Field, Kind, batch_message, schema_message

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = {
    Kind.NULL: st.none(),
    Kind.INT: st.none() | st.integers(-(2**63), 2**63 - 1),
    Kind.FLOAT: st.none() | st.floats(allow_nan=False),
    Kind.TEXT: st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    Kind.TRUTH: st.none() | st.booleans(),
}


def read(data):
    with pa.ipc.open_stream(io.BytesIO(data)) as stream:
        table = stream.read_all()
    table.validate(full=True)
    return table


@st.composite
def tables(draw):
    """Some columns, some of them in a struct, and record batches of some rows each."""
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES, key=str)), min_size=1, max_size=6))
    fields = [Field(draw(NAMES), kind) for kind in kinds]
    cut = draw(st.integers(0, len(fields)))
    batches = []
    for rows in draw(st.lists(st.integers(0, 20), max_size=3)):
        lists = (st.lists(VALUES[kind], min_size=rows, max_size=rows) for kind in kinds)
        batches.append((rows, [draw(values) for values in lists]))
    return fields[:cut], fields[cut:], batches


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_arrow_reads_what_was_written(given_tables):
    """Names, types, values and nulls come back, in order, over all record batches."""
    outer, inner, batches = given_tables
    fields = [*outer, Field("features", Kind.STRUCT, tuple(inner))]
    stream = schema_message(fields)
    stream += b"".join(batch_message(fields, columns, rows) for rows, columns in batches) + END

    table = read(stream)

    assert [field.name for field in table.schema] == [field.name for field in fields]
    arrays = [*table.columns[: len(outer)], *table.column(len(outer)).combine_chunks().flatten()]
    for place, array in enumerate(arrays):
        assert array.to_pylist() == [v for _, columns in batches for v in columns[place]]
    assert table.column(len(outer)).null_count == 0


def test_times_are_moments_in_utc():
    """Microseconds since 1970, with their zone."""
    fields = [Field("time", Kind.TIME)]
    table = read(schema_message(fields) + batch_message(fields, [[1, None]], 2) + END)

    assert table.schema.field("time").type == pa.timestamp("us", tz="UTC")
    assert table["time"].cast(pa.int64()).to_pylist() == [1, None]


def test_nan_is_no_null():
    """A number that is not one is told from a missing one."""
    fields = [Field("x", Kind.FLOAT)]
    table = read(schema_message(fields) + batch_message(fields, [[math.nan, None]], 2) + END)

    assert table["x"].null_count == 1
    assert math.isnan(table["x"][0].as_py())


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (Kind.INT, 2**63, OverflowError),
        (Kind.FLOAT, 10**400, OverflowError),
        (Kind.TEXT, "\ud800", UnicodeEncodeError),
    ],
)
def test_what_does_not_fit_is_refused(kind, value, error):
    """No value is bent to fit its column."""
    with pytest.raises(error):
        batch_message([Field("x", kind)], [[value]], 1)
