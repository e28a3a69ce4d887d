"""`watchkeeper backup TO`: everything as of now, while the server works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home_options import home_option, settings_of

if TYPE_CHECKING:
    from watchkeeper.governance.points import Point
    from watchkeeper.lake.stores import Files

__all__ = ["command"]


@click.command("backup")
@click.argument("to")
@click.option("--keep", type=click.IntRange(1), help="Afterwards keep only so many latest points.")
@click.option("--list", "listing", is_flag=True, help="Show the points there are, and add none.")
@click.option("--verify", "checking", is_flag=True, help="Read the latest point, and add none.")
@home_option
def command(
    to: str, *, keep: int | None, listing: bool, checking: bool, home: Path | None, as_json: bool
) -> int:
    """Add a point to the backup in TO, a folder or an object store.

    The server goes on working. Files that an earlier point brought are not copied again. Settings
    are read from WATCHKEEPER_* variables, as the server reads them; an object store is opened with
    the lake's options. Exit code 1 where --verify finds a fault.
    """
    from watchkeeper.governance.points import list_points, point_at
    from watchkeeper.lake.stores import Files

    settings = settings_of(home)
    backup = Files(_place(to), settings.storage_options())
    if listing:
        moments = [moment.isoformat() for moment in list_points(backup)]
        click.echo(json.dumps(moments) if as_json else "\n".join(moments) or "no point yet")
        return 0
    if checking:
        return _verify(backup, point_at(backup), as_json=as_json)
    _take(backup, home, keep=keep, as_json=as_json)
    return 0


def _take(backup: Files, home: Path | None, *, keep: int | None, as_json: bool) -> None:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from watchkeeper.governance.backup import Installation, prune, take_backup

    installation = Installation.open(settings_of(home))
    now = datetime.now(UTC)
    try:
        taken = take_backup(installation, backup, now=now, code=version("watchkeeper"))
    finally:
        installation.close()
    gone = 0 if keep is None else prune(backup, keep=keep, now=now)
    if as_json:
        told = {"point": now.isoformat(), "files": taken.files, "copied": taken.copied}
        click.echo(json.dumps({**told, "bytes": taken.bytes, "points_deleted": gone}))
        return
    click.echo(
        f"point {now.isoformat()}: {taken.files:,} files of the lake, {taken.copied:,} of them new "
        f"({taken.bytes / 1e6:,.1f} MB)"
    )
    if gone:
        click.echo(f"{gone:,} older points deleted")


def _verify(backup: Files, point: Point, *, as_json: bool) -> int:
    from watchkeeper.governance.backup import verify

    faults = verify(backup, point)
    if as_json:
        click.echo(json.dumps({"point": point.taken_at.isoformat(), "faults": faults}))
    else:
        held = len(point.data_files()) + len(point.records)
        click.echo(f"point {point.taken_at.isoformat()}: {held:,} files, {len(faults):,} faulty")
        for fault in faults:
            click.echo(f"  {fault}")
    return int(bool(faults))


def _place(to: str) -> str:
    return to if "://" in to else str(Path(to).expanduser().absolute())
