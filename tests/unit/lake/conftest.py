"""Rows of a small model, and where they may lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.lake import Lake, LakeTable, label_schema, prediction_schema

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Shelf:
    """A lake with one model, ``m``, to which rows are appended one call a commit."""

    model = Model(
        "m",
        Task.BINARY,
        (Column("x", ColumnType.NUMERIC), Column("y", ColumnType.CATEGORICAL, Role.LABEL)),
    )
    noon = NOON
    day = DAY

    def __init__(self, lake):
        self.lake = lake
        self.sequence = 0

    def put(self, *rows, table=LakeTable.PREDICTIONS, known_at=None):
        """Append predictions of (id, time), or labels of (id, truth, day)."""
        self.sequence += 1
        if table is LakeTable.PREDICTIONS:
            made = [
                {"_wk_id": i, "_wk_time": t, "_wk_known_at": known_at or t, "_wk_day": t.date(), "x": 1.0}
                for i, t in rows
            ]  # fmt: skip
            schema = prediction_schema(self.model)
        else:
            made = [
                {"_wk_id": i, "_wk_label": y, "_wk_known_at": known_at or NOON, "_wk_day": d}
                for i, y, d in rows
            ]
            schema = label_schema(self.model)
        rows = pa.Table.from_pylist(made, schema=schema)
        return self.lake.append("m", table, rows, app_id="test", sequence=self.sequence)

    def ids(self, table=LakeTable.PREDICTIONS, **options):
        """The ids that are stored, sorted."""
        ever = {"start": NOON - 4000 * DAY, "end": NOON + 4000 * DAY}
        rows = self.lake.rows("m", table, **ever, **options)
        return sorted(rows.column("_wk_id").to_pylist()) if rows.num_rows else []

    def files(self, table=LakeTable.PREDICTIONS):
        """The data files that lie in a table's folder, whoever needs them."""
        return sorted(
            item.path
            for item in self.lake.files().walk(f"m/{table}")
            if item.path.endswith(".parquet") and "_delta_log" not in item.path
        )


@pytest.fixture(params=["folder", pytest.param("s3", marks=[pytest.mark.slow, pytest.mark.xdist_group("s3")])])  # fmt: skip
def place(request, tmp_path):
    """A root for a lake and its options: a folder, or a real S3 server."""
    if request.param == "folder":
        return str(tmp_path / "lake"), None
    store = request.getfixturevalue("object_store")
    return store.folder(tmp_path.name), store.options


@pytest.fixture
def shelf(place):
    """An empty lake."""
    return Shelf(Lake(*place))
