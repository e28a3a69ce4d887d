"""`watchkeeper compare` as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

_PROGRAM = "from watchkeeper.cli.main import main; main()"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(5)
    for name, shift in (("ref", 0.0), ("cur", 1.0)):
        columns = {"x": rng.normal(shift, 1, 3000), "g": rng.choice(["a", "b"], 3000)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    return [str(tmp_path / "ref.parquet"), str(tmp_path / "cur.parquet")]


def _python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_is_written_before_it_ends(files) -> None:
    """The process leaves at once, with its exit code and everything that it had to say."""
    ended = _python(_PROGRAM, "compare", *files, "--json", "-")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert json.loads(ended.stdout)["summary"]["status"] == "alert"


def test_a_refusal_ends_with_two(files) -> None:
    """What cannot be compared is said on the error stream."""
    ended = _python(_PROGRAM, "compare", files[0], "nowhere.parquet")

    assert ended.returncode == 2
    assert "nowhere.parquet" in ended.stderr


def test_nothing_is_loaded_that_is_not_needed(files) -> None:
    """Libraries such as pandas take longer to import than the tables to compare."""
    program = (
        "import sys\nfrom watchkeeper.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(sorted({'pandas', 'polars', 'fastapi', 'sqlalchemy', 'matplotlib'}"
        " & set(sys.modules)))"
    )

    ended = _python(program, "compare", *files, "--quiet")

    assert ended.stdout == "[]\n"
