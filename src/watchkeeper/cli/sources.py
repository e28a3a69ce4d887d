"""`watchkeeper sources [NAME]`: where rows are fetched from, and what came of it."""

from __future__ import annotations

import json
from urllib.parse import quote

import click

from watchkeeper.cli.server_options import connect, every, server_options

__all__ = ["command"]

_STYLES = {"running": "green", "waiting": "yellow", "failing": "red"}


@click.command("sources")
@click.argument("name", required=False)
@server_options
def command(name: str | None, *, url: str | None, key: str | None, as_json: bool) -> int:
    """Show every source, or NAME with the files that it looked into last.

    Exit code 1 where a source fails.
    """
    http = connect(url, key)
    files: list[dict[str, object]] = []
    if name is None:
        found = list(every(http, "/api/v1/sources"))
    else:
        path = f"/api/v1/sources/{quote(name, safe='')}"
        one = http.get(path).data
        found = [one] if isinstance(one, dict) else []
        files = list(every(http, f"{path}/files"))
    if as_json:
        click.echo(json.dumps({"sources": found, "files": files}, indent=2))
    else:
        _show(found, files)
    return int(any(source["state"] == "failing" for source in found))


def _show(sources: list[dict[str, object]], files: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    numbers = ("accepted", "duplicate", "rejected")
    for heading in ("", "source", "model", "type", *numbers, "lag"):
        table.add_column(heading, justify="right" if heading in (*numbers, "lag") else "left")
    for source in sources:
        state = str(source["state"] or "not begun") if source["enabled"] else "off"
        counts = source["counts"]
        told = [f"{counts[each]:,}" if isinstance(counts, dict) else "" for each in numbers]
        lag = source["lag"]
        table.add_row(
            Text(state, _STYLES.get(state, "dim")),
            *(Text(str(source[each])) for each in ("name", "model", "type")),
            *told,
            f"{lag:,}" if isinstance(lag, int) else "",
        )
    console.print(table)
    for source in sources:
        if source["detail"]:
            console.print(Text(f"{source['name']}: {source['detail']}"))
    for file in files:
        detail = f" ({file['detail']})" if file["detail"] else ""
        console.print(Text(f"{file['state']} {file['path']}: {file['rows']:,} rows{detail}"))
