"""The pages of `docs/reference` say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference"
BY_HAND = {Path("schemas/report.json")}  # tests/unit/reports holds reports against it
FILES = sorted({path.relative_to(COMMITTED) for path in COMMITTED.rglob("*.*")} - BY_HAND)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The folder as the code writes it now."""
    folder = tmp_path_factory.mktemp("reference")
    program = ROOT / "tools" / "reference.py"
    subprocess.run([sys.executable, str(program), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_page_is_the_generated_one(path, fresh):
    """Where this fails, `make reference` writes the pages anew."""
    expected = (fresh / path).read_text(encoding="utf-8")

    assert expected == (COMMITTED / path).read_text(encoding="utf-8")


def test_no_page_is_left_out(fresh):
    """Every page that the code gives is committed."""
    assert {path.relative_to(fresh) for path in fresh.rglob("*.*")} == set(FILES)
