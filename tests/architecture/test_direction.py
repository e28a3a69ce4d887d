"""What the tree promises about its own shape."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import watchkeeper

SOURCE = Path(watchkeeper.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted(Path(__file__).parents[1].rglob("test_*.py"))

BANNED_NAMES = {"core", "common", "utils", "helpers", "misc", "legacy", "future", "v2", "manager"}
LONGEST_MODULE = 600
LONGEST_FUNCTION = 60
# The base install must load where none of these is installed.
HEAVY = ("numpy", "pandas", "pyarrow", "duckdb", "ibis", "fastapi", "sqlalchemy", "scipy")


def functions(path: Path) -> list[ast.FunctionDef]:
    """Every function of a file, methods too."""
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def body_length(function: ast.FunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_there_is_a_tree_to_check():
    """The checks below see the modules and the tests that they are about."""
    assert len(MODULES) > 100
    assert len(TESTS) > 50


def test_no_module_is_a_drawer():
    """A module is named after its one idea."""
    found = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}

    assert not found & BANNED_NAMES


def test_modules_stay_short():
    """Nobody scrolls for minutes."""
    long = {path.name: len(path.read_text().splitlines()) for path in MODULES}

    assert {} == {name: lines for name, lines in long.items() if lines > LONGEST_MODULE}


def test_functions_stay_short():
    """A function fits a screen."""
    long = {
        f"{path.name}:{function.name}": body_length(function)
        for path in MODULES
        for function in functions(path)
        if "migrations" not in path.parts
    }

    assert {} == {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION}


def test_only_settings_reads_the_environment():
    """No part has switches of its own."""
    readers = [
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        if "os.environ" in path.read_text() or "getenv(" in path.read_text()
    ]

    assert set(readers) <= {"settings.py"}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_test_says_what_it_shows(path):
    """A test's docstring is the sentence that it proves."""
    silent = [
        function.name
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert silent == []


def test_the_base_import_is_light():
    """`import watchkeeper` loads nothing heavy."""
    program = "import sys, watchkeeper; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)
