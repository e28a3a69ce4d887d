"""`watchkeeper compare`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from watchkeeper.cli.main import main


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(5)
    tables = {
        "ref": pd.DataFrame({"x": rng.normal(size=3000), "g": rng.choice(list("ab"), 3000)}),
        "same": pd.DataFrame({"x": rng.normal(size=3000), "g": rng.choice(list("ab"), 3000)}),
        "other": pd.DataFrame({"x": rng.normal(1, 1, 3000), "g": rng.choice(list("ab"), 3000)}),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return {name: str(folder / f"{name}.csv") for name in tables}


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["compare", *arguments])
    return int(stopped.value.code or 0)


def test_a_change_is_shown_and_exits_with_one(files, capsys):
    """What is wrong stands on the terminal."""
    assert _run(files["ref"], files["other"]) == 1
    assert "1 column is wrong" in capsys.readouterr().out


def test_no_change_exits_with_zero(files, capsys):
    """Nothing wrong is said too."""
    assert _run(files["ref"], files["same"]) == 0
    assert "Nothing is wrong" in capsys.readouterr().out


@pytest.mark.parametrize(("level", "code"), [("info", 1), ("critical", 0), ("never", 0)])
def test_the_level_to_fail_on_can_be_set(files, level, code):
    """A warning does not fail a build that fails on critical findings only."""
    tables = Path(files["other"])
    shifted = pd.read_csv(files["same"]).assign(x=lambda t: t.x + 0.3)
    shifted.to_csv(tables.with_name("warning.csv"), index=False)

    assert _run(files["ref"], str(tables.with_name("warning.csv")), "--fail-on", level) == code


def test_json_alone_goes_to_standard_output(files, capsys):
    """With ``--json -`` nothing but the JSON is printed."""
    assert _run(files["ref"], files["other"], "--json", "-") == 1
    assert json.loads(capsys.readouterr().out)["summary"]["status"] == "alert"


def test_the_report_can_be_written(files, tmp_path, capsys):
    """HTML and JSON are written; ``--quiet`` prints nothing."""
    html, data = tmp_path / "r.html", tmp_path / "r.json"

    _run(files["ref"], files["other"], "--html", str(html), "--json", str(data), "-q")

    assert html.read_text().startswith("<!doctype html>")
    assert json.loads(data.read_text())["accounting"]["current"]["source"] == "other.csv"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("nowhere.parquet", "nowhere.parquet"),
        ("{ref}", "{same}", "--html", "/nowhere/r.html"),
        ("{ref}", "{same}", "--model", "nowhere.yaml"),
        ("{ref}", "{same}", "--fail-on", "sometimes"),
        ("{ref}",),
    ],
)
def test_what_cannot_be_done_is_said(files, capsys, arguments):
    """No file, no place to write, no definition, no such level: a message and exit code 2."""
    assert _run(*(argument.format(**files) for argument in arguments)) == 2
    assert "Traceback" not in capsys.readouterr().err
