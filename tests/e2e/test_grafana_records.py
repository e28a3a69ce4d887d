"""The dashboards over the records: every query gives data on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.source_files import SourceState
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.interop.grafana.provisioning import DataSource, boards_of
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

pytestmark = pytest.mark.slow

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
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
  took: {type: numeric, role: latency}
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
"""


def loans(day, rows=1_500):
    """A day of loans with their truth."""
    random = np.random.default_rng(day.toordinal())
    score = random.beta(2, 2, rows)
    return pa.table(
        {
            "loan": [f"{day:%Y%m%d}-{place}" for place in range(rows)],
            "at": [day + timedelta(seconds=57 * place) for place in range(rows)],
            "income": random.lognormal(10, 0.5, rows),
            "took": random.lognormal(3, 0.4, rows),
            "score": score,
            "prediction": np.where(score > 0.5, "yes", "no").tolist(),
            "repaid": np.where(random.random(rows) < score, "yes", "no").tolist(),
        }
    )


@pytest.fixture(scope="module")
def database(postgresql, tmp_path_factory):
    """The records of an installation that judged five days, the last with a fault."""
    home, clock = tmp_path_factory.mktemp("records") / "home", Clock(START + 30 * DAY)
    parts = open_parts(Settings(home=home, database_url=postgresql), now=clock)
    parts.models.apply("loans", model_to_dict(load_model(DEFINITION)), by="test", now=START)
    defined = parts.models.get("loans")
    reference = pa.concat_tables([loans(START - DAY * back) for back in range(35, 0, -1)])
    parts.references.store(defined, reference, by="test")
    parts.clocks.driven_by_data("loans", data=True, by="test")
    receiver = Receiver(parts.catalog, clock=clock)

    def receive(kind, rows, batch, known_at):
        receiver.receive(defined.model, kind, rows, batch_id=batch, key="test", known_at=known_at)

    for number in range(5):
        day = START + number * DAY
        rows = loans(day)
        if number == 4:
            missing = pa.array([None] * 700 + [1.0] * 800, pa.float64())
            rows = rows.set_column(2, "income", missing)
        receive(RowKind.PREDICTIONS, rows.drop_columns(["repaid"]), f"p{day}", day + DAY)
        labels = rows.select(["loan", "repaid"]).rename_columns(["id", "label"])
        receive(RowKind.LABELS, labels, f"l{day}", day + DAY)
    receive(RowKind.PREDICTIONS, [], "until", START + 6 * DAY)
    parts.worker().step()
    parts.itself("worker").tell()
    parts.catalog.source_states.save("files", SourceState("running", None, 3, clock.now))
    parts.close()
    found = Database(postgresql)
    yield found
    found.close()


def plain(query):
    """A query as Grafana sends it, its macros and variables filled in."""
    first, last = int((START - DAY).timestamp()), int((START + 9 * DAY).timestamp())
    query = query.replace("$__unixEpochFrom()", str(first)).replace("$__unixEpochTo()", str(last))
    query = query.replace("IN ($model)", "IN ('loans')").replace("$model", "loans")
    assert "$" not in query
    return query


@pytest.mark.parametrize("board", boards_of(DataSource.POSTGRES), ids=lambda board: board.uid)
def test_every_panel_has_data(database, board):
    """Each query gives rows; those over time name their time and what they show."""
    for row in board.rows:
        for panel in row.panels:
            for query in panel.queries:
                with database.read() as connection:
                    found = connection.exec_driver_sql(plain(query.text).replace("%", "%%"))
                    names, rows = list(found.keys()), found.all()
                assert rows, f"{panel.title}: {query.text}"
                if panel.kind == "timeseries":
                    assert (names[0], names[-1]) == ("time", "metric"), panel.title
                    assert all(line[0].tzinfo is not None for line in rows)
                    assert [line[0] for line in rows] == sorted(line[0] for line in rows)


def test_what_can_be_chosen_is_there(database):
    """The models of the head of a board."""
    names = {
        variable.query for board in boards_of(DataSource.POSTGRES) for variable in board.variables
    }
    with database.read() as connection:
        found = [connection.execute(sa.text(query)).scalars().all() for query in names]

    assert found == [["loans"]]
