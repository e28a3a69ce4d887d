"""`watchkeeper alerts show`: all that is known of one incident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

import click

from watchkeeper.cli.server_options import connect

__all__ = ["show"]

_Plain: TypeAlias = dict[str, object]


@click.command("show")
@click.argument("incident")
@click.pass_context
def show(context: click.Context, incident: str) -> None:
    """What is known of INCIDENT: cause, what is held back, what was changed before, its alerts."""
    url, key, as_json = context.obj
    answer = connect(url, key).get(f"/api/v1/incidents/{incident}").data
    found = answer if isinstance(answer, dict) else {}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: _Plain) -> Iterator[str]:
    incident, facts = _part(found, "incident"), _part(_part(found, "incident"), "facts")
    yield f"{incident['model']}: {incident['title']}"
    state = f"{incident['state']}, {incident['severity']}, since {_moment(incident['opened_at'])}"
    yield f"  {'state':<15} {state}"
    yield f"  {'likely why':<15} {incident['cause']}"
    for name in ("held_back", "let_go"):
        if facts.get(name):
            yield f"  {'held back':<15} {facts[name]}"
    for change in _list(found, "changes"):
        by = f" by {change['by']}" if change["by"] else ""
        link = f"  {change['link']}" if change["link"] else ""
        yield f"  {'changed before':<15} {change['title']} ({change['kind']}{by}), {change['when']}{link}"
    for said in _list(found, "feedback"):
        note = f": {said['note']}" if said["note"] else ""
        yield f"  {'feedback':<15} {said['worth']}, says {said['by']}{note}"
    for alert in _list(found, "alerts"):
        runbook = f"  {alert['runbook']}" if alert["runbook"] else ""
        yield f"  {alert['state']!s:<15} {alert['message']}{runbook}"


def _moment(text: object) -> str:
    return str(text)[:16].replace("T", " ")


def _part(found: _Plain, name: str) -> _Plain:
    held = found.get(name)
    return held if isinstance(held, dict) else {}


def _list(found: _Plain, name: str) -> list[_Plain]:
    held = found.get(name)
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []
