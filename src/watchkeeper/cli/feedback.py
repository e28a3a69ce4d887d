"""`watchkeeper alerts useful|noise|precision`: what incidents were worth, and each rule by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click

from watchkeeper.cli.server_options import connect, server_options

__all__ = ["noise", "precision", "useful"]

_COLUMNS = ("model", "rule", "incidents", "rated", "useful", "noise", "worth it (95 %)")


def _give(context: click.Context, incident: str, worth: str, note: str) -> None:
    url, key, as_json = context.obj
    path = f"/api/v1/incidents/{incident}/feedback"
    said = connect(url, key).send_json("POST", path, {"worth": worth, "note": note}).data
    click.echo(json.dumps(said, indent=2) if as_json else f"recorded: {worth}")


@click.command("useful")
@click.argument("incident")
@click.option("--note", default="", help="Why.")
@click.pass_context
def useful(context: click.Context, incident: str, *, note: str) -> None:
    """Say that it was good to be told of INCIDENT."""
    _give(context, incident, "useful", note)


@click.command("noise")
@click.argument("incident")
@click.option("--note", default="", help="Why.")
@click.pass_context
def noise(context: click.Context, incident: str, *, note: str) -> None:
    """Say that nobody needed to be told of INCIDENT."""
    _give(context, incident, "noise", note)


@click.command("precision")
@click.option("--model", help="Only this model's rules.")
@click.option("--days", type=int, help="Only incidents that opened in the last days; else all.")
@server_options
def precision(
    *, model: str | None, days: int | None, url: str | None, key: str | None, as_json: bool
) -> None:
    """How often each rule was worth it, by what people said of its incidents.

    The interval says how sure that is. What nobody rated is not counted as noise.
    """
    since = None if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat()
    answer = connect(url, key).get("/api/v1/precision", model=model, since=since).data
    rows = answer if isinstance(answer, list) else []
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("no incidents")
        return
    table = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in table) for place in range(len(_COLUMNS))]
    for line in table:
        cells = [
            text.rjust(width) if 2 <= place <= 5 else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    counts = (str(row[name]) for name in ("incidents", "rated", "useful", "noise"))
    return str(row["model"]), str(row["monitor"]), *counts, _share(row)


def _share(row: dict[str, object]) -> str:
    share, low, high = (row[name] for name in ("precision", "low", "high"))
    if not all(isinstance(value, float | int) for value in (share, low, high)):
        return "unknown: nobody said"
    return f"{share:.0%} ({low:.0%} to {high:.0%})"
