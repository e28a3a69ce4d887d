"""`watchkeeper restore FROM --to DIR`: an installation as it was at a point of a backup."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

__all__ = ["command"]


@click.command("restore")
@click.argument("source", metavar="FROM")
@click.option("--to", required=True, type=click.Path(path_type=Path), help="An empty home folder.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]),
    help="The latest point at or before then, in UTC; else the latest of all.",
)
@click.option("--lake", help="Where the lake is to be; else the folder `lake` of --to.")
@click.option(
    "--database", help="An empty PostgreSQL database for the records; else files in --to."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    source: str,
    *,
    to: Path,
    as_of: datetime | None,
    lake: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Restore the backup in FROM into an empty folder, which `serve --home` then serves.

    Every file is checked as it is written. A restore that was cut short is gone on with by
    repeating it. Where server, lake or database are to be is told by the options alone, so that
    nothing that is in use is written to by mistake.
    """
    from watchkeeper.governance.points import point_at
    from watchkeeper.governance.restore import Target, restore
    from watchkeeper.lake.stores import Files
    from watchkeeper.settings import Settings

    settings = Settings.load()
    options = settings.storage_options()
    home = to.expanduser().absolute()
    backup = Files(
        source if "://" in source else str(Path(source).expanduser().absolute()), options
    )
    point = point_at(backup, as_of.replace(tzinfo=UTC) if as_of else None)
    restore(backup, point, Target(home, Files(lake or str(home / "lake"), options), database))
    files = len(point.data_files())
    if as_json:
        told = {"point": point.taken_at.isoformat(), "files": files, "home": str(home)}
        click.echo(json.dumps(told))
        return
    click.echo(
        f"restored as of {point.taken_at.isoformat()}: {files:,} files of the lake, in {home}"
    )
    for name, meant in (("LAKE", lake), ("DATABASE_URL", database)):
        held = getattr(settings, name.lower())
        if held and held != meant:
            click.echo(
                f"WATCHKEEPER_{name} names another place: set it anew before you serve this one"
            )
    click.echo(
        f"check it with `watchkeeper doctor --home {home}`, then `watchkeeper serve --home {home}`"
    )
