"""From settings and the standard's variables to where telemetry goes.

A setting of ours wins over a variable of OpenTelemetry, and a preset counts as ours; of the
variables the one of a signal wins over the general one. Nothing goes anywhere unless one of them
names a place.

References
----------
OpenTelemetry, "OTLP Exporter Configuration" and "Environment Variable Specification".
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import getpid
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.presets import PRESETS, Preset
from watchkeeper.interop.otel.target import Export, Protocol, Signal, Target, Temporality

__all__ = ["Wish", "resolve"]

_E = TypeVar("_E", Protocol, Signal, Temporality)
_GENERAL = "OTEL_EXPORTER_OTLP"
_LEAST_TIMEOUT_SECONDS = 1.0
_LOW_INTERVAL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What our own settings say; empty: nothing."""

    preset: str = ""
    endpoint: str = ""
    protocol: str = ""
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signals: str = "metrics,logs,traces"
    temporality: str = ""


def resolve(
    wish: Wish, environment: Mapping[str, str], *, version: str, process: str = ""
) -> Export | None:
    """Where telemetry goes; None where nothing says so.

    Parameters
    ----------
    environment
        The variables that begin with ``OTEL_``.
    version, process
        What is said of this program: its version, and which of its processes this is.

    Raises
    ------
    InvalidInput
        A setting or a variable cannot be understood; the message names it.
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    preset = _preset(wish.preset)
    wanted = [
        _chosen(Signal, text.strip(), "WATCHKEEPER_OTEL_SIGNALS")
        for text in wish.signals.split(",")
        if text.strip()
    ]
    found = [_target(signal, wish, preset, environment) for signal in dict.fromkeys(wanted)]
    targets = tuple(target for target in found if target is not None)
    if not targets:
        return None
    return Export(
        targets=targets,
        resource=_resource(environment, version, process),
        temporality=_temporality(wish, preset, environment),
        interval_seconds=_interval(environment),
        longest_value=preset.longest_value,
    )


def _preset(name: str) -> Preset:
    if not name:
        return Preset()
    if name not in PRESETS:
        raise InvalidInput(
            f"WATCHKEEPER_OTEL_PRESET must be one of {', '.join(sorted(PRESETS))}, got {name!r}"
        )
    return PRESETS[name]


def _target(
    signal: Signal, wish: Wish, preset: Preset, environment: Mapping[str, str]
) -> Target | None:
    def said(word: str) -> tuple[str, str]:
        """The value of a variable, and its name: the signal's, else the general one."""
        own = f"{_GENERAL}_{signal.upper()}_{word}"
        name = own if own in environment else f"{_GENERAL}_{word}"
        return environment.get(name, "").strip(), name

    if environment.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp").strip().lower() == "none":
        return None
    text, name = said("PROTOCOL")
    ours = wish.protocol or preset.protocol
    protocol = (
        _chosen(Protocol, ours, "WATCHKEEPER_OTEL_PROTOCOL")
        if ours
        else _chosen(Protocol, text, name)
        if text
        else Protocol.HTTP
    )
    base = wish.endpoint or preset.endpoint(protocol)
    text, name = said("ENDPOINT")
    if not base and not text:
        return None
    whole = (
        not base and name != f"{_GENERAL}_ENDPOINT"
    )  # the variable of a signal is taken as it is
    insecure = said("INSECURE")[0].lower() == "true"
    endpoint = _endpoint(base or text, signal, protocol, whole=whole, insecure=insecure)
    headers = _headers(*said("HEADERS"))
    if wish.key:
        headers[_key_header(preset)] = wish.key
    return Target(
        signal=signal,
        protocol=protocol,
        endpoint=endpoint,
        headers={**headers, **{name.lower(): value for name, value in wish.headers.items()}},
        gzip=_compression(*said("COMPRESSION")),
        timeout_seconds=_milliseconds(*said("TIMEOUT"), 10.0, _LEAST_TIMEOUT_SECONDS),
        ca_file=said("CERTIFICATE")[0] or None,
        client_certificate=said("CLIENT_CERTIFICATE")[0] or None,
        client_key=said("CLIENT_KEY")[0] or None,
    )


def _endpoint(text: str, signal: Signal, protocol: Protocol, *, whole: bool, insecure: bool) -> str:
    if "://" not in text:
        if protocol is Protocol.HTTP:
            raise InvalidInput(
                f"the OTLP endpoint for {signal} must be a URL such as http://collector:4318, "
                f"got {text!r}"
            )
        text = f"{'http' if insecure else 'https'}://{text}"
    parts = urlsplit(text)
    if parts.username or parts.password:
        raise InvalidInput(
            f"the OTLP endpoint for {signal} must not hold a name or a password: send it as a "
            "header, with WATCHKEEPER_OTEL_HEADERS or OTEL_EXPORTER_OTLP_HEADERS"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            f"the OTLP endpoint for {signal} must be an http or https URL with a host, got {text!r}"
        )
    if protocol is Protocol.GRPC:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{port}"
    return text if whole else f"{text.rstrip('/')}/v1/{signal}"


def _key_header(preset: Preset) -> str:
    if not preset.key_header:
        raise InvalidInput(
            "WATCHKEEPER_OTEL_KEY needs a WATCHKEEPER_OTEL_PRESET that says in which header it is "
            "sent: name one, or use WATCHKEEPER_OTEL_HEADERS"
        )
    return preset.key_header


def _headers(text: str, name: str) -> dict[str, str]:
    """``name=value`` pairs between commas, values percent-encoded as in W3C Baggage."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(f"{name} must be name=value pairs between commas, got another")
        found[unquote(key.strip()).lower()] = unquote(value.strip())
    return found


def _compression(text: str, name: str) -> bool:
    if text not in ("", "gzip", "none"):
        raise InvalidInput(f"{name} must be gzip or none, got {text!r}")
    return text != "none"


def _milliseconds(text: str, name: str, default: float, least: float) -> float:
    if not text:
        return default
    try:
        return max(least, float(text) / 1000.0)
    except ValueError:
        raise InvalidInput(f"{name} must be a number of milliseconds, got {text!r}") from None


def _interval(environment: Mapping[str, str]) -> float:
    name = "OTEL_METRIC_EXPORT_INTERVAL"
    return _milliseconds(environment.get(name, ""), name, 60.0, _LOW_INTERVAL_SECONDS)


def _temporality(wish: Wish, preset: Preset, environment: Mapping[str, str]) -> Temporality:
    name = f"{_GENERAL}_METRICS_TEMPORALITY_PREFERENCE"
    ours = wish.temporality or preset.temporality
    if ours:
        return _chosen(Temporality, ours, "WATCHKEEPER_OTEL_TEMPORALITY")
    text = environment.get(name, "").strip()
    return _chosen(Temporality, text, name) if text else Temporality.CUMULATIVE


def _chosen(kind: type[_E], text: str, name: str) -> _E:
    try:
        return kind(text.lower())
    except ValueError:
        known = ", ".join(kind)
        raise InvalidInput(f"{name} must be one of {known}, got {text!r}") from None


def _resource(environment: Mapping[str, str], version: str, process: str) -> dict[str, str]:
    given = _pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = environment.get("OTEL_SERVICE_NAME", "").strip()
    instance = "-".join(filter(None, (socket.gethostname(), process, str(getpid()))))
    return {
        "service.name": "watchkeeper",
        "service.version": version,
        "service.instance.id": instance,
        **given,
        **({"service.name": named} if named else {}),
    }


def _pairs(text: str) -> dict[str, str]:
    """Attributes of the resource; those that cannot be read are left out, as the standard says."""
    parts = (pair.partition("=") for pair in text.split(","))
    return {
        unquote(k.strip()): unquote(v.strip()) for k, equals, v in parts if equals and k.strip()
    }
