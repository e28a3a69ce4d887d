"""A user's own metric: one SQL aggregate expression, checked before it runs and caged while it does.

It is parsed, and every part of it must be on the list of what is allowed: literals, the model's
columns, arithmetic, comparisons, CASE, casts to plain types, common functions of numbers, and
aggregates. What is run is not the text but what was understood of it, with columns renamed, on an
in-memory DuckDB that sees nothing but the rows, with external access off, its configuration
locked, and memory and time capped.

>>> from watchkeeper.domain.model import Column, ColumnType, Model, Task
>>> fares = Model("m", Task.NONE, (Column("fare", ColumnType.NUMERIC),))
>>> check_expression("avg(fare) filter (where fare > 0)", fares).columns
('fare',)
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from watchkeeper.domain.model import Model
from watchkeeper.errors import InvalidDefinition, InvalidInput, PluginFailed

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Expression", "check_expression", "evaluate_expression"]

_LONGEST = 2_000  # characters
_DEEPEST = 30  # parentheses within parentheses
_MOST_NODES = 400
_SECONDS = 10.0
_CAGE = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "memory_limit": "512MB",
    "threads": "1",
    "lock_configuration": "true",
}

_AGGREGATES: tuple[type[exp.Expression], ...] = (
    exp.ApproxDistinct, exp.Avg, exp.Corr, exp.Count, exp.CountIf, exp.CovarPop, exp.CovarSamp,
    exp.LogicalAnd, exp.LogicalOr, exp.Max, exp.Median, exp.Min, exp.PercentileCont,
    exp.PercentileDisc, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Sum, exp.Variance,
    exp.VariancePop,
)  # fmt: skip
_PARTS: tuple[type[exp.Expression], ...] = (
    # values and how they are written
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Star,
    exp.Cast, exp.TryCast, exp.DataType, exp.Distinct, exp.Filter, exp.Where,
    # arithmetic, comparison, logic, choice
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between,
    exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Coalesce, exp.Nullif,
    # functions of one row
    exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Sqrt, exp.Exp, exp.Ln, exp.Log, exp.Sign,
    exp.Greatest, exp.Least, exp.Lower, exp.Upper, exp.Length, exp.IsNan, exp.IsInf,
)  # fmt: skip
_TYPES = frozenset({
    exp.DataType.Type.BIGINT, exp.DataType.Type.BOOLEAN, exp.DataType.Type.DOUBLE,
    exp.DataType.Type.FLOAT, exp.DataType.Type.INT, exp.DataType.Type.TEXT,
    exp.DataType.Type.VARCHAR,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: the columns that it reads, and it as SQL over ``c0, c1, …``."""

    columns: tuple[str, ...]
    sql: str


def check_expression(sql: str, model: Model) -> Expression:
    """The expression as it may be run over the model's columns.

    Raises
    ------
    InvalidDefinition
        Where it is not one aggregate expression of what is allowed; the message says which part.
    """
    tree = _parsed(sql)
    nodes = list(tree.walk())
    if len(nodes) > _MOST_NODES:
        raise _refused(sql, f"must be of at most {_MOST_NODES} parts, got {len(nodes)}")
    for node in nodes:
        _check_node(node, sql)
    _check_aggregation(tree, sql)
    names = tuple(dict.fromkeys(node.name for node in nodes if isinstance(node, exp.Column)))
    known = {column.name for column in model.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _refused(sql, f"must name columns of model {model.name!r}, got {unknown}")
    for node in nodes:
        if isinstance(node, exp.Column):
            node.set("this", exp.to_identifier(f"c{names.index(node.name)}", quoted=True))
    return Expression(names, tree.sql(dialect="duckdb", comments=False))


def evaluate_expression(
    sql: str, rows: pa.Table, model: Model, *, seconds: float = _SECONDS
) -> float | None:
    """The value of the expression over ``rows``; None where it has none (NULL, NaN, infinite).

    Raises
    ------
    InvalidDefinition
        Where the expression is not allowed, or does not give a number.
    InvalidInput
        Where a column of it is not among the rows.
    PluginFailed
        Where it fails over these rows, needs too much memory or more than ``seconds``.
    """
    checked = check_expression(sql, model)
    missing = [name for name in checked.columns if name not in rows.column_names]
    if missing:
        raise InvalidInput(f"the rows must hold the columns of {sql!r}, they lack {missing}")
    value = _caged(checked, rows, seconds)
    if value is None:
        return None
    if not isinstance(value, (bool, int, float)):
        raise _refused(sql, f"must give a number, got {type(value).__name__}")
    return float(value) if math.isfinite(value) else None


def _parsed(sql: str) -> exp.Expression:
    if len(sql) > _LONGEST:
        raise InvalidDefinition(
            f"a metric's SQL must be of at most {_LONGEST} characters, got {len(sql)}: shorten it"
        )
    if _depth(sql) > _DEEPEST:
        raise _refused(sql, f"must nest at most {_DEEPEST} parentheses")
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _refused(sql, f"must be SQL that can be read: {str(error)[:200]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Expression):
        raise _refused(sql, "must be one expression")
    return statements[0]


def _depth(sql: str) -> int:
    deepest = depth = 0
    for letter in sql:
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    return deepest


def _check_node(node: exp.Expression, sql: str) -> None:
    if type(node) not in _ALLOWED:
        raise _refused(sql, f"must not hold {node.sql(dialect='duckdb')[:60]!r}: it is not allowed")
    if isinstance(node, exp.Column) and (node.table or not isinstance(node.this, exp.Identifier)):
        raise _refused(sql, f"must name columns alone, got {node.sql(dialect='duckdb')[:60]!r}")
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise _refused(sql, "must use * in count(*) alone")
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest")):
        raise _refused(sql, "must list the values of IN")
    if isinstance(node, exp.DataType) and (node.this not in _TYPES or node.expressions):
        raise _refused(sql, f"must cast to a plain type, got {node.sql(dialect='duckdb')[:60]!r}")


def _check_aggregation(tree: exp.Expression, sql: str) -> None:
    """Columns stand within aggregates, and aggregates not within each other."""
    for node in tree.walk():
        above = [each for each in _ancestors(node) if isinstance(each, _AGGREGATES)]
        filtered = any(isinstance(each, exp.Filter) for each in _ancestors(node))
        if isinstance(node, exp.Column) and not above and not filtered:
            raise _refused(sql, f"must aggregate column {node.name!r}, for example with avg")
        if isinstance(node, _AGGREGATES) and above:
            raise _refused(sql, "must not hold an aggregate within an aggregate")
    if not any(isinstance(node, _AGGREGATES) for node in tree.walk()):
        raise _refused(sql, "must hold an aggregate, such as avg, sum or count")


def _ancestors(node: exp.Expression) -> list[exp.Expression]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _refused(sql: str, why: str) -> InvalidDefinition:
    return InvalidDefinition(f"a metric's SQL {why} (in {sql[:200]!r})")


def _caged(checked: Expression, rows: pa.Table, seconds: float) -> object:
    import duckdb

    connection = duckdb.connect(":memory:", config=dict(_CAGE))
    clock = threading.Timer(seconds, connection.interrupt)
    try:
        connection.register("wk_rows", _seen(checked, rows))
        clock.start()
        found = connection.execute(f"SELECT {checked.sql} FROM wk_rows").fetchone()
    except duckdb.InterruptException as error:
        raise PluginFailed(f"the metric took over {seconds:g} s: {checked.sql[:200]}") from error
    except duckdb.Error as error:
        raise PluginFailed(f"the metric failed: {str(error)[:300]}") from error
    finally:
        clock.cancel()
        connection.close()
    return found[0] if found is not None else None


def _seen(checked: Expression, rows: pa.Table) -> pa.Table:
    """The columns that the expression reads, as c0, c1, …; one without values for count(*)."""
    import pyarrow as pa

    if not checked.columns:
        return pa.table({"c0": pa.nulls(rows.num_rows)})
    names = [f"c{position}" for position in range(len(checked.columns))]
    return rows.select(list(checked.columns)).rename_columns(names)


_ALLOWED = frozenset({*_AGGREGATES, *_PARTS})
