"""Fixes of rejected rows: pure, in a stated order."""

from __future__ import annotations

import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.fixes import Fix, fixed


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        (Fix(), {"a": "1", "b": True}),
        (Fix(rename={"a": "b", "b": "a"}), {"b": "1", "a": True}),
        (Fix(values={"a": {"1": 5}, "b": {"true": "yes"}}), {"a": 5, "b": "yes"}),
        (Fix(cast={"a": "numeric", "b": "text"}), {"a": 1.0, "b": "true"}),
        (Fix(constant={"c": None, "a": 0}), {"a": 0, "b": True, "c": None}),
        (Fix(drop=["a", "z"]), {"b": True}),
        (
            Fix(rename={"a": "c"}, values={"c": {"1": "2"}}, cast={"c": "numeric"}, drop=["b"]),
            {"c": 2.0},
        ),
    ],
)
def test_a_fix_changes_what_it_says(fix, expected):
    """In a row, and likewise in its features; the row itself stays as it was."""
    row = {"a": "1", "b": True}

    assert fixed(row, fix) == expected
    assert fixed({"id": 7, "features": row}, fix)["id"] == 7
    assert row == {"a": "1", "b": True}


def test_features_are_fixed_where_they_lie():
    """A constant goes to where the column is."""
    fix = Fix(rename={"x": "y"}, constant={"y": 3, "z": 4})

    assert fixed({"features": {"x": 1}}, fix) == {"features": {"y": 3}, "z": 4}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("numeric", " 1.5 ", 1.5),
        ("numeric", "", None),
        ("numeric", True, 1.0),
        ("boolean", "Yes", True),
        ("boolean", 0.0, False),
        ("text", 3.0, "3"),
        ("timestamp", 1362139200, "2013-03-01T12:00:00+00:00"),
        ("timestamp", "1362139200000", "2013-03-01T12:00:00+00:00"),
        ("timestamp", "20130301", "2013-03-01T00:00:00"),
        ("timestamp", " 2013-03-01 12:00 ", "2013-03-01T12:00:00"),
    ],
)
def test_casts_read_what_people_write(kind, value, expected):
    """Numbers, truths and times in their usual spellings."""
    assert fixed({"x": value}, Fix(cast={"x": kind})) == {"x": expected}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("numeric", "1_000"), ("boolean", "maybe"), ("timestamp", "noon"), ("numeric", [])],
)
def test_what_cannot_be_cast_is_told(kind, value):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="column 'x' cannot be cast"):
        fixed({"x": value}, Fix(cast={"x": kind}))


def test_an_unknown_cast_is_refused():
    """With those that there are."""
    with pytest.raises(InvalidInput, match="numeric, categorical"):
        Fix(cast={"x": "float"})
