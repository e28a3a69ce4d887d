"""A watched model with a week of rows, and what a test does to its installation."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.governance.backup import Installation
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.wiring import Parts, open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 60
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
granularity: 1d
label_horizon: 7d
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
"""


def loans(day, rows=ROWS):
    """A day of loans with their truth."""
    random = np.random.default_rng(day.toordinal())
    score = random.beta(2, 2, rows)
    return pa.table(
        {
            "loan": [f"{day:%Y%m%d}-{place}" for place in range(rows)],
            "at": [day + timedelta(seconds=86_400 * place / rows) for place in range(rows)],
            "income": random.lognormal(10, 0.5, rows),
            "score": score,
            "prediction": np.where(score > 0.5, "yes", "no").tolist(),
            "repaid": np.where(random.random(rows) < score, "yes", "no").tolist(),
        }
    )


@dataclass
class House:
    """One installation, opened."""

    settings: Settings
    parts: Parts

    @staticmethod
    def loans(day, rows=ROWS):
        """A day of loans with their truth."""
        return loans(day, rows)

    @classmethod
    def open(cls, settings):
        """Open what is in a home folder."""
        return cls(settings, open_parts(settings, now=Clock(START + 300 * DAY)))

    def receive(self, table, known_at, *, kind=RowKind.PREDICTIONS, batch=None):
        """Acknowledge rows; they wait in the inbox."""
        self.parts.clocks.driven_by_data("loans", data=True, by="test")
        Receiver(self.parts.catalog, clock=self.parts.now).receive(
            self.parts.models.get("loans").model,
            kind,
            table,
            batch_id=batch or f"{kind}-{known_at}-{table.num_rows}",
            key="test",
            known_at=known_at,
        )

    def live(self, number, *, rows=ROWS):
        """A day's rows with their labels, received the morning after, moved and judged."""
        day = START + number * DAY
        table = loans(day, rows)
        self.receive(table.drop_columns(["repaid"]), day + DAY)
        labels = table.select(["loan", "repaid"]).rename_columns(["id", "label"])
        self.receive(labels, day + DAY, kind=RowKind.LABELS)
        nothing = loans(day, 1).slice(0, 0).drop_columns(["repaid"])
        self.receive(nothing, day + DAY + timedelta(hours=2))
        self.parts.worker().step()

    def told(self):
        """What an installation answers: verdicts, windows with their counts, and rows."""
        catalog, lake = self.parts.catalog, self.parts.lake
        ever = {"start": START - 99 * DAY, "end": START + 99 * DAY}
        windows = catalog.windows.page("loans").items
        return {
            "verdicts": sorted(v.id for v in catalog.verdicts.series(VerdictFilter("loans"))),
            "windows": [(w.window, w.accounting, w.state, w.status) for w in windows],
            "rows": {
                table: sorted(map(str, lake.rows("loans", table, **ever).to_pylist()))
                for table in (LakeTable.PREDICTIONS, LakeTable.LABELS, LakeTable.QUARANTINE)
            },
            "profiles": lake.profiles("loans", **ever).num_rows,
        }

    def ids(self):
        """The ids of all predictions that are stored."""
        ever = {"start": START - 99 * DAY, "end": START + 99 * DAY}
        rows = self.parts.lake.rows("loans", LakeTable.PREDICTIONS, **ever)
        return sorted(rows.column("_wk_id").to_pylist()) if rows.num_rows else []

    def installation(self):
        """What a backup sees of it."""
        return Installation.open(self.settings)


@pytest.fixture(scope="session")
def week(tmp_path_factory):
    """The home folder of an installation that judged four days; to be copied."""
    home = tmp_path_factory.mktemp("week") / "home"
    house = House.open(Settings(home=home))
    house.parts.models.apply("loans", model_to_dict(load_model(DEFINITION)), by="test", now=START)
    for number in range(4):
        house.live(number)
    house.parts.close()
    (home / "admin.key").write_text("the key\n")
    return home


@pytest.fixture
def house(week, tmp_path):
    """An installation of its own that judged four days, in folders."""
    home = tmp_path / "home"
    shutil.copytree(week, home)
    opened = House.open(Settings(home=home))
    yield opened
    opened.parts.close()


@pytest.fixture
def reopen():
    """Open an installation elsewhere, as its server would."""
    made = []

    def open_house(home, **changed):
        made.append(House.open(replace(Settings(home=Path(home)), **changed)))
        return made[-1]

    yield open_house
    for each in made:
        each.parts.close()
