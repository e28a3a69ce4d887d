"""A model, and an installation in a temporary folder."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watchkeeper.catalog import Catalog
from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.ingest import Mover, Receiver, RowKind
from watchkeeper.lake import Lake, LakeTable

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
EVER = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": datetime(2030, 1, 1, tzinfo=UTC)}


def make_model(*extra: Column, task: Task = Task.BINARY) -> Model:
    """A small classifier with one column of most roles."""
    return Model(
        "flights",
        task,
        (
            Column("wind", ColumnType.NUMERIC),
            Column("carrier", ColumnType.CATEGORICAL),
            Column("origin", ColumnType.CATEGORICAL, Role.SEGMENT),
            Column("pred", ColumnType.CATEGORICAL, Role.PREDICTION),
            Column("proba", ColumnType.NUMERIC, Role.SCORE, score_of="true"),
            Column("late", ColumnType.CATEGORICAL, Role.LABEL),
            *extra,
        ),
        positive_class="true",
    )


class Installation:
    """Everything that ingest touches, with short verbs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.catalog = Catalog.open(f"sqlite:///{home}/catalog.db", f"sqlite:///{home}/inbox.db")
        self.lake = Lake(home / "lake")
        self.model = make_model()
        self.receiver = Receiver(self.catalog)
        self.mover = Mover(self.catalog, self.lake)
        self._batches = 0

    def send(self, rows, *, kind=RowKind.PREDICTIONS, known_at=NOON, batch=None, model=None):
        """Receive rows under a fresh batch name."""
        self._batches += 1
        return self.receiver.receive(
            model or self.model,
            kind,
            rows,
            batch_id=batch or f"batch-{self._batches}",
            key="key-1",
            known_at=known_at,
        )

    def label(self, rows, **options):
        """Receive labels under a fresh batch name."""
        return self.send(rows, kind=RowKind.LABELS, **options)

    def joined(self, *, day=NOON, known_at=None, model=None):
        """The joined rows of a day, after a move."""
        self.mover.move()
        model = model or self.model
        window = model.granularity.window_of(day)
        return self.lake.joined(model, window, known_at=known_at).to_pylist()

    def quarantine(self):
        """What lies in quarantine, after a move."""
        self.mover.move()
        return self.lake.rows(self.model.name, LakeTable.QUARANTINE, **EVER).to_pylist()

    def stored(self, table):
        """How many rows a table of the lake holds, repeats included."""
        return self.lake.rows(self.model.name, LakeTable(table), **EVER).num_rows

    def window(self, day=NOON):
        """The stored window of a day."""
        return self.catalog.windows.get(self.model.name, self.model.granularity.window_of(day))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Databases at the newest schema, to be copied: migrating takes longer than most tests."""
    home = tmp_path_factory.mktemp("migrated")
    Catalog.open(f"sqlite:///{home}/catalog.db", f"sqlite:///{home}/inbox.db").close()
    return home


@pytest.fixture
def place(tmp_path, migrated):
    """A fresh installation."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    made = Installation(tmp_path)
    yield made
    made.catalog.close()
