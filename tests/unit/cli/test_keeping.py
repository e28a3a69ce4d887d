"""Backup, restore and doctor on the command line: what they print, and how they end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.cli.main import main
from watchkeeper.settings import Settings


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An installation without a model."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    settings = Settings(home=folder)
    Catalog.open(settings.catalog_url, settings.inbox_url).close()
    monkeypatch.setenv("WATCHKEEPER_HOME", str(folder))
    return folder


@pytest.fixture
def run(capsys):
    """A command: its exit code, what it printed, what it complained of."""

    def called(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return called


def test_a_backup_and_back(home, run, tmp_path):
    """A point is added, listed, checked and restored; the restored place is examined."""
    code, said, _ = run("backup", tmp_path / "b")
    assert (code, said.startswith("point ")) == (0, True)
    (moment,) = json.loads(run("backup", tmp_path / "b", "--list", "--json")[1])
    assert ", 0 faulty" in run("backup", tmp_path / "b", "--verify")[1]

    code, said, _ = run("restore", tmp_path / "b", "--to", tmp_path / "r", "--as-of", moment)
    assert (code, "records and lake are whole and agree" in said) == (0, True)
    code, _, complaint = run("restore", tmp_path / "b", "--to", tmp_path / "r")
    assert (code, "empty folder" in complaint) == (2, True)


def test_a_restore_says_what_is_wrong_with_what_it_was_asked(home, run, tmp_path):
    """No backup there, no point so early, no moment at all."""
    to = ("--to", tmp_path / "r")
    assert "holds none" in run("restore", tmp_path / "none", *to)[2]
    run("backup", tmp_path / "b")
    early = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert "its first is of" in run("restore", tmp_path / "b", *to, "--as-of", early)[2]
    assert "--as-of must be" in run("restore", tmp_path / "b", *to, "--as-of", "soon")[2]
    assert not (tmp_path / "r").exists()


def test_settings_that_name_another_place_are_told(home, run, tmp_path, monkeypatch):
    """Or the restored server would go on with the lake of the old one."""
    run("backup", tmp_path / "b")
    monkeypatch.setenv("WATCHKEEPER_LAKE", str(tmp_path / "other"))

    assert "WATCHKEEPER_LAKE names another place" in run("restore", tmp_path / "b", "--to", tmp_path / "r")[1]  # fmt: skip


def test_a_backup_that_is_damaged_is_told(home, run, tmp_path):
    """With exit code 1."""
    run("backup", tmp_path / "b")
    (inbox,) = (tmp_path / "b").glob("points/*/inbox.db")
    inbox.write_bytes(b"no database")

    code, said, _ = run("backup", tmp_path / "b", "--verify")
    assert (code, "inbox.db is not what was written" in said) == (1, True)


def test_the_doctor_says_what_to_do(home, run, tmp_path):
    """A finding, its advice, what was mended; 1 where something is wrong, 2 where nothing is."""
    assert run("doctor")[0] == 0
    home.chmod(0o755)
    code, said, _ = run("doctor")
    assert (code, "chmod go= it (--repair does it)" in said) == (0, True)
    assert "mended: " in run("doctor", "--repair")[1]
    found = json.loads(run("doctor", "--json")[1])["findings"]
    assert {item["health"] for item in found} == {"ok"}
    code, _, complaint = run("doctor", "--home", tmp_path / "none")
    assert (code, "--home" in complaint) == (2, True)
