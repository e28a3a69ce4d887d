"""`watchkeeper rows MODEL`: what is stored of a model, now or as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from watchkeeper.cli.server_options import connect, every, server_options

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["command"]

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_TABLES = ("joined", "predictions", "labels", "quarantine")
_ARROW = "application/vnd.apache.arrow.stream"
_ENDINGS = (".parquet", ".csv", ".jsonl")


@click.command("rows")
@click.argument("model")
@click.option("--table", type=click.Choice(_TABLES), default="joined", show_default=True)
@click.option("--from", "start", type=_MOMENT, help="Rows that happened then or later, in UTC.")
@click.option("--to", "end", type=_MOMENT, help="Rows that happened before, in UTC.")
@click.option(
    "--known-at", type=_MOMENT, help="As known then, in UTC: with the labels told so far."
)
@click.option(
    "--as-of", help="As stored then: a version of the table, or a moment of the last week."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write all to a file.")
@click.option("--limit", default=20, show_default=True, help="Most rows to show.")
@server_options
def command(
    model: str,
    *,
    table: str,
    start: datetime | None,
    end: datetime | None,
    known_at: datetime | None,
    as_of: str | None,
    out: Path | None,
    limit: int,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Show the rows of MODEL (by default of the last day), or write them to a file.

    The file is Parquet, CSV or JSON lines, as its name ends. `joined` rows are predictions with
    the truth about them; the other tables are shown as they are stored, history included.
    """
    until = end.replace(tzinfo=UTC) if end else datetime.now(UTC)
    asked = {
        "table": table,
        "start": _told(start) or (until - timedelta(days=1)).isoformat(),
        "end": until.isoformat(),
        "known_at": _told(known_at),
        "as_of": _moment_or_version(as_of),
    }
    path = f"/api/v1/models/{model}/rows"
    http = connect(url, key)
    if out is not None:
        given = {name: value for name, value in asked.items() if value is not None}
        rows = _read(http.download(f"{path}?{urlencode(given)}", accept=_ARROW))
        _write(rows, out)
        click.echo(f"{rows.num_rows:,} rows written to {out}")
        return
    shown = list(islice(every(http, path, **asked), limit))
    for row in shown:
        click.echo(json.dumps(row) if as_json else _line(row))
    if not shown and not as_json:
        click.echo(f"no rows of {model} are stored there")


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


def _moment_or_version(text: str | None) -> str | None:
    if text is None or text.isdigit():
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text  # the server says what is wrong with it
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _line(row: dict[str, object]) -> str:
    return "  ".join(f"{name}={value}" for name, value in row.items() if value is not None)


def _read(body: bytes) -> pa.Table:
    import pyarrow as pa

    with pa.ipc.open_stream(body) as reader:
        return reader.read_all()


def _write(rows: pa.Table, out: Path) -> None:
    from watchkeeper.errors import InvalidInput

    ending = out.suffix.lower()
    if ending not in _ENDINGS:
        raise InvalidInput(f"a file of rows must end in one of {_ENDINGS}, got {out.name!r}")
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, out)
    elif ending == ".csv":
        from pyarrow import csv

        csv.write_csv(rows, out)
    else:
        with out.open("w", encoding="utf-8") as lines:
            for row in rows.to_pylist():
                lines.write(json.dumps(row, default=str) + "\n")
