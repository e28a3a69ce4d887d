"""From a route's sink specification to the sink, with secrets resolved at the last moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from watchkeeper.alerts.guard import Guarded
from watchkeeper.alerts.sinks.alertmanager import AlertmanagerSink
from watchkeeper.alerts.sinks.apprise import AppriseSink
from watchkeeper.alerts.sinks.email import EmailSink
from watchkeeper.alerts.sinks.log import LogSink
from watchkeeper.alerts.sinks.pagerduty import PagerDutySink
from watchkeeper.alerts.sinks.sink import Sink
from watchkeeper.alerts.sinks.slack import SlackSink
from watchkeeper.alerts.sinks.teams import TeamsSink
from watchkeeper.alerts.sinks.webhook import WebhookSink
from watchkeeper.domain.route import Secret, SinkSpec
from watchkeeper.errors import InvalidDefinition

__all__ = ["SINK_TYPES", "build_sink"]

# The literal table of built-in sinks: one line each.
SINK_TYPES: Mapping[str, Callable[..., Sink]] = {
    "log": LogSink,
    "email": EmailSink,
    "webhook": WebhookSink,
    "slack": SlackSink,
    "teams": TeamsSink,
    "pagerduty": PagerDutySink,
    "alertmanager": AlertmanagerSink,
    "apprise": AppriseSink,
}


def build_sink(spec: SinkSpec, resolve: Callable[[Secret], str]) -> Guarded:
    """The sink of a specification, guarded: what it says never holds its secrets.

    Parameters
    ----------
    spec
        Its type and options, as the route's document says them.
    resolve
        Reads the secret that a reference names.

    Raises
    ------
    InvalidDefinition
        The type is unknown, or an option is missing, unknown or wrong.
    """
    make = SINK_TYPES.get(spec.type)
    if make is None:
        raise InvalidDefinition(
            f"a sink's type must be one of {sorted(SINK_TYPES)}, got {spec.type!r}"
        )
    secrets: list[str] = []

    def read(secret: Secret) -> str:
        secrets.append(resolve(secret))
        return secrets[-1]

    options = {key: _option(value, read) for key, value in spec.options.items()}
    try:
        sink = make(**options)
    except TypeError as error:
        raise InvalidDefinition(f"the options of a {spec.type} sink are wrong: {error}") from error
    return Guarded(sink, spec.type, tuple(secrets))


def _option(value: object, resolve: Callable[[Secret], str]) -> object:
    if isinstance(value, Secret):
        return resolve(value)
    if isinstance(value, Mapping):
        return {str(key): _option(item, resolve) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_option(item, resolve) for item in value)
    return value
