"""A Delta log as files: which versions it holds, and which data files each of them names.

Written apart from the library that writes the tables, so that it can vouch for it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.lake.stores import Files

__all__ = [
    "LOG_FOLDER",
    "LogFiles",
    "Named",
    "commit_path",
    "commit_version",
    "named_files",
    "read_log",
    "version_at",
]

LOG_FOLDER = "_delta_log"
_COMMIT = re.compile(rf"(?:.*/)?{LOG_FOLDER}/(\d{{20}})\.json")
_CHECKPOINT = re.compile(
    rf"(?:.*/)?{LOG_FOLDER}/(\d{{20}})\.checkpoint(?:\.(\d{{10}})\.(\d{{10}}))?\.parquet"
)


def commit_path(version: int) -> str:
    """Where the commit of a version lies, from the table's folder.

    >>> commit_path(7)
    '_delta_log/00000000000000000007.json'
    """
    return f"{LOG_FOLDER}/{version:020}.json"


def commit_version(path: str) -> int | None:
    """The version that a log file tells of, a commit or a checkpoint; None for another file."""
    found = _COMMIT.fullmatch(path) or _CHECKPOINT.fullmatch(path)
    return None if found is None else int(found[1])


@dataclass(frozen=True, slots=True)
class LogFiles:
    """What lies in a log: ``commits`` and whole ``checkpoints`` by version, ascending."""

    commits: tuple[int, ...]
    checkpoints: Mapping[int, tuple[str, ...]]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def latest(self) -> int | None:
        """The latest version; None for an empty log."""
        return max((*self.commits, *self.checkpoints), default=None)

    def missing(self) -> list[int]:
        """The versions that are needed to read the latest one and are not there."""
        if self.latest is None:
            return []
        start = max(self.checkpoints, default=-1)
        held = set(self.commits)
        return [version for version in range(start + 1, self.latest + 1) if version not in held]


def read_log(files: Files) -> LogFiles:
    """The log of the table whose folder ``files`` is."""
    commits: list[int] = []
    parts: dict[int, list[tuple[str, int]]] = {}
    sizes: dict[str, int] = {}
    for item in files.walk(LOG_FOLDER):
        sizes[item.path] = item.size
        commit, checkpoint = _COMMIT.fullmatch(item.path), _CHECKPOINT.fullmatch(item.path)
        if commit:
            commits.append(int(commit[1]))
        elif checkpoint:
            whole = int(checkpoint[3] or 1)
            parts.setdefault(int(checkpoint[1]), []).append((item.path, whole))
    checkpoints = {
        version: tuple(sorted(path for path, _ in found))
        for version, found in sorted(parts.items())
        if len(found) == found[0][1]
    }
    return LogFiles(tuple(sorted(commits)), checkpoints, sizes)


def version_at(files: Files, moment: datetime) -> int | None:
    """The version that was the latest at a moment; None where there was no table yet.

    Commits say themselves when they were made, which outlives a copy of the files. NotFound for a
    moment before the first commit that the log still holds.
    """
    commits = read_log(files).commits
    place = bisect_right(commits, moment, key=lambda version: _made_at(files, version))
    if place:
        return commits[place - 1]
    if commits and commits[0] > 0:
        raise NotFound(
            f"{files.root} cannot be read as of {moment}: its log begins at "
            f"{_made_at(files, commits[0])}: ask for a later moment"
        )
    return None


def _made_at(files: Files, version: int) -> datetime:
    for line in files.read(commit_path(version)).splitlines():
        told = json.loads(line).get("commitInfo")
        if told:
            return datetime.fromtimestamp(told["timestamp"] / 1000, UTC)
    raise InvalidInput(
        f"a commit must say when it was made, {files.root}/{commit_path(version)} does not: "
        "ask for a version instead of a moment"
    )


@dataclass(frozen=True, slots=True)
class Named:
    """The data files that a log names: bytes of the ``live`` ones, and all it ever told of."""

    live: Mapping[str, int]
    ever: frozenset[str]


def named_files(files: Files, log: LogFiles) -> Named:
    """The data files of the latest version, and those that any commit or checkpoint still names.

    InvalidInput where a commit cannot be read, naming it.
    """
    live: dict[str, int] = {}
    ever: set[str] = set()
    start = max(log.checkpoints, default=-1)
    if start >= 0:
        for path in log.checkpoints[start]:
            _apply_checkpoint(files, path, live, ever)
    for version in log.commits:
        path = commit_path(version)
        for line in files.read(path).splitlines():
            try:
                action = json.loads(line)
            except json.JSONDecodeError as error:
                raise InvalidInput(
                    f"a commit must hold one JSON object a line, got {line[:80]!r} in "
                    f"{files.root}/{path}: restore the file from a backup"
                ) from error
            _apply(action, live if version > start else {}, ever)
    return Named(live, frozenset(ever))


def _apply(
    action: Mapping[str, Mapping[str, object]], live: dict[str, int], ever: set[str]
) -> None:
    for kind in ("add", "remove"):
        told = action.get(kind)
        if told and told["path"]:
            path = unquote(str(told["path"]))
            ever.add(path)
            if kind == "add":
                live[path] = int(str(told["size"]))
            else:
                live.pop(path, None)


def _apply_checkpoint(files: Files, path: str, live: dict[str, int], ever: set[str]) -> None:
    import pyarrow.parquet as pq

    with files.open(path) as opened:
        table = pq.read_table(opened, columns=["add", "remove"])
    for name in ("add", "remove"):
        column = table.column(name).combine_chunks()
        for told in column.drop_null().to_pylist() if len(column) else []:
            _apply({name: told}, live, ever)
