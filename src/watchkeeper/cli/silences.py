"""`watchkeeper silences`: what is not told for a while."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import click

from watchkeeper.cli.server_options import connect, server_options

__all__ = ["command"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.group("silences", invoke_without_command=True)
@server_options
@click.pass_context
def command(context: click.Context, *, url: str | None, key: str | None, as_json: bool) -> None:
    """List silences; or add one, or end one."""
    context.obj = (url, key, as_json)
    if context.invoked_subcommand is None:
        _show(context, everything=False)


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that have ended too.")
@click.pass_context
def list_them(context: click.Context, *, everything: bool) -> None:
    """List silences: active ones, then those to come."""
    _show(context, everything=everything)


def _show(context: click.Context, *, everything: bool) -> None:
    url, key, as_json = context.obj
    answer = connect(url, key).get("/api/v1/silences").data
    found = [
        each
        for each in (answer if isinstance(answer, list) else [])
        if everything or each["state"] != "expired"
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for each in found:
        click.echo(
            f"{each['id']}  {each['state']:<8} until {str(each['ends_at'])[:16]} UTC  "
            f"{each['owner']}: {each['comment']}"
        )
        click.echo(f"{'':22}{' '.join(each['matchers'])}  ({_alerts(each['muted'])})")
    if not found:
        click.echo("no silences")


@command.command("add")
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "length", default="2h", show_default=True, help="How long: 45m, 2h, 3d.")
@click.option("--comment", required=True, help="Why.")
@click.option("--owner", help="Whose it is; else the key's.")
@click.option("--preview", is_flag=True, help="Only say what it would mute now.")
@click.pass_context
def add(context: click.Context, /, matchers: Sequence[str], **options: object) -> None:
    """Mute what all MATCHERS match, such as model=rides 'column=~"wind.*"'."""
    url, key, as_json = context.obj
    http = connect(url, key)
    asked: dict[str, object] = {"matchers": list(matchers)}
    if options["preview"]:
        found = http.send_json("POST", "/api/v1/silences/preview", asked).data
        _tell_preview(found if isinstance(found, dict) else {}, as_json=as_json)
        return
    ends = datetime.now(UTC) + _length(str(options["length"]))
    more = {"ends_at": ends.isoformat(), "comment": options["comment"], "owner": options["owner"]}
    made = http.send_json("POST", "/api/v1/silences", {**asked, **more}).data
    found = made if isinstance(made, dict) else {}
    click.echo(
        json.dumps(found, indent=2)
        if as_json
        else f"{found['id']}: {_alerts(found['muted'])} muted until {found['ends_at'][:16]} UTC"
    )


@command.command("expire")
@click.argument("silence")
@click.pass_context
def expire(context: click.Context, silence: str) -> None:
    """End SILENCE now."""
    url, key, as_json = context.obj
    ended = connect(url, key).request("DELETE", f"/api/v1/silences/{quote(silence, safe='')}").data
    click.echo(json.dumps(ended, indent=2) if as_json else f"ended: {silence}")


def _tell_preview(found: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    alerts = found.get("alerts")
    click.echo(f"would mute {_alerts(found.get('total'))} of {found.get('incidents')} incidents")
    for each in alerts if isinstance(alerts, list) else []:
        labels = " ".join(f"{name}={value}" for name, value in each["labels"].items())
        click.echo(f"  {each['title']}: {labels}")


def _alerts(count: object) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _length(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or not int(number) or unit not in _UNITS or len(number) > 6:
        raise click.BadParameter(f"a length must look like 45m, 2h or 3d, got {text!r}")
    return timedelta(**{_UNITS[unit]: int(number)})
