"""The first page: its commands exist, and its lines run."""

from __future__ import annotations

import re
from pathlib import Path

import watchkeeper as wk
from watchkeeper.cli.main import COMMANDS
from watchkeeper.sdk.client import SpoolOptions

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_commands_exist():
    """Every target of make and every command of the console that is named."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))

    assert {"demo", "test"} == set(re.findall(r"^make (\w+)", blocks, re.MULTILINE)) <= targets
    assert {"compare", "serve"} == set(re.findall(r"^watchkeeper (\w+)", blocks, re.MULTILINE)) & set(COMMANDS)  # fmt: skip


def test_its_lines_run_without_a_server(tmp_path):
    """What is logged is on disk when the call returns, server or not."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    client = wk.Client("http://127.0.0.1:1", "key", spool=SpoolOptions(folder=tmp_path))

    exec(block, {"log": client.logger("rides")})

    assert (client.counts.spooled, client.counts.dropped) == (2, 0)
    client.close(0)


def test_its_picture_is_small():
    """It is there, and loads at once."""
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)

    assert (ROOT / picture).stat().st_size < 200_000
