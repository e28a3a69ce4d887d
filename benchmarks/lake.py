"""What care of the lake brings and costs; backups beside a bare copy of the same files.

python benchmarks/lake.py [--rows N]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.governance.backup import Installation, take_backup, verify
from watchkeeper.governance.points import point_at
from watchkeeper.governance.restore import Target, restore
from watchkeeper.lake import Lake, LakeTable
from watchkeeper.lake.stores import Files
from watchkeeper.settings import Settings

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, FILES, FEATURES = 86_400, 100, 20
P = LakeTable.PREDICTIONS


def rows(number: int, count: int, *, scattered: bool) -> pa.Table:
    """A file's rows of one day: all over it, or of its own stretch."""
    random = np.random.default_rng(number)
    share = random.random(count)
    seconds = share * DAY if scattered else (number + share) * DAY / FILES
    micros = (seconds * 1e6).astype(np.int64) + int(START.timestamp()) * 1_000_000
    moments = pa.array(micros, pa.timestamp("us", "UTC"))
    columns: dict[str, object] = {
        "_wk_id": [f"{number}-{place}" for place in range(count)],
        "_wk_time": moments,
        "_wk_known_at": moments,
        "_wk_day": pa.array([START.date()] * count, pa.date32()),
    }
    columns |= {f"x{place}": random.normal(size=count) for place in range(FEATURES)}
    return pa.table(columns)


def took(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processors."""
    clock, work = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - clock, time.process_time() - work


def ask(root: str) -> float:
    """The least of five times that reading an hour takes, each with a lake opened anew."""
    hour = {"start": START + timedelta(hours=10), "end": START + timedelta(hours=11)}
    return min(took(lambda: Lake(root).rows("m", P, **hour))[1] for _ in range(5))


def care(folder: str, total: int, *, scattered: bool) -> None:
    """A day as its files come, merged, and put in order."""
    lake, name = Lake(folder), "all over the day" if scattered else "as they happened"
    parts = [rows(number, total // FILES, scattered=scattered) for number in range(FILES)]
    _, wrote = took(
        lambda: [
            lake.append("m", P, part, app_id="b", sequence=number + 1)
            for number, part in enumerate(parts)
        ]
    )
    tended = lake.care("m", P)
    print(f"{total:,} rows of a day in {FILES} files, rows {name}; written with {wrote:.1f} s CPU")
    print(f"  reading an hour, as written:  {ask(folder):.3f} s CPU")
    day = tended.finished(before=date(2024, 4, 1))[0]
    clock, work = took(lambda: tended.order(day, "_wk_time"))
    print(
        f"  reading an hour, after care:  {ask(folder):.3f} s CPU ({work:.1f} s CPU, {clock:.1f} s)"
    )
    _, work = took(lambda: tended.forget(START + timedelta(days=30)))
    _, swept = took(lambda: tended.vacuum(hours=0))
    print(f"  letting the day go: {work:.2f} s CPU, deleting its files: {swept:.2f} s CPU")


def backups(folder: Path, total: int) -> None:
    """A first point, one with nothing new, and a restore, beside bare copies."""
    settings = Settings(home=folder / "home")
    catalog = Catalog.open(settings.catalog_url, settings.inbox_url)
    catalog.models.put("m", "-", by="benchmark", now=START)
    catalog.close()
    for number in range(FILES):
        part = rows(number, total // FILES, scattered=True)
        Lake(settings.lake_root).append("m", P, part, app_id="b", sequence=number + 1)
    size = sum(item.size for item in Files(settings.home).walk())
    installation, place = Installation.open(settings), Files(folder / "backup")

    def back_up(number: int) -> None:
        now = START + timedelta(hours=number)
        take_backup(installation, place, now=now, code="benchmark")

    copied = took(lambda: shutil.copytree(settings.home, folder / "copy"))
    first, again = took(lambda: back_up(0)), took(lambda: back_up(1))
    checked = took(lambda: verify(place, point_at(place)))
    home = folder / "again"
    restored = took(lambda: restore(place, point_at(place), Target(home, Files(home / "lake"))))
    installation.close()
    print(f"backup of {size / 1e6:,.0f} MB in {FILES} files (bare copy: {copied[0]:.2f} s)")
    for name, (clock, work) in (
        ("a first point", first),
        ("a point with nothing new", again),
        ("verifying", checked),
        ("a restore", restored),
    ):
        print(f"  {name}: {clock:.2f} s, {work:.2f} s CPU; {clock / copied[0]:.1f} × the bare copy")


def main() -> None:
    """All of it, in folders that are deleted afterwards."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    for scattered in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            care(folder, asked.rows, scattered=scattered)
    with tempfile.TemporaryDirectory() as name:
        backups(Path(name), asked.rows)


if __name__ == "__main__":
    sys.exit(main())
