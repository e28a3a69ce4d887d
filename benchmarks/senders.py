"""Kill senders of notices a thousand times, and count what real receivers got."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree as ET

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
        report = Path(folder) / "report.xml"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST, f"--junitxml={report}"],
            cwd=ROOT,
            env={**os.environ, "SENDER_CRASHES": str(each)},
            check=False,
            capture_output=True,
            text=True,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        cases = list(ET.parse(report).iter("testcase"))
    print(
        f"{seconds:.0f} s in all\n\n| senders | killed | notices | lost | repeated |\n|---|---|---|---|---|"
    )
    for case in cases:
        told = {p.get("name"): p.get("value") for p in case.iter("property")}
        database, senders = re.search(r"\[(\w+)-(\d)\]", case.get("name", "")).groups()
        lost = "none" if case.find("failure") is None and case.find("skipped") is None else "FAILED"
        row = (f"{senders} on {database}", told.get("deaths"), told.get("posted"), lost)
        print("| " + " | ".join(map(str, (*row, told.get("repeated")))) + " |")
    if done.returncode or len(cases) != VARIANTS:
        print(done.stdout[-4_000:])
        raise SystemExit(1)


if __name__ == "__main__":
    main()
