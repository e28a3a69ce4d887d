"""A small watched model, and the parts of a server over it, without a process or a socket."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.domain.key import Scope
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.api.app import create_app
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 150
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
  region: {type: categorical, role: segment}
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
"""


def loans(day, *, rows=ROWS, seed=0, **changed):
    """A day of loans, with their truth under ``repaid``; ``changed`` replaces columns."""
    random = np.random.default_rng([seed, day.toordinal()])
    score = random.beta(2, 2, rows)
    columns = {
        "loan": [f"{day:%Y%m%d}-{place}" for place in range(rows)],
        "at": [day + timedelta(seconds=86_400 * place / rows) for place in range(rows)],
        "income": random.lognormal(10, 0.5, rows),
        "region": random.choice(["north", "south"], rows).tolist(),
        "score": score,
        "prediction": np.where(score > 0.5, "yes", "no").tolist(),
        "repaid": np.where(random.random(rows) < score, "yes", "no").tolist(),
    }
    return pa.table({**columns, **changed})


def reference():
    """Forty days of loans before the start."""
    return pa.concat_tables([loans(START - DAY * back, seed=1) for back in range(40, 0, -1)])


@dataclass
class Stage:
    """A watched model and what a test does to it."""

    parts: object
    clock: Clock

    @staticmethod
    def loans(day, **options):
        """A day of loans with their truth."""
        return loans(day, **options)

    def send(self, day, *, known_at=None, rows=None, labels=True, **changed):
        """Send a day's predictions, and with them (unless told otherwise) their labels."""
        table = loans(day, **({"rows": rows} if rows is not None else {}), **changed)
        known_at = known_at or day + DAY
        self.receive(RowKind.PREDICTIONS, table.drop_columns(["repaid"]), f"p{day}", known_at)
        if labels:
            self.label(table, known_at)
        return table

    def label(self, table, known_at):
        """Send the truth of a day's loans."""
        rows = table.select(["loan", "repaid"]).rename_columns(["id", "label"])
        self.receive(RowKind.LABELS, rows, f"l{known_at}{table['loan'][0]}", known_at)

    def receive(self, kind, rows, batch, known_at):
        """Send a batch as a backfill: the model's clock is the data's."""
        self.parts.clocks.driven_by_data("loans", data=True, by="test")
        model = self.parts.models.get("loans").model
        Receiver(self.parts.catalog, clock=self.clock).receive(
            model, kind, rows, batch_id=batch, key="test", known_at=known_at
        )

    def advance(self, known_at):
        """Say that time has passed."""
        self.receive(RowKind.PREDICTIONS, [], f"until-{known_at}", known_at)

    def verdicts(self, **wanted):
        """The verdicts that hold now."""
        from watchkeeper.catalog.verdicts import VerdictFilter

        return self.parts.catalog.verdicts.series(VerdictFilter(model="loans", **wanted))


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """An installation with nothing in it, and one with a model and its reference."""
    empty, watched = (tmp_path_factory.mktemp(name) for name in ("empty", "watched"))
    open_parts(Settings(home=empty)).close()
    shutil.copytree(empty, watched, dirs_exist_ok=True)
    parts = open_parts(Settings(home=watched), now=Clock(START))
    parts.models.apply("loans", model_to_dict(load_model(DEFINITION)), by="test", now=START)
    parts.references.store(parts.models.get("loans"), reference(), by="test")
    parts.close()
    return {"empty": empty, "watched": watched}


@pytest.fixture(scope="session")
def lived(homes, tmp_path_factory):
    """The API over an installation that has judged a week, with a fault on its last day. Read only:
    it is shared.
    """
    home = tmp_path_factory.mktemp("lived") / "home"
    shutil.copytree(homes["watched"], home)
    parts = open_parts(Settings(home=home), now=Clock(datetime(2024, 9, 1, tzinfo=UTC)))
    stage = Stage(parts, Clock(datetime(2024, 9, 1, tzinfo=UTC)))
    for number in range(4):
        stage.send(START + number * DAY)
    stage.send(START + 4 * DAY, income=[None] * 50 + [1.0] * (ROWS - 50))
    bad = pa.table({"loan": ["x"], "at": [START], "income": ["a lot"]})
    stage.receive(RowKind.PREDICTIONS, bad, "bad", START + 5 * DAY)
    stage.advance(START + 5 * DAY + timedelta(hours=1))
    parts.worker().step()
    found = Api(create_app(parts.hub()), parts)
    found.headers = found.key("admin")
    yield found
    parts.close()


@pytest.fixture
def clock():
    """The wall's clock, long after the data."""
    return Clock(datetime(2024, 9, 1, tzinfo=UTC))


@pytest.fixture
def open_stage(homes, tmp_path, clock):
    """Opens copies of an installation with a watched model, or of an empty one, by name."""
    made = []

    def open_copy(name, *, source="watched"):
        shutil.copytree(homes[source], tmp_path / name)
        made.append(open_parts(Settings(home=tmp_path / name), now=clock))
        return Stage(made[-1], clock)

    yield open_copy
    for parts in made:
        parts.close()


@pytest.fixture
def parts(open_stage):
    """A new installation."""
    return open_stage("home", source="empty").parts


@pytest.fixture
def stage(open_stage):
    """An installation with a watched model."""
    return open_stage("home")


@pytest.fixture
def definition():
    """The watched model's document."""
    return DEFINITION


class Api:
    """A caller of the application, without a socket; keeps cookies as a browser does."""

    def __init__(self, app, parts):
        self.app, self.parts = app, parts
        self.headers, self.cookies = {}, httpx.Cookies()

    def key(self, *scopes):
        """The header of a new key with those scopes."""
        wanted = [Scope(scope) for scope in scopes]
        _, secret = self.parts.catalog.keys.create("test", wanted, now=self.parts.now())
        return {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, *, headers=None, **options):
        """One request; ``headers`` replace the caller's own."""
        return asyncio.run(self._ask(method, path, headers, options))

    async def _ask(self, method, path, headers, options):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://wk", cookies=self.cookies
        ) as client:
            shown = self.headers if headers is None else headers
            answer = await client.request(method, path, headers=shown, **options)
            self.cookies = client.cookies
            return answer


@pytest.fixture
def api(stage):
    """The API over the watched model, for an admin."""
    found = Api(create_app(stage.parts.hub()), stage.parts)
    found.headers = found.key("admin")
    return found


@pytest.fixture
def anonymous(api):
    """Whoever comes by, with neither a key nor a session."""
    found = Api(api.app, api.parts)
    found.headers = {}
    return found
