"""Slices: versions and segments, which add up to the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.readers import open_table


def test_whole_is_the_same(
    rows: pa.Table, model: Model, differences: Callable[[object, object], list[str]]
) -> None:
    """Profiles of all rows do not depend on whether slices are made too."""
    table = open_table(rows)
    binnings = fit_binnings(table, model)

    alone = profile(table, model, binnings, granularity=model.granularity, segments=False)
    beside = profile(table, model, binnings, granularity=model.granularity)

    assert differences(alone, [part for part in beside if part.segment is None]) == []


def test_segments_add_up(
    rows: pa.Table, model: Model, differences: Callable[[object, object], list[str]]
) -> None:
    """The segments of a window add up to the window."""
    table = open_table(rows)
    found = profile(table, model, fit_binnings(table, model), granularity=model.granularity)
    window = found[0].window

    parts = [part for part in found if part.segment and part.window == window]
    whole = merge([replace(part, segment=None) for part in parts])

    assert [part.segment for part in parts] == ["place=a", "place=b", "place=ü"]
    assert [t for t in differences(whole.columns, found[0].columns) if "distinct" not in t] == []


def test_frequent_segments_only() -> None:
    """At most fifty values of a segment column get a slice; the others count in the whole."""
    values = [f"v{i:02d}" for i in range(60) for _ in range(60 - i)]
    model = Model("m", Task.NONE, (Column("s", ColumnType.CATEGORICAL, Role.SEGMENT),))
    table = open_table(pa.table({"s": [*values, None]}))

    found = profile(table, model, fit_binnings(table, model), granularity=None)

    assert [part.segment for part in found[1:]] == [f"s=v{i:02d}" for i in range(50)]
    assert found[0].rows == len(values) + 1


def test_versions() -> None:
    """Each version is a slice, under its text as stored."""
    table = open_table(pa.table({"_wk_version": ["1.0", "1.0", "2"], "x": [1.0, 2.0, 3.0]}))
    model = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),))

    found = profile(table, model, fit_binnings(table, model), granularity=None)

    assert [(part.version, part.rows) for part in found] == [(None, 3), ("1.0", 2), ("2", 1)]


def test_number_as_segment() -> None:
    """A segment column of numbers is named without a needless fraction."""
    table = open_table(pa.table({"s": [1.0, 2.5, float("nan"), None]}))
    model = Model("m", Task.NONE, (Column("s", ColumnType.CATEGORICAL, Role.SEGMENT),))

    found = profile(table, model, {}, granularity=None)

    assert [part.segment for part in found] == [None, "s=1", "s=2.5"]
