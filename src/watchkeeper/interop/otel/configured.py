"""Where telemetry goes, as our settings and the standard's variables say."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from watchkeeper.interop.otel.options import Wish, resolve
from watchkeeper.interop.otel.target import Export
from watchkeeper.settings import Settings, standard_environment

__all__ = ["own_version", "wanted"]


def own_version() -> str:
    """The version of this program, told with all that it exports."""
    try:
        return version_of("watchkeeper")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def wanted(
    settings: Settings, *, process: str = "", environment: Mapping[str, str] | None = None
) -> Export | None:
    """Where telemetry goes; None: nowhere.

    ``environment`` holds variables that begin with ``OTEL_``; None: those of the process.
    InvalidInput where a setting or a variable cannot be understood.
    """
    wish = Wish(
        preset=settings.otel_preset,
        endpoint=settings.otel_endpoint,
        protocol=settings.otel_protocol,
        key=settings.otel_key,
        headers=settings.export_headers(),
        signals=settings.otel_signals,
        temporality=settings.otel_temporality,
    )
    given = standard_environment("OTEL_") if environment is None else environment
    return resolve(wish, given, version=own_version(), process=process)
