"""Kill senders of notices a thousand times, and count what real receivers got."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST = "tests/faults/test_senders.py"
VARIANTS = 4  # SQLite and PostgreSQL, one sender and two at once


def main() -> None:
    """Print what was killed and what was repeated; ends with 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--crashes", type=int, default=1_000)
    asked = parser.parse_args()
    each = -(-asked.crashes // VARIANTS)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-senders-") as folder:
        report = Path(folder) / "report.jsonl"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST],
            cwd=ROOT,
            env={**os.environ, "SENDER_CRASHES": str(each), "SENDER_REPORT": str(report)},
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
        told = [json.loads(line) for line in report.read_text().splitlines()]
    print(f"{seconds:.0f} s in all\n\n| senders | killed | notices | repeated | problems |")
    print("|---|---|---|---|---|")
    for each_told in told:
        found = "; ".join(each_told["problems"]) or "none lost, none repeated without need"
        counts = (each_told[name] for name in ("who", "deaths", "posted", "repeated"))
        print("| " + " | ".join(map(str, counts)) + f" | {found} |")
    if done.returncode or len(told) != VARIANTS:
        print(done.stdout[-4_000:])
        raise SystemExit(1)


if __name__ == "__main__":
    main()
