"""What the base install costs: import time, and that it pulls nothing heavy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {"numpy", "pandas", "pyarrow", "duckdb", "scipy", "fastapi", "sqlalchemy"}
TIMER = "import time; t = time.perf_counter(); import watchkeeper; print(time.perf_counter() - t)"


def main() -> None:
    """Install the base into a fresh environment and time the import in it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, str(ROOT)], check=True, stderr=subprocess.DEVNULL)
        listed = subprocess.run(
            [str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        names = {name.partition("==")[0].lower() for name in listed}
        times = [
            float(
                subprocess.run([str(python), "-c", TIMER], check=True, capture_output=True).stdout
            )
            for _ in range(7)
        ]
    print(
        f"import watchkeeper: {min(times) * 1000:.0f} ms (<= 60), median "
        f"{sorted(times)[3] * 1000:.0f} ms"
    )
    print(f"base install: {len(names)} packages, heavy ones among them: {sorted(names & HEAVY)}")


if __name__ == "__main__":
    sys.exit(main())
