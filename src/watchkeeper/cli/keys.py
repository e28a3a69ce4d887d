"""`watchkeeper keys`: who may do what."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.server_options import connect, every, server_options
from watchkeeper.domain.key import Scope

__all__ = ["command"]


@click.group("keys")
def command() -> None:
    """Make, list and revoke API keys (scope admin)."""


@command.command("list")
@server_options
def list_keys(*, url: str | None, key: str | None, as_json: bool) -> None:
    """Every key, without its secret."""
    found = list(every(connect(url, key), "/api/v1/keys"))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for made in found:
        state = "revoked" if made["revoked_at"] else "active"
        scopes = made["scopes"] if isinstance(made["scopes"], list) else []
        rates = "".join(
            f", at most {made[name]:g} {name.partition('_')[0]}/s"
            for name in ("rows_per_second", "bytes_per_second")
            if made[name]
        )
        shown = f"{made['name']}: {' '.join(scopes)}{rates}"
        click.echo(f"{made['id']}  {state:<8} {made['hint']}…  {shown}")


@command.command("make")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What the key may do; may stand more than once.",
)
@click.option("--rows-per-second", type=float, help="Most rows it may send in a second.")
@click.option("--bytes-per-second", type=float, help="Most bytes it may send in a second.")
@server_options
def make_key(
    name: str,
    *,
    scopes: tuple[str, ...],
    rows_per_second: float | None,
    bytes_per_second: float | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Make a key for a person or a service called NAME; its secret is shown this once.

    A server keeps the rates on the average of some seconds, and tells who is too fast when to
    send again. Of several replicas each keeps them on its own.
    """
    rates = {"rows_per_second": rows_per_second, "bytes_per_second": bytes_per_second}
    wanted = {"name": name, "scopes": list(scopes), **rates}
    made = connect(url, key).send_json("POST", "/api/v1/keys", wanted).data
    click.echo(
        json.dumps(made, indent=2) if as_json or not isinstance(made, dict) else made["secret"]
    )


@command.command("revoke")
@click.argument("key_id")
@server_options
def revoke_key(key_id: str, *, url: str | None, key: str | None, as_json: bool) -> None:
    """Revoke a key at once."""
    answer = connect(url, key).request("DELETE", f"/api/v1/keys/{key_id}").data
    click.echo(json.dumps(answer, indent=2) if as_json else f"{key_id} revoked")
