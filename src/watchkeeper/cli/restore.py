"""`watchkeeper restore FROM --to DIR`: an installation as it was at a point of a backup."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from watchkeeper.governance.checks.finding import Finding
    from watchkeeper.governance.points import Point
    from watchkeeper.settings import Settings

__all__ = ["command"]


@click.command("restore")
@click.argument("source", metavar="FROM")
@click.option("--to", required=True, type=click.Path(path_type=Path), help="An empty home folder.")
@click.option("--as-of", help="The latest point at or before then (UTC); else the latest of all.")
@click.option("--lake", help="Where the lake is to be; else the folder `lake` of --to.")
@click.option(
    "--database", help="An empty PostgreSQL database for the records; else files in --to."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    source: str,
    *,
    to: Path,
    as_of: str | None,
    lake: str | None,
    database: str | None,
    as_json: bool,
) -> int:
    """Restore the backup in FROM into an empty folder, which `serve --home` then serves.

    Every file is checked as it is written, and the whole as `doctor` does in the end: exit code 1
    where it finds something wrong. A restore that was cut short is gone on with by repeating it.
    Where server, lake and database are to be is told by the options alone, so that nothing that is
    in use is written to by mistake.
    """
    from watchkeeper.governance.doctor import examine
    from watchkeeper.governance.points import point_at
    from watchkeeper.governance.restore import Target, restore
    from watchkeeper.lake.stores import Files
    from watchkeeper.settings import Settings

    settings = Settings.load()
    options = settings.storage_options()
    home = to.expanduser().absolute()
    place = source if "://" in source else str(Path(source).expanduser().absolute())
    backup = Files(place, options)
    point = point_at(backup, _moment(as_of))
    restore(backup, point, Target(home, Files(lake or str(home / "lake"), options), database))
    restored = replace(settings, home=home, lake=lake or "", database_url=database or "")
    wrong = [found for found in examine(restored, now=datetime.now(UTC)) if found.health == "fail"]
    if as_json:
        told = {"point": point.taken_at.isoformat(), "files": len(point.data_files())}
        faults = [found.message for found in wrong]
        click.echo(json.dumps({**told, "home": str(home), "faults": faults}))
    else:
        _show(point, wrong, (settings, restored))
    return int(bool(wrong))


def _show(point: Point, wrong: list[Finding], both: tuple[Settings, Settings]) -> None:
    settings, restored = both
    files = len(point.data_files())
    click.echo(
        f"restored as of {point.taken_at.isoformat()}: {files:,} files of the lake, in "
        f"{restored.home}"
    )
    for found in wrong:
        click.echo(f"  wrong: {found.message}")
    if not wrong:
        click.echo("records and lake are whole and agree")
    for name in ("lake", "database_url"):
        held = getattr(settings, name)
        if held and held != getattr(restored, name):
            click.echo(
                f"WATCHKEEPER_{name.upper()} names another place: set it anew before you serve this"
            )
    click.echo(f"serve it with `watchkeeper serve --home {restored.home}`")


def _moment(text: str | None) -> datetime | None:
    from watchkeeper.errors import InvalidInput

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"--as-of must be a moment such as 2024-03-04T09:00:00, got {text[:60]!r}"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
