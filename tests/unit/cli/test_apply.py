"""`watchkeeper apply`: files on one side, a server on the other."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from watchkeeper.cli.apply import command
from watchkeeper.definitions import remote
from watchkeeper.errors import NotFound

MODEL = "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\ncolumns: {x: numeric}\n"


class Kept:
    """Stands for the server: what was put and uploaded."""

    held: dict
    uploads: list
    references: set

    def __init__(self, http):
        self.http = http

    def get(self, kind, name):
        return self.held.get((kind, name))

    def put(self, kind, name, document):
        self.held[kind, name] = document

    def has_reference(self, model):
        return model in self.references

    def upload_reference(self, model, path):
        self.uploads.append((model, path.name))
        self.references.add(model)


@pytest.fixture
def server(monkeypatch):
    """An empty server."""
    Kept.held, Kept.uploads, Kept.references = {}, [], set()
    monkeypatch.setattr(remote, "RemoteDefinitions", Kept)
    return Kept


@pytest.fixture
def folder(tmp_path):
    """A folder with one model that names its reference."""
    (tmp_path / "m.yaml").write_text(MODEL + "baseline: {reference: ref.parquet}\n")
    return str(tmp_path)


def run(*arguments):
    return CliRunner().invoke(command, [*arguments, "--url", "http://127.0.0.1:1", "--key", "k"])


def test_applying_again_changes_nothing(server, folder):
    """First it is new, with its reference; then it is unchanged."""
    first, second = run("-f", folder), run("-f", folder)

    assert (first.exit_code, first.stdout) == (0, "+ model m: new\n")
    assert (second.exit_code, second.stdout) == (0, "= model m: unchanged\n")
    assert server.uploads == [("m", "ref.parquet")]


def test_a_plan_changes_nothing(server, folder):
    """With --plan the changes are shown, and the server is left as it is."""
    result = run("-f", folder, "--plan")

    assert (result.stdout, server.held, server.uploads) == ("+ model m: new\n", {}, [])


def test_changes_as_json(server, tmp_path):
    """With --json, every change with its old and new value."""
    (tmp_path / "m.yaml").write_text(MODEL)
    run("-f", str(tmp_path))
    (tmp_path / "m.yaml").write_text(MODEL + "owner: ops\n")

    (found,) = json.loads(run("-f", str(tmp_path), "--json").stdout)

    assert found["changes"] == [{"path": "owner", "old": None, "new": "ops", "effect": ""}]


def test_a_folder_without_definitions(server, tmp_path):
    """Nothing to apply is an error, not a success."""
    result = run("-f", str(tmp_path))

    assert isinstance(result.exception, NotFound)
