"""The package's own names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import watchkeeper as wk

LOADED = """
import sys
import watchkeeper
heavy = {"numpy", "pandas", "pyarrow", "fastapi", "starlette", "pydantic", "sqlalchemy", "duckdb"}
print(sorted(heavy & set(sys.modules)))
watchkeeper.Client, watchkeeper.watch
print(sorted(heavy & set(sys.modules)))
"""
COST = """
import time
began = time.process_time()
import watchkeeper
print(time.process_time() - began)
"""


def python(program):
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return found.stdout


def test_importing_loads_nothing_heavy():
    """Neither the package nor its client loads numpy, Arrow, a web framework or a database."""
    assert python(LOADED).splitlines() == ["[]", "[]"]


def test_importing_is_cheap():
    """The package loads within 60 ms of processor time, the best of five tries."""
    assert min(float(python(COST)) for _ in range(5)) <= 0.060


def test_names_are_listed_and_exist():
    """Every public name is listed, sorted, and an unknown one is told apart."""
    assert dir(wk) == sorted(wk.__all__)
    assert wk.Client.__name__ == "Client"
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        wk.nonsense  # noqa: B018
