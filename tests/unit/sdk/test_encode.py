"""Rows as JSON."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from watchkeeper.sdk.encode import encode_line, encode_row

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


def test_a_line_stays_one_line():
    """No name and no value can break the frame of a spool line."""
    line = encode_line("a\tb\nc", "predictions", {"x": "d\te\nf"})

    model, kind, row = line[:-1].split(b"\t")
    assert line.count(b"\n") == 1
    assert (json.loads(model), kind, json.loads(row)) == (
        "a\tb\nc",
        b"predictions",
        {"x": "d\te\nf"},
    )


def test_a_row_that_holds_itself_is_refused():
    """There is no JSON of a cycle."""
    row: dict[str, object] = {}
    row["self"] = row

    with pytest.raises(ValueError, match=r"[Cc]ircular"):
        encode_row(row)
