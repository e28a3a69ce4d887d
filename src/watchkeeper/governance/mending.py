"""Files of the lake that are lost or damaged, brought back from a backup."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from watchkeeper.errors import InvalidInput
from watchkeeper.governance.backup import LOGS, checksum
from watchkeeper.governance.points import FILES, Kept, Point, copied, list_points, read_point
from watchkeeper.lake.log import named_files, read_log
from watchkeeper.lake.stores import Files

__all__ = ["bring_back"]


def bring_back(backup: Files, lake: Files, *, deep: bool = False) -> list[str]:
    """Bring back what the tables of a lake need and lack, or hold with another size; returns what
    was brought, in words.

    First the logs, as far as they are needed; then the data files that these name. What was deleted
    on purpose is named no more, and stays deleted. ``deep`` holds every file against its checksum.
    """
    points = [read_point(backup, moment) for moment in reversed(list_points(backup))]
    brought: list[str] = []
    for folder in sorted({table.folder for point in points for table in point.tables}):
        table = Files(f"{lake.root}/{folder}", lake.options)
        brought += _bring_logs(backup, points, folder, table)
        brought += _bring_files(backup, points, table, (folder, deep))
    return brought


def _bring_logs(backup: Files, points: Sequence[Point], folder: str, table: Files) -> Iterator[str]:
    """The commits that are missing or cut short, from the latest point that has them."""
    for point in points:
        log = read_log(table)
        with zipfile.ZipFile(io.BytesIO(backup.read(f"{point.folder}/{LOGS}"))) as packed:
            for entry in packed.infolist():
                path = entry.filename.removeprefix(f"{folder}/")
                lacking = log.latest is None or log.missing()
                short = log.sizes.get(path, 0 if lacking else entry.file_size) < entry.file_size
                if entry.filename != path and short:
                    table.write(path, io.BytesIO(packed.read(entry)))
                    yield f"{entry.filename} is back, as of {point.taken_at.isoformat()}"


def _bring_files(
    backup: Files, points: Sequence[Point], table: Files, asked: tuple[str, bool]
) -> Iterator[str]:
    folder, deep = asked
    try:
        live = named_files(table, read_log(table)).live
    except InvalidInput as error:  # the log is damaged where no point has it
        yield str(error)
        return
    listed = {item.path: item.size for item in table.walk()}
    kept = _kept(points, folder)
    for path, size in sorted(live.items()):
        there = kept.get(path)
        if there is None:
            continue
        if listed.get(path) != size or (deep and checksum(table, path) != there):
            with backup.open(f"{FILES}/{folder}/{path}") as source:
                found = copied(source, table, path)
            whole = "is back" if found == there else "is damaged in the backup as well"
            yield f"{folder}/{path} {whole}"


def _kept(points: Sequence[Point], folder: str) -> Mapping[str, Kept]:
    return {
        path: kept
        for point in points
        for table in point.tables
        if table.folder == folder
        for path, kept in table.files.items()
    }
