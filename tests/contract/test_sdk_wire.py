"""Rows say the same to ingest, whether the SDK sends them as columns or as JSON."""

from __future__ import annotations

import gzip
import io
import json
import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.ingest.rows import RowKind, open_batch
from watchkeeper.ingest.validate import Arrival, check
from watchkeeper.sdk.encode import micros
from watchkeeper.sdk.pace import Pace
from watchkeeper.sdk.packing import Group, _document, pack, pack_json

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
PACE = Pace(pause_seconds=0.0)
ARRIVAL = Arrival(NOON, "key", "batch", b"pepper")
MODEL = Model(
    name="m",
    task=Task.BINARY,
    positive_class="yes",
    classes=("no", "yes"),
    columns=(
        Column("number", ColumnType.NUMERIC),
        Column("word", ColumnType.CATEGORICAL),
        Column("truth", ColumnType.BOOLEAN),
        Column("moment", ColumnType.TIMESTAMP),
        Column("places", ColumnType.EMBEDDING),
        Column("p", ColumnType.NUMERIC, role=Role.SCORE),
        Column("said", ColumnType.CATEGORICAL, role=Role.PREDICTION),
        Column("repaid", ColumnType.CATEGORICAL, role=Role.LABEL),
    ),
)
NAMES = ("number", "word", "truth", "moment", "places", "stranger")
ANY = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(min_size=1, max_size=5)
    | st.sampled_from(["2024-03-04T10:00:00+00:00", "1", "true", 1, 1.0, math.nan])
    | st.lists(st.floats(allow_nan=False), max_size=2)
)
SAME = st.sampled_from(
    [
        st.none() | st.floats(),
        st.integers(-9, 9),
        st.booleans(),
        st.text(min_size=1, max_size=3),
        ANY,
    ]
)


@st.composite
def groups(draw):
    """Rows of one or two shapes, whose columns mostly hold one kind of value each."""
    made, number = [], 0
    for _ in range(draw(st.integers(1, 2))):
        names = tuple(draw(st.permutations(NAMES)))[: draw(st.integers(0, len(NAMES)))]
        kinds = [draw(SAME) for _ in names]
        rows = []
        for _ in range(draw(st.integers(1, 4))):
            number += 1
            told = (draw(ANY), draw(st.none() | st.floats(0, 1)), draw(st.none() | st.floats(0, 9)))
            fixed = (
                1,
                f"id-{number}",
                micros(NOON) - number,
                *told,
                draw(st.none() | st.just("e")),
            )
            rows.append((*fixed, draw(st.none() | st.just("t")), *map(draw, kinds)))
        constants = draw(st.sampled_from([{}, {"version": "3"}, {"version": "3", "sampled": 0.5}]))
        made.append(Group(names, constants, rows))
    return made


def rows_of(body):
    content = gzip.decompress(body.data) if body.encoding == "gzip" else body.data
    if body.media_type == "application/json":
        return json.loads(content)["rows"]
    with pa.ipc.open_stream(io.BytesIO(content)) as stream:
        table = stream.read_all()
    table.validate(full=True)
    return table


def judged(rows, kind):
    found = check(open_batch(rows, MODEL), kind, MODEL, ARRIVAL)
    columns = {name: repr(array.to_pylist()) for name, array in found.columns.items()}
    labels = None if found.labels is None else found.labels.to_pylist()
    rejected = [(item.row, item.reason) for item in found.rejections.all()]
    unknown = {name: rows.tolist() for name, rows in found.unknown.items()}
    bad_rows = found.rejections.mask(len(found.ids))
    contents = found.contents[~bad_rows].tolist()
    return columns, labels, rejected, unknown, list(found.ids), contents


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(groups())
def test_predictions_say_the_same_in_both_forms(found):
    """Values, rejections, ids and contents are equal, so that a repeat in the other form is one."""
    documents = [_document("predictions", group, row) for group in found for row in group.rows]

    columns = judged(rows_of(pack("predictions", found, PACE)), RowKind.PREDICTIONS)
    plain = judged(rows_of(pack_json(documents, PACE)), RowKind.PREDICTIONS)

    assert columns == plain


@pytest.mark.parametrize("values", [["yes", "no"], [True, False], [1, 0], [1.0, None], [1, "a"]])
def test_labels_say_the_same_in_both_forms(values):
    """Truths of every kind."""
    rows = [(1, f"id-{n}", micros(NOON) - n, value) for n, value in enumerate(values)]
    group = Group((), {}, rows)
    documents = [_document("labels", group, row) for row in rows]

    columns = judged(rows_of(pack("labels", [group], PACE)), RowKind.LABELS)

    assert columns == judged(rows_of(pack_json(documents, PACE)), RowKind.LABELS)


def test_plain_rows_travel_as_columns():
    """Numbers, texts, truth values and gaps need no JSON; lists and mixed columns do."""
    row = (1, "a", micros(NOON), "yes", 0.5, None, None, None, 1.5, "x", True, None)
    names = ("number", "word", "truth", "stranger")

    assert "arrow" in pack("predictions", [Group(names, {}, [row])], PACE).media_type
    mixed = Group(names, {}, [row, (*row[:8], 2, 7, False, "y")])
    assert "json" in pack("predictions", [mixed], PACE).media_type
