"""What a claim puts into each table, and what the table's stored columns keep out.

A definition may change the type of a column while older rows of it lie in the lake. New rows then
keep their values in a place of their own beside it, and readers put the two together, so nothing
is lost. Rows whose column differs from a stored one in the case of its name alone cannot lie in
the same table: they are quarantined with the reason, whole batches at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.inbox import Claim, InboxBatch
from watchkeeper.catalog.windows import Tally
from watchkeeper.ingest.envelope import unpacked_table
from watchkeeper.ingest.reasons import Reason
from watchkeeper.lake.delta import conflicts
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.schemas import quarantine_schema, typed_name

__all__ = ["Stored", "set_aside"]


@dataclass(frozen=True, slots=True)
class Stored:
    """One claim's rows by table, its counts by window, and the accounts of its batches."""

    tables: Mapping[LakeTable, pa.Table]
    tallies: tuple[Tally, ...]
    accounts: tuple[BatchAccount, ...] = ()


def set_aside(claim: Claim, lake: Lake) -> Stored:
    """Sort a claim's rows into those that the tables can take and the quarantine.

    The same claim is sorted the same way again after a crash: what it added to a table meanwhile
    is what it adds.
    """
    parts: dict[LakeTable, list[pa.Table]] = {table: [] for table in _KINDS}
    tallies: list[Tally] = []
    accounts: list[BatchAccount] = []
    schemas: dict[LakeTable, pa.Schema] = {}
    for batch in claim.batches:
        refused: set[LakeTable] = set()
        for table, given in _tables(batch).items():
            if table not in schemas:
                schemas[table] = lake.schema(claim.model, table) or pa.schema([])
            rows = _renamed(given, schemas[table])
            wrong = conflicts(schemas[table], rows.schema)
            if wrong:
                parts[LakeTable.QUARANTINE].append(_refused(rows, wrong, table, batch))
                refused.add(table)
            else:
                parts[table].append(rows)
                schemas[table] = pa.unify_schemas([schemas[table], rows.schema])
        known = [_dated(tally, batch.known_at) for tally in batch.tallies]
        gone = LakeTable.PREDICTIONS in refused
        tallies += [_rejected(tally) if gone else tally for tally in known]
        if batch.account is not None:
            accounts.append(
                batch.account.refused(predictions=gone, labels=LakeTable.LABELS in refused)
            )
    tables = {
        table: pa.concat_tables(found, promote_options="default") if found else _empty(table)
        for table, found in parts.items()
    }
    return Stored(tables, tuple(tallies), tuple(accounts))


_KINDS = (LakeTable.PREDICTIONS, LakeTable.LABELS, LakeTable.QUARANTINE)


def _renamed(rows: pa.Table, stored: pa.Schema) -> pa.Table:
    """The rows with each column whose type was changed in a place of its own."""
    names = [
        typed_name(field.name, field.type)
        if field.name in stored.names and stored.field(field.name).type != field.type
        else field.name
        for field in rows.schema
    ]
    return rows if names == rows.column_names else rows.rename_columns(names)


def _tables(batch: InboxBatch) -> dict[LakeTable, pa.Table]:
    packed = zip(_KINDS, (batch.predictions, batch.labels, batch.quarantine), strict=True)
    return {table: unpacked_table(data) for table, data in packed if data is not None}


def _empty(table: LakeTable) -> pa.Table:
    return quarantine_schema().empty_table() if table is LakeTable.QUARANTINE else pa.table({})


def _dated(tally: Tally, known_at: datetime) -> Tally:
    late = tally.accepted if known_at > tally.window.due else 0
    return replace(tally, since=known_at, until=known_at, late=late)


def _rejected(tally: Tally) -> Tally:
    return replace(tally, accepted=0, rejected=tally.rejected + tally.accepted, late=0)


def _refused(
    rows: pa.Table, wrong: Mapping[str, str], table: LakeTable, batch: InboxBatch
) -> pa.Table:
    size = rows.num_rows
    detail = (
        f"columns must keep the name and type they are stored with, got {'; '.join(wrong.values())}"
    )
    day = batch.known_at.date()
    held = {
        "_wk_batch": pa.repeat(batch.batch, size),
        "_wk_known_at": rows.column("_wk_known_at"),
        "_wk_kind": pa.repeat(str(table), size),
        "_wk_reason": pa.repeat(Reason.SCHEMA_CONFLICT.value, size),
        "_wk_detail": pa.repeat(detail, size),
        "_wk_row": pa.array([json.dumps(row, default=str) for row in rows.to_pylist()]),
        "_wk_day": pa.repeat(pa.scalar(day, pa.date32()), size),
    }
    schema = quarantine_schema()
    return pa.table([held[name] for name in schema.names], schema=schema)
