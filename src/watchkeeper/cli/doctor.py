"""`watchkeeper doctor`: whether everything is whole, and what to do where it is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home_options import home_option, settings_of

if TYPE_CHECKING:
    from watchkeeper.governance.checks.finding import Finding

__all__ = ["command"]

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything.")
@click.option("--deep", is_flag=True, help="Read every file of the lake, from end to end.")
@click.option("--from", "source", help="A backup to bring lost or damaged files of the lake from.")
@home_option
def command(
    *, repair: bool, deep: bool, source: str | None, home: Path | None, as_json: bool
) -> int:
    """Check databases, lake, and that both tell the same; each finding says what to do.

    The server may run meanwhile. Exit code 1 where something is wrong (`fail`); what is merely
    worth knowing (`warn`) does not count.
    """
    from datetime import UTC, datetime

    from watchkeeper.governance.doctor import examine, mend

    settings = settings_of(home)
    found = examine(settings, now=datetime.now(UTC), deep=deep)
    done: list[str] = []
    if repair:
        if source is not None:
            done += _bring_back(source, home, deep=deep)
        done += mend(found)
        found = examine(settings, now=datetime.now(UTC), deep=deep)
    if as_json:
        click.echo(json.dumps({"findings": [_plain(item) for item in found], "repaired": done}))
    else:
        _show(found, done)
    return int(any(item.health == "fail" for item in found))


def _bring_back(source: str, home: Path | None, *, deep: bool) -> list[str]:
    from watchkeeper.governance.mending import bring_back
    from watchkeeper.lake.stores import Files

    settings = settings_of(home)
    options = settings.storage_options()
    place = source if "://" in source else str(Path(source).expanduser().absolute())
    return bring_back(Files(place, options), Files(settings.lake_root, options), deep=deep)


def _plain(found: Finding) -> dict[str, object]:
    return {
        "check": found.check,
        "health": str(found.health),
        "message": found.message,
        "advice": found.advice,
        "can_repair": found.repair is not None,
    }


def _show(found: Sequence[Finding], done: Sequence[str]) -> None:
    for text in done:
        click.echo(f"mended: {text}")
    width = max(len(item.check) for item in found)
    for item in found:
        mark = click.style(f"{item.health:<4}", fg=_COLOURS[item.health])
        click.echo(f"{mark}  {item.check:<{width}}  {item.message}")
        if item.advice:
            hint = " (--repair does it)" if item.repair and item.health != "ok" else ""
            click.echo(f"{'':<{width + 8}}{item.advice}{hint}")
