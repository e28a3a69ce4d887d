"""`watchkeeper log-level`: how much the server tells, changed while it runs."""

from __future__ import annotations

import json
from urllib.parse import quote

import click

from watchkeeper.cli.server_options import connect, server_options
from watchkeeper.errors import InvalidInput

__all__ = ["command"]


@click.command("log-level")
@click.argument(
    "level", type=click.Choice(["debug", "info", "warning", "error", "usual"]), required=False
)
@click.option("--logger", default="root", show_default=True, help="Only this one and those below.")
@click.option(
    "--minutes", type=click.IntRange(1, 10_080), help="For so long; without it, for good."
)
@server_options
def command(
    level: str | None,
    *,
    logger: str,
    minutes: int | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Show at which level is logged, or change it in every process; `usual` takes that back."""
    http, path = connect(url, key), f"/api/v1/log-levels/{quote(logger, safe='')}"
    if level is None or level == "usual":
        if minutes is not None:
            raise InvalidInput("--minutes needs a level to log at for so long")
        answer = http.get("/api/v1/log-levels") if level is None else http.request("DELETE", path)
    else:
        answer = http.send_json("PUT", path, {"level": level, "minutes": minutes})
    found = answer.data if isinstance(answer.data, dict) else {}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"configured: {found.get('configured')}")
    for item in found.get("wanted", []):
        until = f" until {item['until'][:16].replace('T', ' ')} UTC" if item["until"] else ""
        click.echo(f"{item['logger']}: {item['level']}{until}, by {item['by']}")
