"""Cost of `watchkeeper compare` as a whole process, beside the physical limit and the peers."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from measure import Cost, best_of, run
from peers import python_of
from shifted_set import FOLLOWING, SHIFTED, write_all

HERE = Path(__file__).parent
WATCHKEEPER = Path(sys.executable).parent / "watchkeeper"


def flagged(report: Path) -> set[str]:
    """The columns with an alert in a report's JSON."""
    verdicts = json.loads(report.read_text())["verdicts"]
    return {v["column"] for v in verdicts if v["status"] == "alert" and v["column"]}


def compare(reference: Path, current: Path, report: Path, *, times: int) -> Cost:
    """The best of a few runs of the command, with its verdicts in ``report``."""
    report.unlink(missing_ok=True)  # what is read afterwards is of this run, or nothing is
    command = [WATCHKEEPER, "compare", reference, current, "--json", report]
    return best_of(times, command, allowed=(0, 1))


def line(name: str, cost: Cost, extra: str = "") -> str:
    """One row of the table."""
    return f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.rss_mb:.0f} | {extra} |"


def main() -> None:
    """Print a Markdown table of costs, ratios and what was flagged."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "watchkeeper-bench"
    )
    parser.add_argument("--peers", action="store_true", help="run Evidently and NannyML on 5M too")
    asked = parser.parse_args()
    # In a process of its own: a child's peak counts what its parent held when it was forked.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        aside.submit(write_all, asked.data).result()
    reference = asked.data / "ref.parquet"
    report = asked.data / "report.json"
    big = asked.data / "cur_5M.parquet"
    scan = float(min(run([sys.executable, HERE / "duckdb_scan.py", big]).output for _ in range(3)))
    print("| job | wall s | CPU s | peak MB | |")
    print("|---|---|---|---|---|")
    print(f"| DuckDB count/sum/min/max of 15 columns, 5M rows | {scan:.2f} | | | the limit |")
    ours = compare(reference, big, report, times=3)
    print(
        line("compare 100k to 5M x 22, per day", ours, f"{ours.wall / scan:.1f} x the scan (<= 8)")
    )
    found = flagged(report)
    print(
        f"| flagged on 5M | | | | missed {sorted(SHIFTED - found)}, false "
        f"{sorted(found - SHIFTED - FOLLOWING)} |"
    )
    small = compare(reference, asked.data / "cur_100k.parquet", report, times=3)
    print(line("compare 100k to 100k x 22", small, "<= 2.5 s"))
    found = flagged(report)
    print(
        f"| flagged on 100k | | | | missed {sorted(SHIFTED - found)}, false "
        f"{sorted(found - SHIFTED - FOLLOWING)} |"
    )
    for name in ("null_100k", "null_1M"):
        compare(reference, asked.data / f"{name}.parquet", report, times=1)
        print(f"| flagged on {name} | | | | {sorted(flagged(report))} |")
    if asked.peers:
        for peer, least in (("nannyml", 8), ("evidently", 100)):
            cost = run([python_of(peer), HERE / "peer_jobs.py", peer, reference, big])
            print(line(f"{peer} on 5M", cost, f"{cost.wall / ours.wall:.0f} x ours (>= {least})"))


if __name__ == "__main__":
    main()
