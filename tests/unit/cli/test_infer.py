"""`watchkeeper infer`: a definition on standard output."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from watchkeeper.cli.infer import command
from watchkeeper.definitions.document import load_model, model_from_dict
from watchkeeper.errors import NotFound


@pytest.fixture
def reference(tmp_path):
    """A small reference of a binary classifier."""
    rng = np.random.default_rng(0)
    score = rng.random(500)
    table = pa.table(
        {"x": rng.normal(size=500), "score": score, "prediction": (score > 0.5).astype(int)}
    )
    pq.write_table(table, tmp_path / "Late Flights.parquet")
    return str(tmp_path / "Late Flights.parquet")


def test_the_yaml_can_be_applied(reference):
    """The output is a definition, named after the file, with its guesses as comments."""
    result = CliRunner().invoke(command, [reference])

    model = load_model(result.stdout)
    assert (result.exit_code, model.name, model.task) == (0, "late-flights", "binary")
    assert "# guessed: prediction (0.97): holds 0/1 and agrees with 'score' ≥ 0.5" in result.stdout


def test_the_guesses_as_json(reference):
    """With --json, the definition and every guess."""
    result = CliRunner().invoke(command, [reference, "--json", "--name", "late"])

    found = json.loads(result.stdout)
    assert model_from_dict(found["definition"]).name == "late"
    assert {"column", "field", "value", "confidence", "why"} == set(found["guesses"][0])


def test_a_missing_file():
    """What is not there is not found."""
    result = CliRunner().invoke(command, ["/nowhere/ref.parquet"])

    assert isinstance(result.exception, NotFound)


def test_new_columns_of_a_running_model_are_proposed(monkeypatch):
    """Its definition with what its rows hold beyond it, each named in a comment."""
    from watchkeeper.cli import infer
    from watchkeeper.sdk.http import Answer

    found = {
        "columns": [{"name": "gust", "type": "numeric", "role": "feature", "rows": 60}],
        "looked_at": 70,
        "definition": {
            "kind": "Model",
            "apiVersion": "watchkeeper/v1",
            "name": "loans",
            "task": "none",
            "columns": {"gust": "numeric"},
        },
    }

    class Server:
        def get(self, path):
            assert path == "/api/v1/models/loans/proposal"
            return Answer(found)

    monkeypatch.setattr(infer, "connect", lambda url, key: Server())
    result = CliRunner().invoke(command, ["loans", "--new-columns"])

    assert "# new: gust (numeric, in 60 of the 70 rows" in result.stdout
    assert [column.name for column in load_model(result.stdout).columns] == ["gust"]
