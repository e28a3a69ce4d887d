"""`watchkeeper quarantine`: what it asks of the server, and what it says."""

from __future__ import annotations

import json

import pytest

from watchkeeper.cli import quarantine
from watchkeeper.cli.main import main
from watchkeeper.sdk.http import Answer

ROW = {
    "id": "20240304-7",
    "model": "loans",
    "batch": "b",
    "known_at": "2024-03-04T20:00:00Z",
    "kind": "predictions",
    "reason": "bad_type",
    "detail": "income cannot hold 'x'",
    "row": '{"loan": "é"}',
    "replayed_at": None,
}
DONE = {
    "rows": 3,
    "ready": 2,
    "held": 1,
    "accepted": 2,
    "duplicate": 0,
    "rejected": 0,
    "examples": [{"id": "20240304-7", "row": None, "problem": "it is no row"}],
}


class Server:
    """Answers what the commands ask and remembers it."""

    def __init__(self):
        self.asked = []
        self.rows = [ROW, {**ROW, "id": "20240304-8", "replayed_at": "2024-03-05T00:00:00Z"}]
        self.done = DONE

    def get(self, path, **query):
        self.asked.append((path, query))
        return Answer(ROW if "/rows/" in path else self.rows)

    def send_json(self, method, path, document):
        self.asked.append((method, path, document))
        return Answer(self.done)


@pytest.fixture
def server(monkeypatch):
    """Stands in for the connection."""
    made = Server()
    monkeypatch.setattr(quarantine, "connect", lambda url, key: made)
    return made


def run(capsys, *arguments):
    """The exit code and what was printed."""
    with pytest.raises(SystemExit) as ended:
        main(["quarantine", *arguments])
    return ended.value.code, capsys.readouterr().out


@pytest.mark.parametrize("words", [["loans"], ["list", "loans"]])
def test_it_lists_what_is_open(server, capsys, words):
    """By the model's name alone too; rows that were replayed are shown only where asked for."""
    code, said = run(capsys, *words)

    assert code == 0
    assert "20240304-7  2024-03-04T20:00:00  predictions  bad_type" in said
    assert "20240304-8" not in said
    assert "20240304-8" in run(capsys, *words, "--all")[1]


def test_it_says_where_there_is_nothing(server, capsys):
    """An empty quarantine is told in words."""
    server.rows = []

    assert run(capsys, "loans") == (0, "nothing of loans is in quarantine\n")


def test_it_shows_a_row_in_full(server, capsys):
    """With its values as they came, readable."""
    code, said = run(capsys, "show", "loans", "20240304-7")

    assert code == 0
    assert '"loan": "é"' in said
    assert server.asked[0] == ("/api/v1/quarantine/rows/20240304-7", {"model": "loans"})


def test_a_fix_is_said_as_data(server, capsys):
    """Options become the document that the API takes; values are JSON where they can be."""
    words = "--rename a=b --value b:x=1 --value b:y=no --cast b=numeric --constant c=null --drop d"
    code, said = run(
        capsys, "fix", "loans", *words.split(), "--reason", "bad_type", "--id", "20240304-7"
    )

    (_, path, document) = server.asked[0]
    assert (code, path) == (1, "/api/v1/quarantine/replay")
    assert document["fix"] == {
        "rename": {"a": "b"},
        "values": {"b": {"x": 1, "y": "no"}},
        "cast": {"b": "numeric"},
        "constant": {"c": None},
        "drop": ["d"],
    }
    assert (document["reason"], document["ids"], document["plan"]) == (
        "bad_type",
        ("20240304-7",),
        False,
    )
    assert said.startswith("2 of 3 rows taken\n20240304-7  it is no row")


def test_a_replay_without_anything_left_ends_well(server, capsys):
    """Exit code 0 where all is taken, and the counts as JSON."""
    server.done = {**DONE, "held": 0, "examples": []}
    code, said = run(capsys, "replay", "loans", "--json")

    assert (code, json.loads(said)["accepted"]) == (0, 2)
    assert server.asked[0][2]["fix"] == {}


@pytest.mark.parametrize("words", [["--rename", "ab"], ["--cast", "=x"], ["--value", "b"]])
def test_options_that_are_no_pairs_are_refused(server, capsys, words):
    """With the form that they must have, before anything is asked."""
    assert run(capsys, "fix", "loans", *words)[0] == 2
    assert server.asked == []
