"""`watchkeeper quarantine MODEL`: rows that were not accepted, and why."""

from __future__ import annotations

import json
from itertools import islice

import click

from watchkeeper.cli.server_options import connect, every, server_options

__all__ = ["command"]


@click.command("quarantine")
@click.argument("model")
@click.option("--limit", default=20, show_default=True, help="Most rows to show.")
@server_options
def command(model: str, *, limit: int, url: str | None, key: str | None, as_json: bool) -> None:
    """Show the rejected rows of MODEL, the latest first, each with its reason."""
    rows = list(islice(every(connect(url, key), "/api/v1/quarantine", model=model), limit))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{str(row['known_at'])[:19]}  {row['kind']}  {row['reason']}: {row['detail']}")
        click.echo(f"    {str(row['row'])[:300]}")
    if not rows:
        click.echo(f"nothing of {model} is in quarantine")
