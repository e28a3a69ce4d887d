"""Kill at random, 500 times under load, and let an independent checker say what became of rows."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

from place import Place, cycles


def main() -> None:
    """Print what was killed, and what the checker found; ends with 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20131)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-faults-") as folder:
        place = Place(Path(folder))
        try:
            started = time.perf_counter()
            killed = cycles(place, asked.cycles, seed=asked.seed)
            seconds = time.perf_counter() - started
            found = place.settle(seconds=600.0)
            windows = place.windows()
        finally:
            place.close()
    print(f"| killed with `kill -9`, {asked.cycles} times in {seconds:.0f} s | |\n|---|---|")
    for target, times in killed.items():
        print(f"| {'worker' if target == 'toil' else target} | {times} |")
    for kind, each in found.items():
        said = "; ".join(each.problems) or "each stored once, none lost, no file torn"
        print(f"| {kind}: {each.taken:,} taken, {each.stored:,} stored | {said} |")
    counts = {
        name: sum(w[name] for w in windows)
        for name in ("received", "accepted", "duplicate", "rejected")
    }
    adds_up = counts["accepted"] == found["predictions"].stored and counts["received"] == sum(
        counts[name] for name in ("accepted", "duplicate", "rejected")
    )
    print(f"| counters {counts} | {'add up' if adds_up else 'DO NOT add up'} |")
    if not adds_up or any(each.problems for each in found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
