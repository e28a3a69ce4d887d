"""What is done to values before they are stored."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Policy
from watchkeeper.ingest.policies import apply_policy

PEPPER = b"p" * 32


def applied(kind, policy, values, arrow=None):
    column = Column("c", kind, policy=policy)
    return apply_policy(column, pa.array(values, arrow), PEPPER).to_pylist()


@pytest.mark.parametrize(
    ("value", "edge"),
    [(73_456, 50_000), (1, 1), (1.9, 1), (2, 2), (0.07, 0.05), (-73, -50), (0, 0), (1e308, 1e308)],
)
def test_a_bucketed_number_is_the_edge_of_its_step(value, edge):
    """Steps of 1, 2, 5 times a power of ten, towards zero."""
    assert applied(ColumnType.NUMERIC, Policy.BUCKET, [float(value)]) == [pytest.approx(edge)]


def test_missing_and_wrong_numbers_stay_so():
    """A bucket hides a value, not that there is none."""
    found = applied(ColumnType.NUMERIC, Policy.BUCKET, [None, math.nan, -math.inf])

    assert (found[0], math.isnan(found[1]), found[2]) == (None, True, -math.inf)


def test_a_bucketed_time_is_its_day():
    """In UTC."""
    moment = datetime(2013, 3, 1, 23, 59, tzinfo=UTC)
    found = applied(ColumnType.TIMESTAMP, Policy.BUCKET, [moment], pa.timestamp("us", "UTC"))

    assert found == [datetime(2013, 3, 1, tzinfo=UTC)]


def test_hashes_keep_equal_values_equal_and_open_to_no_guess():
    """Equal under one secret, different under another."""
    one, two, other, none = applied(ColumnType.CATEGORICAL, Policy.HASH, ["a", "a", "b", None])
    column = Column("c", ColumnType.CATEGORICAL, policy=Policy.HASH)
    elsewhere = apply_policy(column, pa.array(["a"]), b"q" * 32).to_pylist()

    assert (one, none) == (two, None)
    assert len({one, other, *elsewhere, "a"}) == 4


@pytest.mark.parametrize("kind", [ColumnType.NUMERIC, ColumnType.TIMESTAMP, ColumnType.BOOLEAN])
def test_any_type_can_be_hashed(kind):
    """A hash is text, whatever was hashed."""
    arrow = pa.timestamp("us", "UTC") if kind is ColumnType.TIMESTAMP else None
    (found,) = applied(kind, Policy.HASH, [True if kind is ColumnType.BOOLEAN else 1], arrow)

    assert len(found) == 32


def test_text_falls_into_groups():
    """A thousand groups, the same text always in the same."""
    found = applied(ColumnType.TEXT, Policy.BUCKET, [str(n % 5000) for n in range(10_000)])

    assert found[:5000] == found[5000:]
    assert 900 < len(set(found)) <= 1000
