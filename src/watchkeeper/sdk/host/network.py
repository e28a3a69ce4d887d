"""The network: ``/proc/net/dev`` without what never leaves the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, rate, text_of

__all__ = ["Network", "NetworkReading"]

_HEAD_LINES = 2
_SENT = 8  # the received columns come before it
# Bridges and the ends of containers carry again what a device of the machine carries.
_INSIDE = ("lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "ifb", "dummy")


@dataclass(frozen=True, slots=True)
class NetworkReading:
    """Bytes in and out, and packets that were lost or broken, since the machine was started."""

    received: int
    sent: int
    faults: int


@dataclass(frozen=True, slots=True)
class Network:
    """``network_received_bytes_per_second``, ``network_sent_bytes_per_second``,
    ``network_faults_per_second`` (packets with errors, and dropped ones).
    """

    root: Path

    def read(self) -> NetworkReading:
        """Read it now."""
        received = sent = faults = 0
        for line in text_of(self.root / "proc/net/dev").splitlines()[_HEAD_LINES:]:
            name, _, rest = line.partition(":")
            if name.strip().startswith(_INSIDE):
                continue
            numbers = [int(number) for number in rest.split()]
            received += numbers[0]
            sent += numbers[_SENT]
            faults += sum(numbers[2:4]) + sum(numbers[_SENT + 2 : _SENT + 4])
        return NetworkReading(received, sent, faults)

    def figures(self, before: NetworkReading, now: NetworkReading, seconds: float) -> Figures:
        """What was used between two readings."""
        return {
            **rate("network_received_bytes_per_second", before.received, now.received, seconds),
            **rate("network_sent_bytes_per_second", before.sent, now.sent, seconds),
            **rate("network_faults_per_second", before.faults, now.faults, seconds),
        }
