"""`watchkeeper otel test`: whether the receiver of metrics, logs and traces really takes them."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

__all__ = ["command"]


@click.group("otel")
def command() -> None:
    """OpenTelemetry: where metrics, logs and traces go."""


@command.command("test")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def test(*, as_json: bool) -> int:
    """Send one metric, one log record and one span, and tell what the receiver answered.

    It goes where the settings and the OTEL_ variables say. Exit code 0 where all of it was taken,
    1 where some was not, 2 where nothing is configured.
    """
    from watchkeeper.errors import InvalidInput
    from watchkeeper.interop.otel.configured import own_version, wanted
    from watchkeeper.interop.otel.probe import probe
    from watchkeeper.settings import Settings

    export = wanted(Settings.load(), process="test")
    if export is None:
        raise InvalidInput(
            "nothing is exported: name a receiver with WATCHKEEPER_OTEL_ENDPOINT, "
            "WATCHKEEPER_OTEL_PRESET or OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    found = probe(export, version=own_version())
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        for each in found:
            state = click.style(
                "taken" if each.ok else "not taken", fg="green" if each.ok else "red"
            )
            at = f"{each.endpoint} ({each.protocol}, {each.seconds:.1f} s)"
            click.echo(f"{each.signal}: {state} at {at}")
            if each.detail:
                click.echo(f"  {each.detail}")
    return int(not all(each.ok for each in found))
