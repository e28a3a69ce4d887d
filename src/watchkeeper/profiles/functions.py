"""Functions of DuckDB that ibis has no name for. They are never run: ibis reads the signatures."""

# mypy: disable-error-code="empty-body,no-untyped-def,untyped-decorator"

from __future__ import annotations

import ibis.expr.datatypes as dt
from ibis import udf

__all__ = ["epoch_us", "hash_row", "make_timestamp"]


@udf.scalar.builtin(name="epoch_us")
def epoch_us(moment) -> int:  # noqa: ANN001  # a timestamp with a zone or without
    """Microseconds since 1970 in UTC."""


@udf.scalar.builtin(name="make_timestamp")
def make_timestamp(microseconds: int) -> dt.timestamp:
    """The timestamp without zone that is so many microseconds after 1970."""


@udf.scalar.builtin(name="hash")
def hash_row(row) -> dt.uint64:  # noqa: ANN001  # a record of any columns
    """64 bits that equal rows share; NULL and NaN equal themselves."""
