"""Schema changes."""

from __future__ import annotations

import pytest

from watchkeeper.domain.verdict import Severity
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.quality.schema import schema

_BEFORE = {"x": "int64", "c": "string", "t": "timestamp(6)", "id": "string", "y": "string"}


def _found(bench, now: dict[str, str]) -> list[tuple[str | None, str, Severity]]:
    history = History((bench.window(0, {}, schema=_BEFORE),), timed=True)
    found = bench.judge(schema, bench.window(1, {}, schema=now), history)
    return [(e.series.column, status, e.severity) for e, status in found]


def test_the_same_columns_are_one_quiet_verdict(bench):
    """Nothing changed: one verdict about the table."""
    [(column, status, _)] = _found(bench, _BEFORE)

    assert (column, status) == (None, "ok")


@pytest.mark.parametrize(("then", "now"), [(0, 5), (5, 0)])
def test_a_column_without_values_has_no_type(bench, then, now):
    """A day of nulls comes as text from one file and as floats from another: missing, not retyped."""

    def day(at, held, kind):
        profile = bench.numeric([1.0] * held, null=5 - held)
        return bench.window(at, {"x": profile}, schema=_BEFORE | {"x": kind})

    history = History((day(0, then, "int64"),), timed=True)

    [(found, status)] = bench.judge(schema, day(1, now, "null"), history)

    assert (found.series.column, status) == (None, "ok")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x": None}, [("x", "alert", Severity.CRITICAL)]),
        ({"x": "string"}, [("x", "alert", Severity.CRITICAL)]),
        ({"z": "double"}, [("z", "alert", Severity.INFO)]),
        ({"x": "float64"}, [(None, "ok", Severity.WARNING)]),
        ({"y": None}, [(None, "ok", Severity.WARNING)]),
        ({"_wk_day": "date"}, [(None, "ok", Severity.WARNING)]),
        ({"c": "dictionary<values=string, indices=int32>"}, [(None, "ok", Severity.WARNING)]),
    ],
)
def test_what_counts_as_a_change(bench, change, expected):
    """A lost or retyped feature is critical, a new column information, a late label nothing."""
    now = {name: kind for name, kind in (_BEFORE | change).items() if kind is not None}

    assert _found(bench, now) == expected
