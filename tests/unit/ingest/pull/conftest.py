"""A catalog, a lake, and a door for the rows of a source into them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.definitions.document import load_model
from watchkeeper.domain.source import Source, SourceRows, SourceType
from watchkeeper.ingest.mover import Mover
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.pull.opening import open_puller
from watchkeeper.ingest.receive import Receiver
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.testing.clock import Clock

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
LOANS = load_model("""
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  region: categorical
  score: {type: numeric, role: score}
  repaid: {type: categorical, role: label}
""")


@dataclass
class Keep:
    """What is kept, and how a source's rows come into it."""

    catalog: Catalog
    lake: Lake
    scratch: object
    clock: Clock
    most_waiting: int | None = None
    announced: list[str] = field(default_factory=list)
    model: object = LOANS

    def door(self, source):
        """A door for a source, as a worker of its own would have."""
        receiver = Receiver(self.catalog, clock=self.clock, most_waiting_bytes=self.most_waiting)
        told: Callable[[object], None] = lambda model: self.announced.append(model.name)  # noqa: E731
        return Door(source, self.catalog, receiver, lambda: self.model, told, self.clock)

    def puller(self, source):
        """What fetches a source's rows."""
        return open_puller(self.door(source), lambda secret: "secret", self.scratch)

    def move(self):
        """Bring all that waits into the lake."""
        return Mover(self.catalog, self.lake).move()

    def rows(self, table=LakeTable.PREDICTIONS, *columns):
        """The rows of a table of the lake, after a move."""
        self.move()
        found = self.lake.rows(
            "loans", table, start=NOW - timedelta(days=3650), end=NOW + timedelta(days=3650)
        )
        return (
            found.select([c for c in columns if c in found.column_names]).to_pylist()
            if columns
            else found
        )

    def counts(self, name="src"):
        """What came from a source, and that it adds up."""
        found = self.catalog.ledger.totals()[name].counts
        assert found.received == found.accepted + found.duplicate + found.rejected
        return found

    def quarantined(self):
        """The reasons of what was rejected."""
        return [row["_wk_reason"] for row in self.rows(LakeTable.QUARANTINE, "_wk_reason")]


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """Databases at the newest schema: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("empty")
    Catalog.open(f"sqlite:///{folder}/catalog.db", f"sqlite:///{folder}/inbox.db").close()
    return folder


@pytest.fixture
def keep(empty, tmp_path):
    """An installation of its own."""
    home = tmp_path / "home"
    shutil.copytree(empty, home)
    catalog = Catalog.open(f"sqlite:///{home}/catalog.db", f"sqlite:///{home}/inbox.db")
    yield Keep(catalog, Lake(str(home / "lake")), home / "scratch", Clock(NOW))
    catalog.close()


@pytest.fixture
def folder(tmp_path):
    """A folder for files."""
    made = tmp_path / "incoming"
    made.mkdir()
    return made


@pytest.fixture
def source(folder):
    """Makes sources; by default of the files of the folder, read as soon as they are there."""

    def make(kind=SourceType.DIRECTORY, *, rows="predictions", columns=None, **options):
        given = {"path": str(folder), "settle": 0.0, "poll": 0.0} if kind == "directory" else {}
        return Source(
            "src", "loans", SourceType(kind), {**given, **options}, SourceRows(rows), columns or {}
        )

    return make


def drain(puller, *, most=50):
    """Step until nothing more is there."""
    for _ in range(most):
        if puller.step().events == 0:
            return
    pytest.fail(f"after {most} steps there is still more")


@pytest.fixture(name="drain")
def drain_fixture():
    """Steps a puller until nothing more is there."""
    return drain
