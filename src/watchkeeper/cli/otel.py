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

    It goes where the settings and the OTEL_ variables say; where events go to New Relic, so does
    one more. Exit code 0 where all of it was taken, 1 where some was not, 2 where nothing is
    configured.
    """
    from watchkeeper.errors import InvalidInput
    from watchkeeper.interop.new_relic.inference import event_api_of
    from watchkeeper.interop.new_relic.probe import probe_events
    from watchkeeper.interop.otel.configured import own_version, wanted
    from watchkeeper.interop.otel.probe import probe
    from watchkeeper.settings import Settings

    settings = Settings.load()
    export, events = wanted(settings, process="test"), event_api_of(settings)
    if export is None and events is None:
        raise InvalidInput(
            "nothing is exported: name a receiver with WATCHKEEPER_OTEL_ENDPOINT, "
            "WATCHKEEPER_OTEL_PRESET or OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    found = [asdict(each) for each in probe(export, version=own_version())] if export else []
    if events is not None:
        ok, seconds, detail = probe_events(events)
        at = {"signal": "events", "protocol": "Event API", "endpoint": events.address}
        found.append({**at, "ok": ok, "seconds": seconds, "detail": detail})
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for each in found:
            _show(each)
    return int(not all(each["ok"] for each in found))


def _show(probed: dict[str, object]) -> None:
    word, colour = ("taken", "green") if probed["ok"] else ("not taken", "red")
    at = f"{probed['endpoint']} ({probed['protocol']}, {probed['seconds']:.1f} s)"
    click.echo(f"{probed['signal']}: {click.style(word, fg=colour)} at {at}")
    if probed["detail"]:
        click.echo(f"  {probed['detail']}")
