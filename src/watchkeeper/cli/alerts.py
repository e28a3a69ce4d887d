"""`watchkeeper alerts`: incidents, and what people do about them."""

from __future__ import annotations

import json
from urllib.parse import quote

import click

from watchkeeper.cli.feedback import noise, precision, useful
from watchkeeper.cli.incident import show
from watchkeeper.cli.server_options import connect, every, server_options

__all__ = ["command"]


@click.group("alerts", invoke_without_command=True)
@click.option("--model", help="Only this model's.")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@server_options
@click.pass_context
def command(
    context: click.Context,
    *,
    model: str | None,
    everything: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """List incidents; or acknowledge, assign, resolve or accept one by its id."""
    context.obj = (url, key, as_json)
    if context.invoked_subcommand is None:
        _show(context, model, everything=everything)


def _show(context: click.Context, model: str | None, *, everything: bool) -> None:
    url, key, as_json = context.obj
    found = [
        incident
        for incident in every(connect(url, key), "/api/v1/incidents", model=model)
        if everything or incident["state"] != "resolved"
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for incident in found:
        who = incident["assignee"] or incident["acknowledged_by"]
        click.echo(
            f"{incident['id']}  {incident['state']:<12} {incident['severity']:<8} "
            f"{str(incident['opened_at'])[:16]}  {incident['model']}: {incident['title']}"
            + (f"  ({who})" if who else "")
        )
        click.echo(f"{'':22}{incident['cause']}")
    if not found:
        click.echo("no open incidents" if not everything else "no incidents")


@command.command("list")
@click.option("--model", help="Only this model's.")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@click.pass_context
def list_them(context: click.Context, *, model: str | None, everything: bool) -> None:
    """List incidents, the latest opened first."""
    _show(context, model, everything=everything)


def _act(context: click.Context, incident: str, deed: str, note: str, **more: str) -> None:
    url, key, as_json = context.obj
    path = f"/api/v1/incidents/{quote(incident, safe='')}/{deed}"
    answer = connect(url, key).send_json("POST", path, {"note": note, **more}).data
    found = answer["incident"] if isinstance(answer, dict) else {}
    click.echo(json.dumps(answer, indent=2) if as_json else f"{found['state']}: {found['title']}")


@command.command("ack")
@click.argument("incident")
@click.option("--note", default="", help="Why; kept in the incident's timeline.")
@click.pass_context
def acknowledge(context: click.Context, incident: str, *, note: str) -> None:
    """Say that somebody looks after it."""
    _act(context, incident, "acknowledge", note)


@command.command("assign")
@click.argument("incident")
@click.argument("person", default="")
@click.option("--note", default="", help="Why; kept in the incident's timeline.")
@click.pass_context
def assign(context: click.Context, incident: str, *, person: str, note: str) -> None:
    """Say that PERSON is to look after it; nobody any more without one."""
    _act(context, incident, "assign", note, to=person)


@command.command("note")
@click.argument("incident")
@click.argument("text")
@click.pass_context
def note_down(context: click.Context, incident: str, *, text: str) -> None:
    """Keep TEXT in the incident's timeline."""
    _act(context, incident, "note", text)


@command.command("resolve")
@click.argument("incident")
@click.option("--note", default="", help="Why; kept in the incident's timeline.")
@click.pass_context
def resolve(context: click.Context, incident: str, *, note: str) -> None:
    """Say that it is over; should its series still fire, they open anew."""
    _act(context, incident, "resolve", note)


@command.command("test")
@click.argument("route")
@click.pass_context
def test(context: click.Context, route: str) -> int:
    """Send a test notice through every sink of ROUTE; exit code 1 where one was not taken."""
    url, key, as_json = context.obj
    found = connect(url, key).request("POST", f"/api/v1/routes/{quote(route, safe='')}/test").data
    outcomes = found if isinstance(found, list) else []
    if as_json:
        click.echo(json.dumps(outcomes, indent=2))
    else:
        for outcome in outcomes:
            said = outcome["problem"] or f"taken: {outcome['answer']}"
            click.echo(
                f"{outcome['route']}  {outcome['sink']}  {outcome['type']:<12} {outcome['target']}\n   {said}"
            )
    return 1 if any(outcome["problem"] for outcome in outcomes) else 0


@command.command("accept")
@click.argument("incident")
@click.option("--note", default="", help="Why; kept in the incident's timeline.")
@click.pass_context
def accept(context: click.Context, incident: str, *, note: str) -> None:
    """Accept a lasting change: judge against the changed data from now on."""
    _act(context, incident, "accept", note)


for _each in (show, useful, noise, precision):
    command.add_command(_each)
