"""A user's own metric: what it may say, what it may not, and the cage it runs in."""

from __future__ import annotations

import contextlib
import threading

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Task
from watchkeeper.errors import InvalidDefinition, InvalidInput, PluginFailed, WatchkeeperError
from watchkeeper.monitors import expression
from watchkeeper.monitors.expression import check_expression, evaluate_expression

NUMERIC, TEXT = ColumnType.NUMERIC, ColumnType.CATEGORICAL
MODEL = Model(
    "m",
    Task.NONE,
    (
        Column("fare", NUMERIC),
        Column("km", NUMERIC),
        Column("city", TEXT),
        Column("Fare", NUMERIC),
        Column("select", NUMERIC),
        Column('a"; DROP TABLE x; --', NUMERIC),
    ),
)
ROWS = pa.table({
    "fare": [10.0, 20.0, None, 30.0],
    "km": [1.0, 2.0, 3.0, 0.0],
    "city": ["a", "b", "a", None],
    "Fare": [1.0, 1.0, 1.0, 1.0],
    "select": [5.0, 5.0, 5.0, 5.0],
    'a"; DROP TABLE x; --': [7.0, 7.0, 7.0, 7.0],
})  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("avg(fare)", 20.0),
        ("sum(fare) / sum(km)", 10.0),
        ("count(*)", 4.0),
        ("count(fare)", 3.0),
        ("count(distinct city)", 2.0),
        ("avg(case when city = 'a' then 1 else 0 end)", 0.5),
        ("avg(fare) filter (where km > 0)", 15.0),
        ("max(fare) - min(fare)", 20.0),
        ("median(fare)", 20.0),
        ("quantile_cont(fare, 0.5)", 20.0),
        ("sum(coalesce(fare, 0)) / count(*)", 15.0),
        ("count(*) filter (where city in ('a', 'b'))", 3.0),
        ("sqrt(avg(power(km, 2)))", 1.8708286933869707),
        ("avg(cast(fare > 15 as double))", 2 / 3),
        ("bool_or(fare > 25)", 1.0),
        ("avg(Fare)", 1.0),
        ('avg("select")', 5.0),
        ('avg("a""; DROP TABLE x; --")', 7.0),
        ("avg(fare) -- a comment", 20.0),
    ],
)
def test_an_aggregate_of_columns_is_computed(sql, expected):
    """Arithmetic of aggregates over the model's columns, whatever these are named."""
    assert evaluate_expression(sql, ROWS, MODEL) == pytest.approx(expected)


@pytest.mark.parametrize(
    "sql", ["avg(fare / 0)", "sum(fare) filter (where km > 9)", "ln(avg(km) * 0)"]
)
def test_a_metric_without_a_value_is_none_or_an_error_never_a_number(sql):
    """NULL and infinity are no figures."""
    try:
        found = evaluate_expression(sql, ROWS, MODEL)
    except PluginFailed:
        found = None
    assert found is None


HOSTILE = [
    "(select 1)",
    "avg((select max(fare) from wk_rows))",
    "(select content from read_text('/etc/passwd'))",
    "read_csv('/etc/passwd')",
    "avg(fare) from read_csv('/etc/passwd')",
    "count(*) from duckdb_settings()",
    "getenv('HOME')",
    "avg(getenv('HOME'))",
    "max(current_setting('home_directory'))",
    "current_user",
    "version()",
    "avg(fare); DROP TABLE wk_rows",
    "avg(fare); COPY wk_rows TO '/tmp/stolen.csv'",
    "COPY wk_rows TO '/tmp/stolen.csv'",
    "ATTACH '/tmp/other.db'",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE TABLE x AS SELECT 1",
    "SELECT avg(fare)",
    "avg(fare) UNION SELECT 1",
    "avg(fare) in (select 1)",
    "count(*) filter (where exists (select 1))",
    "sum(fare) over (partition by city)",
    "max(repeat('x', 1000000000))",
    "max(length(repeat('x', 2000000000)))",
    "list(fare)",
    "max(range(1000000000))",
    "string_agg(city)",
    "histogram(city)",
    "max(list_transform([1, 2], x -> x))",
    "avg(unnest([1, 2, 3]))",
    "avg(wk_rows.fare)",
    "avg(main.wk_rows.fare)",
    "avg(COLUMNS(*))",
    "*",
    "sum(*)",
    "fare",
    "fare + avg(fare)",
    "1 + 1",
    "avg(max(fare))",
    "avg(unknown_column)",
    "avg(_wk_id)",
    "avg(cast(fare as decimal(38, 10)))",
    "max(cast(city as json))",
    "avg(?)",
    "avg($1)",
    "avg(fare) filter (where city ~ '(a+)+$')",
    "max(regexp_replace(city, 'a', 'b'))",
    "max(random())",
    "max(now())",
    "",
    "   ",
    ";",
    "avg(",
    "\x00",
    "avg(fare) /*",
    "'text'",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_what_is_not_an_allowed_aggregate_is_refused(sql):
    """Files, statements, subqueries, settings, windows, foreign columns: refused before running."""
    with pytest.raises(InvalidDefinition):
        check_expression(sql, MODEL)


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 500 + "avg(fare)" + ")" * 500,
        "(" * 100_000,
        "avg(" + "-" * 1_900 + "fare)",
        "avg(" + "- " * 900 + "fare)",
        "avg(" + "not " * 450 + "fare)",
        "avg(fare" + " + 1" * 480 + ")",
        "avg(" + "case when true then " * 90 + "fare" + " end" * 90 + ")",
        "avg(fare) + " * 3_000 + "avg(fare)",
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(sql):
    """Nesting and length that would exhaust a parser are refused in words."""
    with pytest.raises(InvalidDefinition):
        check_expression(sql, MODEL)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_is_an_aggregate(text):
    """Whatever is written gives a checked expression or an invalid definition, nothing else."""
    try:
        checked = check_expression(text, MODEL)
    except InvalidDefinition:
        return
    assert set(checked.columns) <= {column.name for column in MODEL.columns}


@given(
    st.lists(
        st.sampled_from(
            [
                "avg",
                "(",
                ")",
                "fare",
                "+",
                "*",
                "'",
                '"',
                ";",
                "--",
                "select",
                "from",
                "1",
                ",",
                "case",
                "end",
            ]
        ),
        max_size=12,
    )
)
def test_any_words_are_refused_or_run(words):
    """What passes the check runs, or fails as a metric; it never escapes as another error."""
    with contextlib.suppress(WatchkeeperError):
        evaluate_expression(" ".join(words), ROWS, MODEL)


def test_a_metric_that_runs_too_long_is_stopped():
    """The clock interrupts the query, and the error says after how long."""
    rows = pa.table({"fare": pa.array(range(3_000_000), pa.float64())})
    slow = " + ".join(["quantile_cont(sqrt(abs(fare)), 0.3)", "median(ln(fare + 1))"] * 6)

    with pytest.raises(PluginFailed, match="took over"):
        evaluate_expression(slow, rows, MODEL, seconds=0.01)


def test_a_metric_that_needs_too_much_memory_fails(monkeypatch):
    """Memory is capped, and nothing is spilled to disk."""
    monkeypatch.setitem(expression._CAGE, "memory_limit", "8MB")
    rows = pa.table({"fare": pa.array(range(1_000_000), pa.float64())})

    with pytest.raises(PluginFailed, match="emory"):
        evaluate_expression("count(distinct fare)", rows, MODEL)


def test_the_clock_leaves_nothing_running():
    """After a metric no timer thread remains."""
    before = threading.active_count()

    evaluate_expression("avg(fare)", ROWS, MODEL)

    assert threading.active_count() <= before + 1


def test_a_column_that_the_rows_lack_is_named():
    """Rows without a column of the metric are invalid input."""
    with pytest.raises(InvalidInput, match="km"):
        evaluate_expression("avg(km)", ROWS.drop_columns(["km"]), MODEL)


def test_a_metric_that_gives_text_is_refused():
    """A metric is a number."""
    with pytest.raises(InvalidDefinition, match="number"):
        evaluate_expression("max(city)", ROWS, MODEL)


def test_a_failing_metric_says_what_failed():
    """Text that is no number fails as foreign code does, with the engine's reason."""
    with pytest.raises(PluginFailed, match="onver"):
        evaluate_expression("avg(cast(city as double))", ROWS, MODEL)


def test_no_rows_give_no_value():
    """Over no rows an average has no value, and a count is 0."""
    assert evaluate_expression("avg(fare)", ROWS.slice(0, 0), MODEL) is None
    assert evaluate_expression("count(*)", ROWS.slice(0, 0), MODEL) == 0.0
