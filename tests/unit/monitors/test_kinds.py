"""The table of monitors: what is defined wrongly is told before anything is judged."""

from __future__ import annotations

import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.defaults import default_monitors
from watchkeeper.monitors.kinds import KINDS, check_monitors, functions_of

COLUMNS = (
    Column("fare", ColumnType.NUMERIC),
    Column("score", ColumnType.NUMERIC, Role.SCORE),
    Column("late", ColumnType.CATEGORICAL, Role.LABEL),
)


def checked(kind, columns=(), **options):
    spec = MonitorSpec("mine", kind, columns, options)
    check_monitors(Model("m", Task.BINARY, COLUMNS, monitors=(spec,)))


@pytest.mark.parametrize(
    ("kind", "columns", "options", "said"),
    [
        ("threshold", (), {}, "must be one of quality, drift, .* got 'threshold'"),
        ("statik", (), {}, "did you mean 'static'"),
        ("static", (), {"figure": "rows", "abvoe": 3}, "did you mean 'above'"),
        ("static", (), {"figure": "rows"}, "needs the option above or below"),
        ("static", ("fare",), {"figure": "rows", "above": 3}, "a figure of column 'fare'"),
        ("static", (), {"above": 3}, "needs the option figure"),
        ("deviation", (), {"figure": "rows", "sd": -1}, "above 0"),
        ("quality", (), {"checks": ["mising"]}, "must list some of"),
        ("quality", (), {"clock_tolerance_seconds": 1}, "at least 10, got 1"),
        ("quality", (), {"clock_tolerance_seconds": "long"}, "must be a number"),
        ("custom", (), {"sql": "avg(fair)"}, "fair"),
        ("custom", (), {}, "needs the option sql"),
    ],
)
def test_a_wrong_monitor_is_told(kind, columns, options, said):
    """Unknown kinds, options, figures and limits are refused, with what was meant."""
    with pytest.raises(InvalidDefinition, match=said):
        checked(kind, columns, **options)


@pytest.mark.parametrize(
    ("kind", "columns", "options"),
    [
        ("static", ("fare",), {"figure": "p99", "above": 100}),
        ("static", (), {"figure": "latency_p95", "above": 250}),
        ("deviation", (), {"figure": "roc_auc", "relative": 0.1}),
        ("custom", (), {"sql": "avg(fare)", "below": 3}),
        ("quality", (), {"checks": ["missing"]}),
        ("quality", (), {"clock_tolerance_seconds": 300}),
    ],
)
def test_a_right_monitor_passes(kind, columns, options):
    """What the manual shows is accepted."""
    checked(kind, columns, **options)


@pytest.mark.parametrize("task", Task)
def test_the_defaults_are_kinds_of_the_table(task):
    """Every model's own monitors can run as they are."""
    specs = default_monitors(Model("m", task, COLUMNS))

    assert all(functions_of(spec) for spec in specs)
    assert {spec.kind for spec in specs} <= set(KINDS)
