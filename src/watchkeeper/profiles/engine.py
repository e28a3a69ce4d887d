"""Running expressions: one ibis expression for every engine, DuckDB at full speed.

Most profiles are the same small expression applied to many columns. Compiling is what costs
there, so on DuckDB one *template* is compiled per kind of column over an unbound table, and the
column's name and numbers are put into its text; every other engine is handed the expressions
themselves. Both come from the same `Branch` function.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Branch",
    "Item",
    "Stream",
    "fetch",
    "fetch_each",
    "is_duckdb",
    "quote",
    "session",
    "supports",
]

# Branches of one UNION ALL: enough to keep every core busy, few enough to plan quickly.
_CHUNK = 64
_WIDE = 100  # columns
# Nobody can name a column or write a value that collides with the marks of a template.
_MARK = f"wk{secrets.token_hex(8)}"

_MARKS = re.compile(rf'"{_MARK}t"|"{_MARK}x(?P<column>\d+)"|"t\d+"\."{_MARK}n(?P<number>\d+)"')

Branch = Callable[[ibis.Table, Sequence[str], Sequence[ibis.Value]], ibis.Table]
"""``branch(table, columns, numbers)``: an aggregate of some columns, with numbers (float64)."""


@dataclass(frozen=True, slots=True)
class Item:
    """Columns to aggregate together. Items of the same ``kind`` share a template.

    ``beside`` are columns that the branch reads under their own names: the time, a segment.
    """

    columns: tuple[str, ...]
    branch: Branch
    kind: Hashable
    beside: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()


def is_duckdb(table: ibis.Expr) -> bool:
    """Whether the table lives in DuckDB, or is the unbound table of a template for it."""
    return _is_template(table) or bool(ibis.get_backend(table).name == "duckdb")


def supports(table: ibis.Expr, operation: type[ops.Node]) -> bool:
    """Whether the table's engine knows the operation."""
    engine = ibis.duckdb if _is_template(table) else ibis.get_backend(table)
    return bool(engine.has_operation(operation))


def _is_template(table: ibis.Expr) -> bool:
    return bool(table.op().find(ops.UnboundTable))


def fetch(expression: ibis.Table) -> pa.Table:
    """The rows of an expression."""
    if is_duckdb(expression):
        return _duckdb(expression, str(ibis.get_backend(expression).compile(expression)))
    return expression.to_pyarrow()


@dataclass(frozen=True, slots=True)
class Stream:
    """The rows of an expression in DuckDB, in batches of about ``rows``, made as they are asked for.

    Read them all before asking anything else.
    """

    connection: duckdb.DuckDBPyConnection
    sql: str
    rows: int

    @classmethod
    def of(cls, expression: ibis.Table, *, rows: int) -> Stream:
        """Prepare to read; nothing is read yet."""
        backend = ibis.get_backend(expression)
        return cls(backend.con, str(backend.compile(expression)), rows)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield from self.connection.sql(self.sql).to_arrow_reader(self.rows)


def session(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, set as every one to a table that is read here."""
    connection.execute("SET TimeZone = 'UTC'")
    # Else a name in SQL that is no table is looked up among Python's variables.
    connection.execute("SET python_enable_replacements = false")
    # It would stand in what is printed.
    connection.execute("SET enable_progress_bar = false")
    return connection


def fetch_each(table: ibis.Table, items: Mapping[int, Item]) -> pa.Table | None:
    """The union of every item's aggregate, with its number as ``item``; None without items.

    The branches must give the same columns for every item.
    """
    if not items:
        return None
    read = _fetch_texts if is_duckdb(table) else _fetch_expressions
    numbered = list(items.items())
    parts = [read(table, numbered[at : at + _CHUNK]) for at in range(0, len(numbered), _CHUNK)]
    return pa.concat_tables(parts, promote_options="permissive")


def _duckdb(table: ibis.Table, sql: str) -> pa.Table:
    return ibis.get_backend(table).con.sql(sql).to_arrow_table()


def _fetch_expressions(table: ibis.Table, items: Sequence[tuple[int, Item]]) -> pa.Table:
    branches = [
        item.branch(
            table, item.columns, [ibis.literal(x, dt.float64) for x in item.numbers]
        ).mutate(item=ibis.literal(position, dt.int32))
        for position, item in items
    ]
    return fetch(ibis.union(*branches) if len(branches) > 1 else branches[0])


def _fetch_texts(table: ibis.Table, items: Sequence[tuple[int, Item]]) -> pa.Table:
    needed = dict.fromkeys(name for _, item in items for name in (*item.columns, *item.beside))
    narrow = table.select(*needed)
    sql = str(ibis.get_backend(table).compile(narrow))
    if len(table.columns) <= _WIDE:
        return _duckdb(table, _union(narrow, items, f"({sql})"))
    # Every branch binds all columns of what it reads from: of a wide table that takes a second.
    connection = ibis.get_backend(table).con
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{_MARK}" AS {sql}')
    try:
        return _duckdb(table, _union(narrow, items, f'"{_MARK}"'))
    finally:
        connection.execute(f'DROP TABLE "{_MARK}"')


def _union(table: ibis.Table, items: Sequence[tuple[int, Item]], source: str) -> str:
    schema = table.schema()
    templates: dict[Hashable, _Template] = {}
    texts = []
    for position, item in items:
        key = (item.kind, *(str(schema[column]) for column in item.columns))
        if key not in templates:
            templates[key] = _Template.of(table, item)
        texts.append(templates[key].fill(source, position, item))
    return " UNION ALL ".join(texts)


@dataclass(frozen=True, slots=True)
class _Template:
    text: str

    @classmethod
    def of(cls, table: ibis.Table, item: Item) -> _Template:
        schema = table.schema()
        columns = {f"{_MARK}x{i}": schema[name] for i, name in enumerate(item.columns)}
        numbers = {f"{_MARK}n{i}": dt.float64 for i in range(len(item.numbers))}
        unbound = ibis.table(dict(schema.items()) | columns | numbers, name=f"{_MARK}t")
        branch = item.branch(unbound, list(columns), [unbound[mark] for mark in numbers])
        return cls(str(ibis.get_backend(table).compile(branch)))

    def fill(self, source: str, position: int, item: Item) -> str:
        """The text for one item; what is put in is never read again for marks."""

        def put(match: re.Match[str]) -> str:
            if match["column"]:
                return quote(item.columns[int(match["column"])])
            if match["number"]:
                return _number(item.numbers[int(match["number"])])
            return source

        return f"SELECT *, {position} AS item FROM ({_MARKS.sub(put, self.text)})"


def quote(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _number(value: float) -> str:
    # With an exponent the literal is a double from the start, not a decimal cast to one.
    text = repr(float(value))
    return f"({text if 'e' in text else text + 'e0'})"
