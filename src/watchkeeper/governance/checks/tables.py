"""The lake's tables: logs without gaps, files as the logs name them, nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial

from watchkeeper.errors import InvalidInput, NotFound, WatchkeeperError
from watchkeeper.governance.checks.finding import Finding, Health, Subject
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.lake.log import LOG_FOLDER, Named, named_files, read_log
from watchkeeper.lake.stores import Files, StoredFile

__all__ = ["tables"]

_SHOWN = 3
_YOUNG = timedelta(days=1)  # a writer may be about to commit what it has just written
_FROM_BACKUP = "bring the file back from a backup: `watchkeeper doctor --repair --from BACKUP`"


def tables(subject: Subject) -> Iterator[Finding]:
    """Every table: log, files, and whether it can be read; then folders of no model."""
    lake, healthy = subject.installation.lake, 0
    for model in subject.models:
        for table in LakeTable:
            found = list(_table(subject, model, table))
            yield from found
            healthy += not found
    folders = {table_uri("", model, table).split("/")[1] for model in subject.models for table in LakeTable}  # fmt: skip
    strange = [name for name in lake.files().folders() if name not in folders]
    if strange:
        yield Finding(
            "lake",
            Health.WARN,
            f"{len(strange):,} folders of the lake are of no model: {', '.join(strange[:_SHOWN])}",
            "move them away where they are not of another installation",
        )
    yield Finding("lake", Health.OK, f"{healthy:,} tables are whole and can be read")


def _table(subject: Subject, model: str, table: LakeTable) -> Iterator[Finding]:
    lake = subject.installation.lake
    files = Files(table_uri(lake.root, model, table), lake.options)
    listed = {item.path: item for item in files.walk() if item.size}
    if not listed:
        return
    log = read_log(files)
    missing = log.missing()
    if log.latest is None or missing:
        gone = "all versions" if log.latest is None else f"version {missing[0]}"
        yield Finding(
            "logs",
            Health.FAIL,
            f"the log of {model}/{table} lacks {gone}: what lies there cannot be read for sure",
            _FROM_BACKUP,
        )
        return
    try:
        named = named_files(files, log)
        lake.version(model, table)
    except (NotFound, InvalidInput, WatchkeeperError, OSError) as error:
        yield Finding("logs", Health.FAIL, f"{model}/{table}: {error}", _FROM_BACKUP)
        return
    yield from _files(f"{model}/{table}", named, listed)
    if subject.deep:
        yield from _content(f"{model}/{table}", files, named, listed)
    yield from _orphans(subject, files, named, listed)


def _files(name: str, named: Named, listed: Mapping[str, StoredFile]) -> Iterator[Finding]:
    gone = sorted(path for path in named.live if path not in listed)
    changed = sorted(
        path for path, size in named.live.items() if path in listed and listed[path].size != size
    )
    for what, paths in (("are gone", gone), ("have another size than was written", changed)):
        if paths:
            yield Finding(
                "files",
                Health.FAIL,
                f"{name}: {len(paths):,} of {len(named.live):,} data files {what}: "
                f"{', '.join(paths[:_SHOWN])}",
                _FROM_BACKUP,
            )


def _content(
    name: str, files: Files, named: Named, listed: Mapping[str, StoredFile]
) -> Iterator[Finding]:
    """Every file that is there can be unpacked from its first byte to its last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    broken = []
    for path in sorted(named.live.keys() & listed.keys()):
        try:
            with files.open(path) as opened, pq.ParquetFile(opened) as stored:
                for group in range(stored.num_row_groups):
                    stored.read_row_group(group)
        except (pa.ArrowException, OSError, ValueError):
            broken.append(path)
    if broken:
        yield Finding(
            "files",
            Health.FAIL,
            f"{name}: {len(broken):,} data files cannot be unpacked: {', '.join(broken[:_SHOWN])}",
            f"{_FROM_BACKUP} and --deep",
        )


def _orphans(
    subject: Subject, files: Files, named: Named, listed: Mapping[str, StoredFile]
) -> Iterator[Finding]:
    left = [
        item
        for path, item in listed.items()
        if path not in named.ever
        and not path.startswith(f"{LOG_FOLDER}/")
        and subject.now - item.modified_at > _YOUNG
    ]
    if left:
        size = sum(item.size for item in left)
        yield Finding(
            "orphans",
            Health.WARN,
            f"{files.root}: {len(left):,} files ({size / 1e6:,.1f} MB) belong to no version",
            "writers that died left them; upkeep deletes them in a week",
            partial(_delete, files, [item.path for item in left]),
        )


def _delete(files: Files, paths: list[str]) -> str:
    for path in paths:
        files.delete(path)
    return f"{files.root}: {len(paths):,} files deleted"
