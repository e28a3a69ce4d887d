"""From the settings to what a process exports. Whatever is wrong with it, the server starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from prometheus_client.core import Metric

from watchkeeper.errors import InvalidInput, NotInstalled
from watchkeeper.interop.otel.configured import own_version, wanted
from watchkeeper.interop.otel.exports import NO_EXPORTS, Exports, open_exports
from watchkeeper.settings import Settings

__all__ = ["exports_of"]

_log = logging.getLogger(__name__)


def exports_of(
    settings: Settings, process: str, read: Callable[[], Iterable[Metric]] | None = None
) -> Exports:
    """What a process exports; nothing, and why stands in the log, where that is not possible."""
    try:
        export = wanted(settings, process=process)
        if export is None:
            return NO_EXPORTS
        found = open_exports(export, version=own_version(), read=read)
    except (InvalidInput, NotInstalled) as error:
        _log.error("no telemetry is exported: %s", error)
        return NO_EXPORTS
    for target in export.targets:
        _log.info(
            "telemetry is exported signal=%s protocol=%s endpoint=%s",
            target.signal,
            target.protocol,
            target.endpoint,
        )
    return found
