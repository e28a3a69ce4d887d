"""`watchkeeper log MODEL FILE`: send a file of predictions or labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.server_options import address, server_options

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["command"]

_ENDINGS = (".parquet", ".csv", ".jsonl", ".ndjson")


@click.command("log")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--labels", is_flag=True, help="The rows are labels, not predictions.")
@server_options
def command(
    model: str,
    file: Path,
    *,
    labels: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    """Send the rows of FILE (Parquet, CSV or JSON lines) to MODEL, as known now.

    A history, whose rows were known long ago, is sent by `watchkeeper backfill`.
    Sending the same file again changes nothing. Rows that cannot be taken are kept in quarantine
    with the reason. Exit code 1 where some were rejected.
    """
    from watchkeeper.sdk.client import Client

    table, batch = _read(file), _name(file)
    with Client(*address(url, key)) as client:
        send = client.log_labels if labels else client.log_predictions
        receipt = send(model, table, batch=batch)
    if as_json:
        counts = {name: getattr(receipt, name) for name in ("received", "accepted", "rejected")}
        click.echo(json.dumps({"batch": batch, **counts}))
    else:
        click.echo(f"{receipt.accepted:,} of {receipt.received:,} rows accepted")
        if receipt.rejected:
            click.echo(f"{receipt.rejected:,} rejected: see `watchkeeper quarantine {model}`")
    return 1 if receipt.rejected else 0


def _read(file: Path) -> pa.Table:
    from watchkeeper.errors import InvalidInput
    from watchkeeper.profiles.readers import open_table

    if file.suffix.lower() not in _ENDINGS:
        raise InvalidInput(f"a file of rows must end in one of {_ENDINGS}, got {file.name!r}")
    return open_table(file).to_pyarrow()


def _name(file: Path) -> str:
    """The batch's id: the file's content, so that the same rows are taken once."""
    import hashlib

    with file.open("rb") as opened:
        return f"file-{hashlib.file_digest(opened, 'sha256').hexdigest()[:32]}"
