"""`watchkeeper changes`: the journal of what was changed when."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from watchkeeper.cli.server_options import connect, every, server_options

__all__ = ["command"]

_KINDS = ("deploy", "definition", "baseline", "schema", "data", "resources", "note")
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@click.group("changes")
def command() -> None:
    """What was changed when: noted by people and builds, and by what the server sees itself."""


@command.command("add")
@click.argument("title")
@click.option("--model", help="Only this model may feel it; else all may.")
@click.option("--kind", type=click.Choice(_KINDS), default="deploy", show_default=True)
@click.option("--at", type=click.DateTime(_MOMENTS), help="When, in UTC; else now.")
@click.option("--detail", default="", help="More about it.")
@click.option("--link", help="Where there is more, such as the build or the commit.")
@click.option("--once", "once", metavar="NAME", help="Note it once under this name: a commit.")
@server_options
def add(*, url: str | None, key: str | None, as_json: bool, **told: object) -> None:
    """Note that TITLE happened, as the last step of a deploy does."""
    moment, once = told.pop("at"), told.pop("once")
    at = moment.replace(tzinfo=UTC).isoformat() if isinstance(moment, datetime) else None
    draft = {**told, "at": at, "key": once}
    answer = connect(url, key).send_json("POST", "/api/v1/changes", draft).data
    entry = answer if isinstance(answer, dict) else {}
    click.echo(json.dumps(entry, indent=2) if as_json else _line(entry))


@command.command("list")
@click.option("--model", help="What this model may feel: its own changes, and those of all.")
@click.option("--from", "start", type=click.DateTime(_MOMENTS), help="Then or later, in UTC.")
@click.option("--to", "end", type=click.DateTime(_MOMENTS), help="Before, in UTC.")
@click.option("--limit", default=50, show_default=True, help="Most to show.")
@server_options
def show(
    *,
    model: str | None,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Show changes, the latest first."""
    span = {
        name: moment.replace(tzinfo=UTC).isoformat()
        for name, moment in (("start", start), ("end", end))
        if moment is not None
    }
    entries = every(connect(url, key), "/api/v1/changes", model=model, **span)
    found = [entry for _, entry in zip(range(limit), entries, strict=False)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for entry in found:
        click.echo(_line(entry))
    if not found:
        click.echo("no changes")


def _line(entry: dict[str, object]) -> str:
    who = f" (by {entry['by']})" if entry["by"] else ""
    link = f"  {entry['link']}" if entry["link"] else ""
    at = str(entry["at"])[:16].replace("T", " ")
    return (
        f"{at}  {entry['kind']:<10} {entry['model'] or 'all models'}: {entry['title']}{who}{link}"
    )
