"""A request of Prometheus' remote write 1.0 as bytes.

The message is small and frozen, so it is written here rather than by a compiler of protobuf::

    WriteRequest { repeated TimeSeries timeseries = 1; }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    Label        { string name = 1; string value = 2; }
    Sample       { double value = 1; int64 timestamp = 2; }   # milliseconds

References
----------
https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import pyarrow as pa

__all__ = ["HEADERS", "STALE", "Labels", "compressed", "write_request"]

# Sorted by name, with the metric's own under ``__name__``.
Labels: TypeAlias = tuple[tuple[str, str], ...]

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "watchkeeper",
}
# The one NaN among many that says a series has ended.
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
_DOUBLE_1, _VARINT_2 = b"\x09", b"\x10"  # field and type of a sample's two members


def write_request(series: Iterable[tuple[Labels, float]], at_ms: int) -> bytes:
    """One sample for each series, all of one moment."""
    moment = _VARINT_2 + _varint(at_ms)
    return b"".join(
        _member(1, _labels(labels) + _member(2, _DOUBLE_1 + _double(value) + moment))
        for labels, value in series
    )


def compressed(body: bytes) -> bytes:
    """As snappy's block format, which the specification asks for (not its framed one)."""
    found: bytes = pa.compress(body, codec="snappy", asbytes=True)
    return found


@lru_cache(maxsize=50_000)
def _labels(labels: Labels) -> bytes:
    return b"".join(
        _member(1, _member(1, name.encode()) + _member(2, value.encode())) for name, value in labels
    )


def _double(value: float) -> bytes:
    return struct.pack("<Q", 0x7FF0_0000_0000_0002) if value is STALE else struct.pack("<d", value)


def _member(field: int, content: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as its two's complement of 64 bits."""
    left, found = number & (1 << 64) - 1, bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)
