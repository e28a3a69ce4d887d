"""`watchkeeper status [MODEL]`: how the models are."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.server_options import connect, every, server_options

__all__ = ["command"]

_SIGNS = {"ok": "·", "alert": "▲", "insufficient_data": "?", "error": "✖"}
_STYLES = {"ok": "green", "alert": "yellow", "insufficient_data": "dim", "error": "red"}


@click.command("status")
@click.argument("model", required=False)
@server_options
def command(model: str | None, *, url: str | None, key: str | None, as_json: bool) -> int:
    """Show every model, or MODEL with its open incidents.

    Exit code 1 where a model has an open incident or a failed monitor.
    """
    http = connect(url, key)
    models = [m for m in every(http, "/api/v1/models") if model in (None, m["name"])]
    if model and not models:
        http.get(f"/api/v1/models/{model}")  # says which model is not there
    incidents = [
        found
        for found in every(http, "/api/v1/incidents", model=model)
        if found["state"] != "resolved"
    ]
    if as_json:
        click.echo(json.dumps({"models": models, "incidents": incidents}, indent=2))
    else:
        _show(models, incidents)
    return int(any(m["health"] in ("alert", "error") for m in models) or bool(incidents))


def _show(models: list[dict[str, object]], incidents: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", "model", "owner", "last window", "rows", "labels", "incidents"):
        table.add_column(heading, justify="right" if heading in ("rows", "labels") else "left")
    for found in models:
        health = str(found["health"])
        window, maturity = found["last_window"], found["maturity"]
        table.add_row(
            Text(f"{_SIGNS.get(health, '?')} {health.replace('_', ' ')}", _STYLES.get(health, "")),
            Text(str(found["name"])),
            Text(str(found["owner"])),
            str(window["start"])[:16].replace("T", " ") if isinstance(window, dict) else "none yet",
            f"{found['rows_last_window'] or 0:,}",
            f"{maturity:.0%}" if isinstance(maturity, float) else "",
            str(found["open_incidents"]),
        )
    console.print(table)
    for incident in incidents:
        console.print()
        console.print(Text(f"{incident['severity']}: {incident['title']}", "bold"))
        console.print(Text(f"  since {str(incident['opened_at'])[:16]}, {incident['cause']}"))
