"""What receivers want that cannot be told from the standard: addresses, headers, forms, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watchkeeper.interop.otel.target import Protocol

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One receiver. ``http`` and ``grpc`` are its addresses, empty where it is told otherwise."""

    http: str = ""
    grpc: str = ""
    protocol: str = ""
    key_header: str = ""
    temporality: str = ""
    longest_value: int = 4_095

    def endpoint(self, protocol: Protocol) -> str:
        """Its address for a protocol."""
        return self.http if protocol is Protocol.HTTP else self.grpc


def _signoz(region: str) -> Preset:
    address = f"https://ingest.{region}.signoz.cloud:443"
    return Preset(address, address, key_header="signoz-ingestion-key")


def _new_relic(host: str) -> Preset:
    # Deltas: cumulative sums are turned into rates there, which start anew with every process.
    return Preset(
        f"https://{host}:443",
        f"https://{host}:443",
        key_header="api-key",
        temporality="delta",
        longest_value=4_095,
    )


# References: signoz.io/docs/ingestion; docs.newrelic.com, "New Relic OTLP endpoint".
PRESETS: Mapping[str, Preset] = {
    "signoz": Preset(
        "http://localhost:4318", "http://localhost:4317", key_header="signoz-ingestion-key"
    ),
    "signoz-us": _signoz("us"),
    "signoz-eu": _signoz("eu"),
    "signoz-in": _signoz("in"),
    "newrelic-us": _new_relic("otlp.nr-data.net"),
    "newrelic-eu": _new_relic("otlp.eu01.nr-data.net"),
    "newrelic-gov": _new_relic("gov-otlp.nr-data.net"),
}
