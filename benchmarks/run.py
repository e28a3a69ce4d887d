"""`make bench`: run every benchmark and record what it printed in RESULTS.md, with the machine."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"

# Each with what it shows; the order is the order of the page.
BENCHMARKS = (
    ("Cost of the base install", ["start_up.py"]),
    ("Cost of one logged prediction", ["sdk.py"]),
    ("Cost of watching, by door", ["doors.py"]),
    ("Speed of compare, beside the limit and the peers", ["speed.py", "--peers"]),
    ("False alarms and power, through compare", ["false_alarms.py"]),
    ("A year of flights, through the server", ["demo.py"]),
    ("Freshness of profiles under a steady load", ["freshness.py"]),
    ("Ingest: rows a second, acknowledgements, memory, restart", ["ingest.py"]),
    ("The lake: care, and backups beside a bare copy", ["lake.py"]),
    ("A scrape of /metrics with a thousand models", ["scrape.py"]),
    ("Ten thousand rules that fire at once", ["alerts.py"]),
    ("500 kills under load, and what the checker found", ["faults.py"]),
    ("1,000 kills of senders of notices, and what their receivers got", ["senders.py"]),
)


def machine() -> str:
    """The machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} at the start"
    )


def recorded() -> dict[str, str]:
    """What stands in RESULTS.md, by title."""
    text = RESULTS.read_text() if RESULTS.exists() else ""
    parts = (part.partition("\n\n") for part in text.split("\n## ")[1:])
    return {title: body.rstrip() + "\n" for title, _, body in parts}


def page(sections: Mapping[str, str]) -> str:
    """The page, its sections in the order of the benchmarks."""
    titles = [title for title, _ in BENCHMARKS if title in sections]
    return "# Results\n\n" + "\n".join(f"## {title}\n\n{sections[title]}" for title in titles)


def main() -> None:
    """Run all, or those whose script is named; print and record what was run, each under its date."""
    parser = argparse.ArgumentParser()
    parser.add_argument("only", nargs="*", help="scripts to run, without .py")
    asked = parser.parse_args()
    sections = recorded()
    for title, command in BENCHMARKS:
        if asked.only and command[0].removesuffix(".py") not in asked.only:
            continue
        print(f"== {title}", flush=True)
        done = subprocess.run(
            [sys.executable, str(HERE / command[0]), *command[1:]],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout, flush=True)
        ended = "" if done.returncode == 0 else f"\nended with {done.returncode}\n"
        body = done.stdout.strip()
        shown = body if body.startswith("|") else f"```\n{body}\n```"
        sections[title] = (
            f"`python benchmarks/{' '.join(command)}`, measured {datetime.now(UTC):%Y-%m-%d} on "
            f"{machine()}.\n\n{shown}\n{ended}"
        )
        RESULTS.write_text(page(sections))


if __name__ == "__main__":
    main()
