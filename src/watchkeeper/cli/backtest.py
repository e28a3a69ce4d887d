"""`watchkeeper backtest`: what another rule would have said of the stored history."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home_options import home_option, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchkeeper.domain.alert import Incident
    from watchkeeper.domain.feedback import Worth
    from watchkeeper.domain.model import Model
    from watchkeeper.domain.route import AlertRoute
    from watchkeeper.server.alerting.hindsight import Hindsight, Outcome
    from watchkeeper.server.views.asked import Range
    from watchkeeper.server.wiring import Parts

__all__ = ["command"]

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@dataclass(frozen=True, slots=True)
class _Compared:
    """The rule in force and the wanted one over the same history; ``wanted`` is None without one."""

    present: Hindsight
    wanted: Hindsight | None


@click.command("backtest")
@click.argument("model")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--from", "start", type=click.DateTime(_MOMENTS), help="Windows from then, in UTC.")
@click.option("--to", "end", type=click.DateTime(_MOMENTS), help="Windows before, in UTC.")
@home_option
def command(
    model: str,
    file: Path | None,
    *,
    start: datetime | None,
    end: datetime | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Replay the rules of FILE over the stored history of MODEL, beside those in force.

    FILE holds the model with other monitors, budget or materiality, monitors of it, or routes; what
    it leaves out is as in force. Every window is judged with what was known then. Nothing is
    written, and nobody is told. Works on the server's folder; the server may run meanwhile.
    """
    from watchkeeper.server.views.asked import Range
    from watchkeeper.server.wiring import open_parts

    parts = open_parts(settings_of(home))
    try:
        span = Range(*(moment and moment.replace(tzinfo=UTC) for moment in (start, end)))
        compared = _compare(parts, model, file, span)
    finally:
        parts.close()
    if as_json:
        click.echo(json.dumps(_plain(compared), indent=2))
    else:
        _show(compared)


def _compare(parts: Parts, name: str, file: Path | None, span: Range) -> _Compared:
    from watchkeeper.server.alerting.backtest import Backtest
    from watchkeeper.server.alerting.hindsight import hindsight, known_incidents
    from watchkeeper.server.alerting.rules import Rulebook

    present = parts.models.get(name).model
    wanted, routes = (present, None) if file is None else _read(file, present)
    backtest = Backtest(parts.catalog, parts.lake, parts.references)
    known = known_incidents(parts.catalog, name, span)

    def look(model: Model, held: Sequence[AlertRoute]) -> Hindsight:
        with click.progressbar(length=1, label=f"replaying {name}", file=sys.stderr) as bar:

            def progress(done: int, of: int) -> None:
                bar.length = of
                bar.update(done - bar.pos)

            found = backtest.run(present, model, span, progress=progress)
        return hindsight(found, known, held, window_length=model.granularity.length)

    held = Rulebook(parts.catalog).routes()
    before = look(present, held)
    if file is None:
        return _Compared(before, None)
    return _Compared(before, look(wanted, held if routes is None else routes))


def _read(file: Path, present: Model) -> tuple[Model, list[AlertRoute] | None]:
    """The wanted definition and routes (None: those in force) of a file or folder."""
    from watchkeeper.definitions.apply import with_monitor
    from watchkeeper.definitions.document import Monitor, load_documents
    from watchkeeper.domain.model import Model
    from watchkeeper.domain.route import AlertRoute
    from watchkeeper.monitors.kinds import check_monitors

    documents = load_documents(file)
    models = [each for each in documents if isinstance(each, Model) and each.name == present.name]
    wanted = models[0] if models else present
    for each in documents:
        if isinstance(each, Monitor) and each.model == present.name:
            wanted = with_monitor(wanted, each)
    check_monitors(wanted)
    routes = [each for each in documents if isinstance(each, AlertRoute)]
    return wanted, routes or None


def _show(compared: _Compared) -> None:
    sides = [compared.present, *([compared.wanted] if compared.wanted else [])]
    heads = ["in force", "wanted"][: len(sides)]
    rows = [
        ("windows", [str(side.replayed.windows) for side in sides]),
        ("alerts", [str(len(side.replayed.alerts)) for side in sides]),
        ("incidents", [str(len(side.replayed.incidents)) for side in sides]),
        *_severities(sides),
        *_routes(sides),
        *_rated(sides),
    ]
    wide = max(len(name) for name, _ in rows)
    click.echo(f"{'':<{wide}}  " + "  ".join(f"{head:>10}" for head in heads))
    for name, cells in rows:
        click.echo(f"{name:<{wide}}  " + "  ".join(f"{cell:>10}" for cell in cells))
    last = sides[-1]
    if last.replayed.skipped:
        click.echo(f"{last.replayed.skipped} looks were counted for another baseline: left out")
    click.echo(f"\nincidents {'of the wanted rule' if compared.wanted else 'in force'}:")
    for incident in last.replayed.incidents:
        click.echo(_line(incident, last))
    if not last.replayed.incidents:
        click.echo("  none")
    missed = [out for out in last.of(_worth("useful")) if out.told_by is None]
    for outcome in missed:
        click.echo(click.style(f"missed, though useful: {_known(outcome)}", fg="red"))
    for outcome in last.of(_worth("noise")):
        if outcome.told_by is None:
            click.echo(f"noise that is spared: {_known(outcome)}")


def _severities(sides: Sequence[Hindsight]) -> list[tuple[str, list[str]]]:
    return [
        (
            f"  {severity}",
            [str(sum(i.severity == severity for i in side.replayed.incidents)) for side in sides],
        )
        for severity in ("critical", "warning", "info")
    ]


def _routes(sides: Sequence[Hindsight]) -> list[tuple[str, list[str]]]:
    names = dict.fromkeys(name for side in sides for name in side.told)
    return [(f"told by {name}", [str(side.told.get(name, "")) for side in sides]) for name in names]


def _rated(sides: Sequence[Hindsight]) -> list[tuple[str, list[str]]]:
    def cell(side: Hindsight, worth: str | None, *, caught: bool) -> str:
        found = side.of(None if worth is None else _worth(worth))
        number = sum((outcome.told_by is not None) == caught for outcome in found)
        return f"{number} of {len(found)}"

    return [
        ("useful caught", [cell(side, "useful", caught=True) for side in sides]),
        ("noise spared", [cell(side, "noise", caught=False) for side in sides]),
        ("unrated, told again", [cell(side, None, caught=True) for side in sides]),
        ("new incidents", [str(len(side.new)) for side in sides]),
    ]


def _worth(text: str) -> Worth:
    from watchkeeper.domain.feedback import Worth

    return Worth(text)


def _line(incident: Incident, side: Hindsight) -> str:
    outcomes = [
        out for out in side.outcomes if out.told_by is not None and out.told_by.id == incident.id
    ]
    rated = ", ".join(dict.fromkeys(str(out.known.worth or "known") for out in outcomes)) or "new"
    return f"  {incident.opened_at:%Y-%m-%d %H:%M}  {incident.severity:<8}  {rated:<8}  {incident.title}"


def _known(outcome: Outcome) -> str:
    incident = outcome.known.incident
    return f"{incident.opened_at:%Y-%m-%d %H:%M} {incident.title} ({incident.id})"


def _plain(compared: _Compared) -> dict[str, object]:
    wanted = compared.wanted
    return {
        "in_force": _side(compared.present),
        "wanted": None if wanted is None else _side(wanted),
    }


def _side(side: Hindsight) -> dict[str, object]:
    replayed = side.replayed
    return {
        "windows": replayed.windows,
        "looks": replayed.looks,
        "skipped": replayed.skipped,
        "alerts": [
            {
                "monitor": alert.monitor,
                "what": alert.what,
                "column": alert.column,
                "segment": alert.segment,
                "severity": str(alert.severity),
                "opened_at": alert.opened_at.isoformat(),
                "incident": alert.incident,
            }
            for alert in replayed.alerts
        ],
        "incidents": [
            {
                "id": incident.id,
                "opened_at": incident.opened_at.isoformat(),
                "resolved_at": incident.resolved_at and incident.resolved_at.isoformat(),
                "severity": str(incident.severity),
                "title": incident.title,
                "cause": incident.cause,
                "new": incident in side.new,
            }
            for incident in replayed.incidents
        ],
        "told": dict(side.told),
        "known": [
            {
                "incident": outcome.known.incident.id,
                "title": outcome.known.incident.title,
                "opened_at": outcome.known.incident.opened_at.isoformat(),
                "worth": outcome.known.worth and str(outcome.known.worth),
                "told_by": outcome.told_by and outcome.told_by.id,
                "later_seconds": None if outcome.later is None else outcome.later.total_seconds(),
            }
            for outcome in side.outcomes
        ],
    }
