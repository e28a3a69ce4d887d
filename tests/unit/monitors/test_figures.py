"""Figures by name, and the rules that are set on them: thresholds, deviations, own metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    CategoricalProfile,
    ClassificationProfile,
    CountProfile,
    NumericBinning,
    NumericProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.custom import custom, measure
from watchkeeper.monitors.deviation import deviation
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.figures import read, reading_of
from watchkeeper.monitors.static import static
from watchkeeper.stats.grid import cell_of

START = datetime(2024, 1, 1, tzinfo=UTC)
MODEL = Model(
    "m",
    Task.BINARY,
    (
        Column("fare", ColumnType.NUMERIC),
        Column("city", ColumnType.CATEGORICAL),
        Column("id", ColumnType.CATEGORICAL, Role.PREDICTION_ID),
        Column("late", ColumnType.CATEGORICAL, Role.LABEL),
    ),
)
SPEC = MonitorSpec("rule", "static")


def _numeric(values, *, missing=0):
    values = np.asarray(values, float)
    binning = NumericBinning(float(np.median(values)), 10.0)
    z = (values - binning.center) / binning.scale
    cells, place = np.unique(cell_of(values, binning.center, binning.scale), return_inverse=True)
    return NumericProfile(
        binning, len(values) + missing, missing, 0, 0, 0, 0, 0, cells,
        np.bincount(place).astype(np.int64), np.bincount(place, z), float(z.sum()),
        float((z**2).sum()), float(values.min()), float(values.max()),
    )  # fmt: skip


VALUES = np.random.default_rng(1).gamma(3.0, 20.0, 5000)


def _window(day=0, *, values=VALUES, missing=100, errors=3):
    categories = CategoricalProfile(
        CategoricalBinning(("a", "b")), 100, 5, 0, 0, np.array([60, 30]), 3, 2
    )
    performance = ClassificationProfile(
        ("0", "1"), 200, 200, 0, np.array([[120, 20], [10, 50]]), np.zeros((0, 1000, 2), np.int64),
        np.zeros((0, 1000, 2)), np.zeros((0, 1000), np.int64), 0, (0.0, 0.0), (0.0, 0.0),
    )  # fmt: skip
    return WindowProfile(
        "m",
        Window(START + timedelta(days=day), START + timedelta(days=day + 1)),
        len(values),
        {
            "fare": _numeric(values, missing=missing),
            "city": categories,
            "id": CountProfile(100, 0, 0, 4, 2, 1),
        },
        performance=performance,
        service=ServiceProfile(200, errors, _numeric(values)),
        duplicate_rows=50,
        id=f"w{day}",
    )


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("missing_rate", "fare", 100 / 5100),
        ("mean", "fare", VALUES.mean()),
        ("std", "fare", VALUES.std(ddof=1)),
        ("min", "fare", VALUES.min()),
        ("max", "fare", VALUES.max()),
        ("nan_rate", "fare", 0.0),
        ("unseen_rate", "city", 2 / 95),
        ("share:b", "city", 30 / 95),
        ("share:zebra", "city", 0.0),
        ("duplicate_rate", "id", 0.04),
        ("stale_rate", "id", 0.02),
        ("rows", None, 5000.0),
        ("requests", None, 200.0),
        ("error_rate", None, 0.015),
        ("duplicate_row_rate", None, 0.01),
        ("label_rate", None, 1.0),
        ("latency_mean", None, VALUES.mean()),
        ("accuracy", None, 0.85),
        ("recall", None, 50 / 60),
    ],
)
def test_a_figure_is_what_its_name_says(name, column, expected):
    """Every figure equals the plain computation over the rows, inside its own interval."""
    found = read(reading_of(name, column, MODEL), _window(), MODEL)

    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("q", [1, 25, 50, 95, 99.9])
def test_a_quantile_is_right_to_a_cell(q):
    """Quantiles from the grid lie in the cell that holds the true ones."""
    found = read(reading_of(f"p{q}", "fare", MODEL), _window(), MODEL)

    expected = np.quantile(VALUES, q / 100, method="inverted_cdf")
    cell = 0.0101 * np.hypot(10.0, expected - np.median(VALUES))
    assert found.value == pytest.approx(expected, abs=cell)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("p0", "fare"),
        ("p100", "fare"),
        ("median", "fare"),
        ("mean", None),
        ("rmse", None),
        ("accuracy", "fare"),
        ("mean", "absent"),
        ("latency_best", None),
    ],
)
def test_a_figure_that_cannot_be_is_refused(name, column):
    """A wrong name or place is an invalid definition that says what there is."""
    with pytest.raises(InvalidDefinition):
        reading_of(name, column, MODEL)


@pytest.mark.parametrize(
    ("name", "column"),
    [("mean", "city"), ("mean", "late"), ("unseen_rate", "fare"), ("stale_rate", "fare")],
)
def test_a_figure_that_a_column_has_not_does_not_exist(name, column):
    """A figure of another type of column, or of an absent one, is insufficient, never 0."""
    assert read(reading_of(name, column, MODEL), _window(), MODEL).value is None


def test_windows_without_service_or_labels_have_no_such_figures():
    """Absent parts of a window give no figure."""
    bare = replace(_window(), service=None, performance=None)

    for name in ("requests", "error_rate", "latency_p95", "label_rate", "accuracy"):
        assert read(reading_of(name, None, MODEL), bare, MODEL).value is None


def _static(options, window, *, columns=(), severity="warning"):
    spec = MonitorSpec("rule", "static", columns, options, severity)
    return list(static(spec, MODEL, [window], History((), True)))


def test_a_figure_above_its_threshold_alarms_outside_the_budget():
    """The verdict is the rule's own: no p-value, its severity, both numbers in the message."""
    (found,) = _static({"figure": "error_rate", "above": 0.01}, _window(), severity="critical")

    assert found.status is Status.ALERT
    assert found.p_value is None
    assert found.severity is Severity.CRITICAL
    assert "1.5" in found.message or "0.015" in found.message
    assert "above the threshold 0.01" in found.message


def test_a_figure_below_its_threshold_alarms():
    """A floor works like a ceiling."""
    (found,) = _static({"figure": "accuracy", "below": 0.9}, _window())

    assert found.status is Status.ALERT
    assert "below the threshold 0.9" in found.message


def test_a_figure_at_its_threshold_is_fine():
    """A threshold may be reached, not crossed; the verdict shows the limits."""
    (found,) = _static({"figure": "rows", "above": 5000, "below": 5000}, _window())

    assert found.status is Status.OK
    assert found.effect == {"above": 5000.0, "below": 5000.0}


def test_a_rule_covers_each_of_its_columns():
    """One series for every column that is named."""
    found = _static({"figure": "missing_rate", "above": 0.04}, _window(), columns=("fare", "city"))

    assert [(e.series.column, e.status) for e in found] == [
        ("fare", Status.OK),
        ("city", Status.ALERT),
    ]


def test_a_figure_that_does_not_exist_is_insufficient_data():
    """A threshold on an absent figure neither holds nor alarms."""
    (found,) = _static({"figure": "latency_p95", "above": 1}, replace(_window(), service=None))

    assert found.status is Status.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"figure": "rows"},
        {"figure": 7, "above": 1},
        {"figure": "rows", "above": "many"},
        {"figure": "rows", "above": True},
        {"figure": "rows", "above": float("nan")},
        {"figure": "nonsense", "above": 1},
    ],
)
def test_a_rule_that_cannot_be_is_refused(options):
    """A threshold needs a figure and a number."""
    with pytest.raises(InvalidDefinition):
        _static(options, _window())


def _history(days=28, *, weekend=False):
    random = np.random.default_rng(2)
    windows = []
    for day in range(days):
        rows = 500 + int(random.normal(0, 10)) + (400 if weekend and day % 7 > 4 else 0)
        windows.append(_window(day, values=VALUES[:rows]))
    return History(tuple(windows), True)


def _deviation(options, window, history, *, columns=()):
    spec = MonitorSpec("rule", "deviation", columns, options)
    return list(deviation(spec, MODEL, [window], history))


@pytest.mark.parametrize(
    ("rows", "status"), [(505, Status.OK), (450, Status.ALERT), (560, Status.ALERT)]
)
def test_a_deviation_counts_standard_deviations(rows, status):
    """Rows of 500 ± 10: 50 fewer or 60 more is beyond four standard deviations, 5 more is not."""
    (found,) = _deviation(
        {"figure": "rows", "sd": 4}, _window(40, values=VALUES[:rows]), _history()
    )

    assert found.status is status
    assert found.p_value is None
    assert found.effect["expected"] == pytest.approx(500, abs=8)


def test_a_deviation_knows_the_day_of_the_week():
    """A weekend's volume is usual on a weekend only."""
    history = _history(56, weekend=True)
    saturday, monday = (_window(day, values=VALUES[:900]) for day in (61, 56))

    assert _deviation({"figure": "rows"}, saturday, history)[0].status is Status.OK
    assert _deviation({"figure": "rows"}, monday, history)[0].status is Status.ALERT


@pytest.mark.parametrize(("factor", "status"), [(1.1, Status.OK), (0.75, Status.ALERT)])
def test_a_relative_deviation_needs_one_window(factor, status):
    """A share of change from a single window of reference."""
    history = History((_window(),), True)
    current = _window(9, values=VALUES * factor)

    (found,) = _deviation({"figure": "mean", "relative": 0.2}, current, history, columns=("fare",))

    assert found.status is status


def test_a_deviation_without_history_is_insufficient_data():
    """Standard deviations need four windows."""
    (found,) = _deviation({"figure": "rows"}, _window(9), History((_window(),), True))

    assert found.status is Status.INSUFFICIENT_DATA
    assert "4 windows" in found.message


@pytest.mark.parametrize("options", [{"sd": 3, "relative": 0.1}, {"sd": 0}, {"relative": -1}])
def test_a_deviation_needs_one_limit_above_zero(options):
    """Two limits, or one that nothing can keep, are refused."""
    with pytest.raises(InvalidDefinition):
        _deviation({"figure": "rows", **options}, _window(), _history())


def _own(sql, **options):
    spec = MonitorSpec("mine", "custom", options={"sql": sql, **options})
    return spec, replace(MODEL, monitors=(spec,))


def test_an_own_metric_is_measured_with_the_rows_and_judged():
    """The value goes into the window, and over its threshold it alarms."""
    spec, model = _own("avg(fare)", above=15)
    figures = measure(model, pa.table({"fare": [10.0, 30.0]}))
    window = replace(_window(), figures=figures)

    (found,) = custom(spec, model, [window], History((), True))

    assert figures == {"mine": 20.0}
    assert found.status is Status.ALERT
    assert found.series.what == "custom:mine"


def test_an_own_metric_without_threshold_is_held_against_the_baseline():
    """Without a threshold it is a deviation."""
    spec, model = _own("avg(fare)")
    usual = [replace(_window(d), figures={"mine": 20.0 + d % 3}) for d in range(20)]
    windows = [
        replace(_window(40 + i), figures={"mine": value}) for i, value in enumerate((21.0, 60.0))
    ]

    found = list(custom(spec, model, windows, History(tuple(usual), True)))

    assert [each.status for each in found] == [Status.OK, Status.ALERT]


def test_an_own_metric_that_fails_is_an_error_that_says_why():
    """What failed over the rows is told in the verdict; the other windows are judged."""
    spec, model = _own("avg(cast(city as double))", above=1)
    figures = measure(model, pa.table({"city": ["x"]}))
    windows = [replace(_window(0), figures=figures), replace(_window(1), figures={"mine": 2.0})]

    found = list(custom(spec, model, windows, History((), True)))

    assert [each.status for each in found] == [Status.ERROR, Status.ALERT]
    assert "failed" in found[0].message


def test_an_own_metric_without_value_is_insufficient_data():
    """A window in which the metric is NULL is not 0."""
    spec, model = _own("avg(fare)", above=1)
    window = replace(
        _window(), figures=measure(model, pa.table({"fare": pa.array([], pa.float64())}))
    )

    (found,) = custom(spec, model, [window], History((), True))

    assert found.status is Status.INSUFFICIENT_DATA


def test_windows_where_it_was_not_measured_are_left_out():
    """A metric that was added later says nothing of older windows."""
    spec, model = _own("avg(fare)", above=1)

    assert list(custom(spec, model, [_window()], History((), True))) == []


@pytest.mark.parametrize("sql", [None, "", 7, "fare", "read_csv('x')"])
def test_an_own_metric_that_is_not_allowed_is_refused(sql):
    """The monitor checks the expression anew before it says anything."""
    spec, model = _own(sql, above=1)

    with pytest.raises(InvalidDefinition):
        list(custom(spec, model, [_window()], History((), True)))


def test_a_metric_that_is_switched_off_is_not_measured():
    """Disabled monitors cost nothing."""
    spec, model = _own("avg(fare)")
    model = replace(model, monitors=(replace(spec, enabled=False),))

    assert measure(model, pa.table({"fare": [1.0]})) == {}
