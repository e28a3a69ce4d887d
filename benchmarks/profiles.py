"""Cost of each step of profiling, in a process of its own, beside DuckDB's scan of the file."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from measure import run
from shifted_set import write_all

HERE = Path(__file__).parent


def steps(reference: str, current: str) -> list[tuple[str, float, float, float]]:
    """Each step with its seconds of wall clock and CPU, and the peak memory (MB) after it."""
    told: list[tuple[str, float, float, float]] = []
    clock = [time.perf_counter(), 0.0]

    def lap(name: str) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        wall, cpu = time.perf_counter(), usage.ru_utime + usage.ru_stime
        told.append((name, wall - clock[0], cpu - clock[1], usage.ru_maxrss / 1024))
        clock[:] = [wall, cpu]

    from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
    from watchkeeper.profiles.binning import fit_binnings
    from watchkeeper.profiles.compute import profile
    from watchkeeper.profiles.readers import open_table

    lap("start and imports")
    columns = (
        *(Column(f"n{i}", ColumnType.NUMERIC) for i in range(14)),
        *(Column(f"c{i}", ColumnType.CATEGORICAL) for i in range(5)),
        Column("ts", ColumnType.TIMESTAMP, Role.TIME),
        Column("proba", ColumnType.NUMERIC, Role.SCORE),
        Column("pred", ColumnType.CATEGORICAL, Role.PREDICTION),
        Column("label", ColumnType.CATEGORICAL, Role.LABEL),
    )
    model = Model("bench", Task.BINARY, columns, positive_class="1")
    before, after = open_table(reference), open_table(current)
    lap("open both")
    binnings = fit_binnings(before, model)
    lap("fit_binnings, reference")
    profile(before, model, binnings, granularity=model.granularity)
    lap("profile, reference")
    profile(after, model, binnings, granularity=model.granularity)
    lap("profile, current")
    return told


def main() -> None:
    """Print a Markdown table for 100k and for 5M rows; the worker mode prints JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "watchkeeper-bench"
    )
    parser.add_argument("--worker", nargs=2, metavar=("REFERENCE", "CURRENT"))
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps(steps(*asked.worker)))
        return
    write_all(asked.data)
    print("| step | wall s | CPU s | peak MB | x the scan |")
    print("|---|---|---|---|---|")
    for name in ("cur_100k", "cur_5M"):
        files = [asked.data / "ref.parquet", asked.data / f"{name}.parquet"]
        scan = float(run([sys.executable, HERE / "duckdb_scan.py", files[1]]).output)
        print(f"| DuckDB's scan of {name} | {scan:.3f} | | | 1 |")
        worker = run([sys.executable, __file__, "--worker", *files])
        for step, wall, cpu, peak in json.loads(worker.output):
            print(f"| {name}: {step} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {wall / scan:.1f} |")
        print(
            f"| {name}: whole process | {worker.wall:.2f} | {worker.cpu:.2f} | "
            f"{worker.rss_mb:.0f} | {worker.wall / scan:.1f} |"
        )


if __name__ == "__main__":
    main()
