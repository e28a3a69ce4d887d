"""Rows as JSON."""

from __future__ import annotations

import enum
import json
import marshal
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.sdk.encode import encode_row, instant, micros, simple

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        (np.datetime64("2013-03-01T12:00"), "2013-03-01T12:00:00+00:00"),
        (pd.Timestamp("2013-03-01 12:00", tz="UTC"), "2013-03-01T12:00:00+00:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (NOON.astimezone(timezone(timedelta(hours=5))), "2013-03-01T12:00:00+00:00"),
        (NOON.replace(tzinfo=None), "2013-03-01T12:00:00+00:00"),
        (date(2013, 3, 1), "2013-03-01"),
        (Decimal("1.25"), 1.25),
        ({"b", "a"}, ["a", "b"]),
        (object, str(object)),
    ],
)
def test_foreign_values_become_plain(value, expected):
    """Values of numpy, pandas and the standard library become what JSON has."""
    assert json.loads(encode_row({"x": value})) == {"x": expected}


def test_nan_stays_nan():
    """A number that is not one is told from a missing one."""
    found = json.loads(encode_row({"x": math.nan, "y": None, "z": -math.inf}))

    assert math.isnan(found["x"])
    assert (found["y"], found["z"]) == (None, -math.inf)


def test_keys_become_text():
    """Column labels of a data frame may be numbers of numpy."""
    assert json.loads(encode_row({"features": {np.int64(3): 1}})) == {"features": {"3": 1}}


def test_a_row_stays_one_line():
    """No value can break the frame of a line."""
    assert b"\n" not in encode_row({"x": "d\te\nf"})


def test_a_row_that_holds_itself_is_refused():
    """There is no JSON of a cycle."""
    row: dict[str, object] = {}
    row["self"] = row

    with pytest.raises(RecursionError):
        encode_row(row)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.str_("a"), "a"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ([np.int64(1), [np.bool_(True)]], [1, [True]]),
        ({"a": (np.float32(0.5),)}, {"a": [0.5]}),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.datetime64("2013-03-01T12:00:00.000000001"), "2013-03-01T12:00:00+00:00"),
        (np.datetime64("NaT"), None),
    ],
)
def test_simple_values_are_of_the_plain_types_exactly(value, expected):
    """What marshal writes must be text, numbers, lists and mappings, never a subclass of them."""
    found = simple(value)

    assert found == expected
    assert marshal.loads(marshal.dumps(found)) == expected
    assert type(found) in {str, int, float, bool, list, dict, type(None)}


def test_what_is_plain_is_left_as_it_is():
    """NaN, infinities, −0 and long texts stay themselves."""
    row = [math.nan, -math.inf, -0.0, "x" * 20_000]

    assert repr(simple(row)) == repr(row)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_kept_to_the_microsecond(moment):
    """A time comes out as it went in."""
    assert instant(micros(moment)) == moment
