"""Contents and ids as numbers: stored for months, so pinned here for ever."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.ingest.content import id_numbers, mint_id, row_contents, text_hashes, total_content
from watchkeeper.sdk.ids import time_of_id

COLUMNS = {
    "number": pa.array([1.5, None, -0.0, math.nan]),
    "text": pa.array(["a", None, "", "é"]),
    "truth": pa.array([True, False, None, None]),
    "time": pa.array([0, None, 1, 2], pa.timestamp("us", "UTC")),
    "vector": pa.array([[1.0], None, [], [1.0, 2.0]], pa.list_(pa.float64())),
}

PINNED = [8128518342512868782, -9121684610417376780, -1656469886142370727, -7990542774455878484]
PINNED_IDS = [-4212167275616895523, 8923476959038297045]
PINNED_TOTAL = 102665461741349620


def test_contents_never_change():
    """These numbers lie in databases: a change would quarantine rows that are sent again."""
    assert row_contents(COLUMNS, 4).tolist() == PINNED
    assert id_numbers("m", pa.array(["a", "b"])).hashes.tolist() == PINNED_IDS
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
    one, other = (id_numbers(model, pa.array(["a", "b"])).hashes.tolist() for model in "mn")

    assert set(one).isdisjoint(other)


@given(st.lists(st.text(max_size=40), max_size=30), st.integers(0, 5))
def test_texts_are_the_same_number_exactly_where_they_are_the_same(texts, skipped):
    """Whatever their length and wherever they lie in a buffer, and not by their neighbours."""
    whole = pa.array([*texts, *texts], pa.string())
    found = text_hashes(whole.slice(skipped), 7).tolist()

    assert len(set(found)) == len(set((texts * 2)[skipped:]))
    alone = [int(text_hashes(pa.array([text]), 7)[0]) for text in (texts * 2)[skipped:]]
    assert alone == found


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 0x017F22E279B0),
        ("017F22E2-79B0-7CC3-B8C4-DC0C0C07398F", 0x017F22E279B0),
        ("017f22e2-79b0-4cc3-98c4-dc0c0c07398f", None),  # version 4
        ("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", None),  # another variant
        ("017g22e2-79b0-7cc3-98c4-dc0c0c07398f", None),
        ("017f22e2_79b0-7cc3-98c4-dc0c0c07398f", None),
        ("order 17", None),
    ],
)
def test_an_id_that_carries_its_time_is_sorted_by_it(text, millis):
    """UUIDs of version 7 alone do; any other id is sorted by its hash."""
    ids = id_numbers("m", pa.array(["x", None, text]).slice(2))

    assert ids.timed.tolist() == [millis is not None]
    assert int(ids.keys[0]) >> 16 == (millis if millis is not None else int(ids.hashes[0]) >> 16)


def test_a_minted_id_is_a_uuid_of_its_time():
    """Version 7, the time to the millisecond, the rest from the seed alone."""
    moment = datetime(2013, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
    micros = int(moment.timestamp() * 1_000_000)

    assert time_of_id(mint_id("seed", micros)) == moment
    assert mint_id("seed", micros) == mint_id("seed", micros) != mint_id("other", micros)
