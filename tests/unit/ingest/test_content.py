"""Contents and ids as numbers: stored for months, so pinned here for ever."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.ingest.content import id_hashes, mint_id, row_contents, total_content
from watchkeeper.sdk.ids import time_of_id

COLUMNS = {
    "number": pa.array([1.5, None, -0.0, math.nan]),
    "text": pa.array(["a", None, "", "é"]),
    "truth": pa.array([True, False, None, None]),
    "time": pa.array([0, None, 1, 2], pa.timestamp("us", "UTC")),
    "vector": pa.array([[1.0], None, [], [1.0, 2.0]], pa.list_(pa.float64())),
}

PINNED = [-7700984373782184760, -9121684610417376780, 100079382099375366, -2689047013772350583]
PINNED_IDS = [-1025870406465256753, -5735104908139345420]
PINNED_TOTAL = 102665461741349620


def test_contents_never_change():
    """These numbers lie in databases: a change would quarantine rows that are sent again."""
    assert row_contents(COLUMNS, 4).tolist() == PINNED
    assert id_hashes("m", ["a", "b"]) == PINNED_IDS
    assert total_content(np.array([1, 2]), "x") == PINNED_TOTAL


def test_content_does_not_hang_on_the_order_of_columns_or_on_missing_ones():
    """Reordering a definition, or adding a column that old rows lack, changes no content."""
    more = {**dict(reversed(COLUMNS.items())), "new": pa.nulls(4, pa.string())}

    assert row_contents(more, 4).tolist() == row_contents(COLUMNS, 4).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": pa.array([0.0])}, {"x": pa.array([-0.0])}),
        ({"x": pa.array([math.nan])}, {"x": pa.array([-math.nan])}),
        ({"x": pa.nulls(1, pa.string())}, {}),
    ],
)
def test_what_means_the_same_is_the_same(one, other):
    """Signed zeros, kinds of NaN, and missing in two ways."""
    assert row_contents(one, 1).tolist() == row_contents(other, 1).tolist()


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.text(max_size=3)), min_size=2, max_size=6))
def test_rows_are_the_same_exactly_where_their_values_are(rows):
    """Different rows get different numbers, also where values swap columns."""
    columns = {
        "x": pa.array([x for x, _ in rows], pa.float64()),
        "a": pa.array([text for _, text in rows], pa.string()),
    }
    found = row_contents(columns, len(rows)).tolist()

    assert len(set(found)) == len({(x + 0.0, text) for x, text in rows})
    swapped = row_contents({"x": columns["a"], "a": columns["x"]}, len(rows)).tolist()
    assert not set(found) & set(swapped)


def test_ids_of_two_models_are_apart():
    """The same id in another model is another prediction."""
    assert set(id_hashes("m", ["a", "b"])).isdisjoint(id_hashes("n", ["a", "b"]))


def test_a_minted_id_is_a_uuid_of_its_time():
    """Version 7, the time to the millisecond, the rest from the seed alone."""
    moment = datetime(2013, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
    micros = int(moment.timestamp() * 1_000_000)

    assert time_of_id(mint_id("seed", micros)) == moment
    assert mint_id("seed", micros) == mint_id("seed", micros) != mint_id("other", micros)
