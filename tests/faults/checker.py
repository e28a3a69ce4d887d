"""What became of rows, read without the product: the Delta log, its Parquet files, and journals.

A journal is what a writer says: a line before it hands rows over (``intent``) and one after they
were taken (``taken``). Every row that was taken must lie in the lake once, nothing may lie there
that was never meant, and no file may be torn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq

INTENT, TAKEN = "intent", "taken"


@dataclass(frozen=True, slots=True)
class Checked:
    """``problems`` in words (none: all is well), and how many rows they were looked for in."""

    taken: int
    stored: int
    problems: tuple[str, ...]


def check(table: Path, journals: Iterable[Path], *, kind: str) -> Checked:
    """Hold the journals of ``kind`` ("predictions" or "labels") against a Delta table."""
    meant, taken = _journalled(journals, kind)
    problems: list[str] = []
    stored = Counter(_stored(table, problems))
    problems += _some("taken, and not stored", taken - stored.keys())
    problems += _some("stored, and never meant", stored.keys() - meant)
    if kind == "predictions":  # a label may be told again, and every telling is kept
        problems += _some("stored more than once", {i for i, n in stored.items() if n > 1})
    return Checked(len(taken), len(stored), tuple(problems))


def _some(what: str, ids: set[str]) -> list[str]:
    return [f"{len(ids)} ids were {what}: {sorted(ids)[:5]}"] if ids else []


def _journalled(journals: Iterable[Path], kind: str) -> tuple[set[str], set[str]]:
    found: dict[str, set[str]] = {INTENT: set(), TAKEN: set()}
    for journal in journals:
        for line in journal.read_bytes().splitlines():
            try:
                told = json.loads(line)
            except ValueError:  # the writer was killed in the middle of it
                continue
            if told["kind"] == kind:
                found[told["what"]].update(told["ids"])
    return found[INTENT], found[TAKEN]


def _stored(table: Path, problems: list[str]) -> Iterator[str]:
    for path, size, rows in _live_files(table, problems):
        if not path.is_file():
            problems.append(f"{path.name} is in the log and not on the disk")
        elif path.stat().st_size != size:
            problems.append(f"{path.name} has {path.stat().st_size} bytes, the log says {size}")
        else:
            ids = pq.ParquetFile(path).read(columns=["_wk_id"])["_wk_id"].to_pylist()
            if rows is not None and rows != len(ids):
                problems.append(f"{path.name} holds {len(ids)} rows, the log says {rows}")
            yield from ids


def _live_files(table: Path, problems: list[str]) -> list[tuple[Path, int, int | None]]:
    """The files of the newest version, by replaying the log from its last checkpoint."""
    log = table / "_delta_log"
    commits = {int(path.stem): path for path in log.glob("*.json") if path.stem.isdigit()}
    start, live = _checkpoint(log)
    versions = sorted(version for version in commits if version > start)
    if versions != list(range(start + 1, start + 1 + len(versions))):
        problems.append(f"the log of {table.name} has gaps after version {start}: {versions[:20]}")
    for version in versions:
        for line in commits[version].read_text(encoding="utf-8").splitlines():
            _apply(json.loads(line), live)
    return [(table / unquote(name), *told) for name, told in live.items()]


def _apply(action: dict[str, dict], live: dict[str, tuple[int, int | None]]) -> None:
    if action.get("add"):
        added = action["add"]
        stats = json.loads(added.get("stats") or "{}")
        live[added["path"]] = (added["size"], stats.get("numRecords"))
    if action.get("remove"):
        live.pop(action["remove"]["path"], None)


def _checkpoint(log: Path) -> tuple[int, dict[str, tuple[int, int | None]]]:
    last = log / "_last_checkpoint"
    live: dict[str, tuple[int, int | None]] = {}
    if not last.is_file():
        return -1, live
    version = json.loads(last.read_text(encoding="utf-8"))["version"]
    for path in sorted(log.glob(f"{version:020d}.checkpoint*.parquet")):
        for action in pq.ParquetFile(path).read(columns=["add"]).to_pylist():
            if action["add"]:
                stats = json.loads(action["add"].get("stats") or "{}")
                live[action["add"]["path"]] = (action["add"]["size"], stats.get("numRecords"))
    return version, live
