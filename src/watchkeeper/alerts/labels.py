"""An alert's identity: its labels, and their fingerprint as Prometheus computes it."""

from __future__ import annotations

from collections.abc import Mapping

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.model import Model

__all__ = ["fingerprint", "labels_of"]

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_BETWEEN = 0xFF


def labels_of(alert: Alert, model: Model) -> dict[str, str]:
    """What routes, silences and inhibitions match; what an alert has not is left out.

    Values and times are never labels: they change while the alert is the same.
    """
    found = {
        "alertname": alert.monitor,
        "figure": alert.what,
        "model": alert.model,
        "model_version": alert.version,
        "arm": alert.arm,
        "column": alert.column,
        "segment": alert.segment,
        "severity": str(alert.severity),
        "owner": model.owner,
        "tier": str(model.tier),
        "incident": alert.incident,
        "held_back": "true" if alert.held_back else None,
    }
    return {name: value for name, value in found.items() if value}


def fingerprint(labels: Mapping[str, str]) -> str:
    """The same 16 hexadecimal digits for the same labels, in whatever order they stand.

    FNV-1a of 64 bits over the names and values, sorted by name, with a byte between them that no
    text in UTF-8 has.

    Examples
    --------
    >>> fingerprint({})
    'cbf29ce484222325'
    """
    digest = _OFFSET
    for name in sorted(labels):
        for text in (name, labels[name]):
            for byte in text.encode("utf-8", "surrogatepass"):
                digest = ((digest ^ byte) * _PRIME) & _MASK
            digest = ((digest ^ _BETWEEN) * _PRIME) & _MASK
    return f"{digest:016x}"
