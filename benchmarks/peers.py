"""Environments of the peers that we are measured against, pinned, outside the checkout, made once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "watchkeeper" / "peers"

# The pins with which each peer works: see the notes beside them.
REQUIREMENTS = {
    # Fails to import with pandas 3.
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow>=19"),
    # Imports statsmodels without declaring it.
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3"),
}


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made where it is not there yet."""
    home = CACHE / peer
    python = home / "bin" / "python"
    ready = home / ".ready"
    wanted = "\n".join(REQUIREMENTS[peer])
    if ready.exists() and ready.read_text() == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *REQUIREMENTS[peer]], check=True)
    ready.write_text(wanted)
    return python


if __name__ == "__main__":
    for name in REQUIREMENTS:
        print(name, python_of(name))
