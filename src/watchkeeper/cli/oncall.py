"""`watchkeeper oncall`: who is on call, and who is next."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.server_options import connect, server_options

__all__ = ["command"]


@click.command("oncall")
@click.argument("rota", required=False)
@click.option("--at", help="At which moment, such as 2026-12-24T18:00:00+01:00; else now.")
@click.option("--days", default=14, show_default=True, help="How far to look ahead.")
@server_options
def command(rota: str | None, **options: object) -> None:
    """Say who is on call of ROTA, or of every rota, and who is afterwards."""
    url, key = options["url"], options["key"]
    http = connect(None if url is None else str(url), None if key is None else str(key))
    answer = http.get("/api/v1/on-call", rota=rota, at=options["at"], days=options["days"]).data
    found = answer if isinstance(answer, list) else []
    if options["as_json"]:
        click.echo(json.dumps(found, indent=2))
        return
    for each in found:
        click.echo(f"{each['rota']}: {each['person'] or 'nobody'} ({each['timezone']})")
        for shift in each["shifts"]:
            start, end = str(shift["start"])[:16], str(shift["end"])[:16]
            click.echo(f"  {start} to {end} UTC  {shift['person'] or 'nobody'}")
    if not found:
        click.echo("no rotas")
