"""`watchkeeper backfill`: what is sent when, and what is told of it; the server is a double."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rich.console
from click.testing import CliRunner

from watchkeeper.cli import backfill
from watchkeeper.errors import InvalidInput, RateLimited
from watchkeeper.sdk import client as sdk
from watchkeeper.sdk.bulk import Receipt

START = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DEFINITION = {
    "kind": "Model",
    "apiVersion": "watchkeeper/v1",
    "name": "rides",
    "task": "none",
    "columns": {
        "ride": {"type": "categorical", "role": "prediction_id"},
        "at": {"type": "timestamp", "role": "time"},
        "km": "numeric",
    },
}


class Server:
    """Stands for the server: takes what it is sent, refuses as often as it is told to."""

    def __init__(self, *_, **__):
        self.http = SimpleNamespace(url="http://wk", get=self._get)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def _get(self, path, **_):
        if path.endswith("/clock"):
            return SimpleNamespace(data={"models": [{"name": "rides", "due": 3}]})
        return SimpleNamespace(data={"definition": self.definition})

    def _take(self, kind, rows, batch, known_at):
        if self.refusals:
            raise self.refusals.pop()
        size = len(rows)
        repeated = batch in self.known
        self.known.add(batch)
        self.sent.append((kind, known_at, size))
        rejected = size if isinstance(rows, list) else 0
        counts = {"received": size, "accepted": size - rejected, "rejected": rejected}
        return Receipt({**counts, "duplicate": 0, "repeated": repeated})

    def log_predictions(self, _model, rows, *, batch, known_at):
        return self._take("predictions", rows, batch, known_at)

    def log_labels(self, _model, rows, *, batch, known_at):
        return self._take("labels", rows, batch, known_at)

    def advance(self, _model, known_at):
        self.sent.append(("advance", known_at, 0))

    def wait_until_judged(self, _seconds):
        self.waits -= 1
        return self.waits < 0


@pytest.fixture
def server(monkeypatch):
    """A server that knows the model."""
    for name, value in {
        "definition": DEFINITION, "refusals": [], "known": set(), "sent": [], "waits": 2
    }.items():  # fmt: skip
        monkeypatch.setattr(Server, name, value, raising=False)
    monkeypatch.setattr(sdk, "Client", Server)
    monkeypatch.setattr(backfill.time, "sleep", lambda _: None)
    return Server


@pytest.fixture
def rides(tmp_path):
    """Two days of rides."""
    at = [START, START + DAY / 2, START + DAY]
    pq.write_table(pa.table({"ride": ["a", "b", "c"], "at": at, "km": [1.0, 2.0, 3.0]}), tmp_path / "r.parquet")  # fmt: skip
    return str(tmp_path / "r.parquet")


def run(*arguments):
    """Run the command; its result."""
    options = ("--url", "http://wk", "--key", "k")
    return CliRunner().invoke(
        backfill.command, ["rides", *arguments, *options], standalone_mode=False
    )


def test_days_are_sent_in_order_and_then_judged(server, rides):
    """Each day at its end; then time passes until the last window is due."""
    done = run(rides)

    assert done.return_value == 0
    assert server.sent == [
        ("predictions", START + DAY, 2),
        ("predictions", START + 2 * DAY, 1),
        ("advance", START + 2 * DAY + timedelta(minutes=65), 0),
    ]
    assert "predictions: 3 of 3 accepted" in done.output
    assert "2 batches from 2025-03-02 to 2025-03-03, 0 of them sent before" in done.output
    assert "all windows are judged" in done.output


def test_running_again_says_that_nothing_was_new(server, rides):
    """The summary for programs tells how much was sent before."""
    run(rides, "--no-wait")
    told = json.loads(run(rides, "--no-wait", "--json").output)

    assert (told["batches"], told["repeated"], told["judged"]) == (2, 2, False)
    assert told["kinds"]["predictions"]["received"] == 3
    assert told["first"] == "2025-03-02T00:00:00+00:00"


def test_a_full_server_is_waited_for(server, rides):
    """Being told to wait is no failure."""
    server.refusals = [RateLimited("full"), RateLimited("still full")]

    assert run(rides, "--no-wait").return_value == 0
    assert len(server.sent) == 2


def test_patience_ends(server, rides, monkeypatch):
    """A server that takes nothing for ten minutes is given up."""
    server.refusals = [RateLimited("full")] * 10
    moments = iter([0.0, 1.0, 601.0])
    monkeypatch.setattr(backfill.time, "monotonic", lambda: next(moments))

    assert isinstance(run(rides, "--no-wait").exception, RateLimited)


def test_rejected_rows_are_exit_code_one(server, tmp_path):
    """Rows without a usable time are sent as they are, rejected, and counted."""
    (tmp_path / "r.csv").write_text("ride,at,km\na,some day,1.0\nb,2025-03-01T00:00:00,2.0\n")

    done = run(str(tmp_path / "r.csv"))

    assert done.return_value == 1
    assert "predictions: 1 of 2 accepted, 0 duplicate, 1 rejected" in done.output
    assert "watchkeeper quarantine rides" in done.output


def test_nothing_to_send_is_said(server):
    """Without a file there is nothing to do, and that is told before anything is asked."""
    assert isinstance(run().exception, InvalidInput)


def test_the_bar_tells_rows_day_and_rate(server, rides, monkeypatch):
    """On a terminal a bar is drawn, and what is left of the judging; `--json` draws none."""
    drawn = io.StringIO()
    console = rich.console.Console(file=drawn, force_terminal=True, width=120)
    monkeypatch.setattr(rich.console, "Console", lambda **_: console)

    run(rides)

    assert "3/3" in drawn.getvalue()
    assert "judging" in drawn.getvalue()
    assert "3 windows left" in drawn.getvalue()

    drawn.truncate(0)
    run(rides, "--json")
    assert "3/3" not in drawn.getvalue()
