"""Column policies in the process that logs."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Policy
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.policies import apply_policy
from watchkeeper.sdk.policies import Policies

KEY = b"a long random text"


def changed(policies, features, key=KEY):
    names, change = Policies(policies, key).plan({name: name for name in features})
    values = features.values() if change is None else change(features)
    return dict(zip(names.values(), values, strict=True))


def test_a_dropped_column_is_gone():
    """Neither its name nor its value remains."""
    assert changed({"ssn": "drop"}, {"ssn": "123", "age": 4}) == {"age": 4}


def test_kept_columns_cost_nothing():
    """Where no column of a row has a policy, its values are not touched at all."""
    _, change = Policies({"ssn": "drop", "age": "keep"}, KEY).plan({"age": "age"})

    assert change is None


def test_equal_values_are_hashed_equally_and_others_not():
    """Groups survive, whether a whole number comes as an int or a float; the key decides."""
    one, same, other = (changed({"a": "hash"}, {"a": v})["a"] for v in (7, np.float64(7.0), 8))

    assert one == same != other
    assert changed({"a": "hash"}, {"a": 7}, key=b"another")["a"] != one
    assert changed({"a": "hash"}, {"a": None})["a"] is None


def test_hashing_without_a_key_is_refused():
    """An unkeyed hash of a telephone number is opened by trying them all."""
    with pytest.raises(InvalidInput, match="WATCHKEEPER_COLUMN_KEY"):
        Policies({"phone": "hash"}, b"")


def test_a_policy_that_is_none_is_refused():
    """A misspelt policy must not mean that the column is kept."""
    with pytest.raises(InvalidInput, match="'mask'"):
        Policies({"phone": "mask"}, KEY)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(allow_subnormal=False))
def test_numbers_fall_into_the_steps_of_the_server(number):
    """The same steps on both sides, but for the last bit of the largest powers of ten."""
    column = Column("x", ColumnType.NUMERIC, policy=Policy.BUCKET)

    found = changed({"x": "bucket"}, {"x": number})["x"]

    (there,) = apply_policy(column, pa.array([number]), b"pepper").to_pylist()
    assert found == pytest.approx(there, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2013, 3, 1, 12, 30, tzinfo=UTC), "2013-03-01T00:00:00+00:00"),
        ("2013-03-01T23:30:00-05:00", "2013-03-02T00:00:00+00:00"),
        (True, True),
        (None, None),
        (-0.3, -0.2),
    ],
)
def test_other_values_fall_into_buckets(value, expected):
    """Times become days, truth values stay, nothing stays nothing."""
    assert changed({"x": "bucket"}, {"x": value})["x"] == expected


def test_texts_fall_into_groups():
    """A text becomes one of a thousand groups, always the same."""
    found = {changed({"x": "bucket"}, {"x": f"text {n}"})["x"] for n in range(200)}

    assert 150 < len(found) <= 200
    assert all(group.startswith("group-") for group in found)
