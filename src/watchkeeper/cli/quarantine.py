"""`watchkeeper quarantine`: rows that were not accepted, why, and how they are taken after all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import click

from watchkeeper.cli.server_options import connect, every, server_options
from watchkeeper.errors import InvalidInput

__all__ = ["command"]

_F = TypeVar("_F", bound=Callable[..., object])
_PATH = "/api/v1/quarantine"
_CASTS = ("numeric", "categorical", "text", "boolean", "timestamp")


class _ByName(click.Group):
    """A group for which the name of a model stands for ``list`` of it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            args = ["list", *args]
        return super().resolve_command(ctx, args)


@click.group("quarantine", cls=_ByName)
def command() -> None:
    """Rejected rows: list and show them, fix them, and send them again.

    `watchkeeper quarantine MODEL` lists those of MODEL.
    """


@command.command("list")
@click.argument("model")
@click.option("--reason", help="Only rows that were rejected for this reason.")
@click.option("--limit", default=20, show_default=True, help="Most rows to show.")
@click.option("--all", "with_replayed", is_flag=True, help="Show rows that were replayed too.")
@server_options
def list_rows(
    model: str,
    *,
    reason: str | None,
    limit: int,
    with_replayed: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Show the rejected rows of MODEL, the latest first, each with its reason."""
    found = every(connect(url, key), _PATH, model=model, reason=reason)
    chosen = (row for row in found if with_replayed or row["replayed_at"] is None)
    rows = list(islice(chosen, limit))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        again = "  (replayed)" if row["replayed_at"] else ""
        when, name = str(row["known_at"])[:19], row["id"] or "waits for the lake"
        click.echo(f"{name}  {when}  {row['kind']}  {row['reason']}: {row['detail']}{again}")
        click.echo(f"    {str(row['row'])[:300]}")
    if not rows:
        click.echo(f"nothing of {model} is in quarantine")


@command.command("show")
@click.argument("model")
@click.argument("row")
@server_options
def show_row(model: str, row: str, *, url: str | None, key: str | None, as_json: bool) -> None:
    """Show one rejected row of MODEL in full; ROW is its id."""
    found = connect(url, key).get(f"{_PATH}/rows/{row}", model=model).data
    if as_json or not isinstance(found, dict):
        click.echo(json.dumps(found, indent=2))
        return
    for name in ("id", "batch", "known_at", "kind", "reason", "detail", "replayed_at"):
        click.echo(f"{name:<12} {found[name] if found[name] is not None else '-'}")
    click.echo(json.dumps(json.loads(found["row"]), indent=2, ensure_ascii=False))


def _choice(function: _F) -> _F:
    """Add the options that choose rows."""
    options = (
        click.option("--reason", help="Only rows that were rejected for this reason."),
        click.option("--kind", type=click.Choice(["predictions", "labels"])),
        click.option("--batch", help="Only rows of this batch."),
        click.option("--id", "ids", multiple=True, help="Only this row; may stand more than once."),
        click.option("--plan", is_flag=True, help="Only say what it would do."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command("replay")
@click.argument("model")
@_choice
@server_options
def replay(model: str, *, url: str | None, key: str | None, as_json: bool, **chosen: object) -> int:
    """Send rejected rows of MODEL again as they are, once its definition can hold them.

    Each row is taken at most once, however often this is run. What is still wrong stays in
    quarantine. Exit code 1 where something did.
    """
    return _replay(model, chosen, {}, url=url, key=key, as_json=as_json)


@command.command("fix")
@click.argument("model")
@click.option("--rename", multiple=True, metavar="OLD=NEW", help="Give a column another name.")
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="COLUMN:OLD=NEW",
    help="Replace a value (NEW: JSON).",
)
@click.option("--cast", multiple=True, metavar="COLUMN=TYPE", help=f"To {', '.join(_CASTS)}.")
@click.option("--constant", multiple=True, metavar="COLUMN=VALUE", help="Set a column (JSON).")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out.")
@_choice
@server_options
def fix(
    model: str,
    *,
    rename: Sequence[str],
    values: Sequence[str],
    cast: Sequence[str],
    constant: Sequence[str],
    drop: Sequence[str],
    url: str | None,
    key: str | None,
    as_json: bool,
    **chosen: object,
) -> int:
    """Fix rejected rows of MODEL and send them again; `--plan` shows what becomes of them.

    In this order: columns renamed, values replaced, values cast, constants set, columns dropped.
    Each row is taken at most once; what is still wrong stays in quarantine.
    """
    replaced: dict[str, dict[str, object]] = {}
    for text in values:
        column, _, rest = text.partition(":")
        old, new = _pair(rest, "--value", "COLUMN:OLD=NEW")
        replaced.setdefault(column, {})[old] = _value(new)
    how = {
        "rename": dict(_pair(text, "--rename", "OLD=NEW") for text in rename),
        "values": replaced,
        "cast": dict(_pair(text, "--cast", "COLUMN=TYPE") for text in cast),
        "constant": {
            name: _value(text)
            for name, text in (_pair(text, "--constant", "COLUMN=VALUE") for text in constant)
        },
        "drop": list(drop),
    }
    return _replay(model, chosen, how, url=url, key=key, as_json=as_json)


def _replay(
    model: str,
    chosen: Mapping[str, object],
    how: Mapping[str, object],
    *,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    wanted = {**chosen, "model": model, "ids": chosen["ids"] or None, "fix": how}
    done = connect(url, key).send_json("POST", f"{_PATH}/replay", wanted).data
    if not isinstance(done, dict):
        raise InvalidInput(f"the server's answer must be a mapping, got {done!r}")
    if as_json:
        click.echo(json.dumps(done, indent=2))
    elif chosen["plan"]:
        click.echo(f"{done['ready']:,} of {done['rows']:,} rows would be taken")
    else:
        told = f"{done['accepted']:,} of {done['rows']:,} rows taken"
        again = f", {done['duplicate']:,} were there already" if done["duplicate"] else ""
        click.echo(told + again)
    if not as_json:
        for item in done["examples"]:
            shown = json.dumps(item["row"], ensure_ascii=False)[:200] if item["row"] else "-"
            click.echo(f"{item['id']}  {item['problem'] or 'ok'}\n    {shown}")
    return 1 if done["held"] or done["rejected"] else 0


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"{option} must look like {form}, got {text!r}")
    return name, value


def _value(text: str) -> object:
    """A value as JSON, or else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
