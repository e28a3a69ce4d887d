"""Profiles as bytes, for those who know their binnings.

A categorical binning may hold a hundred thousand values; where profiles are kept by the minute,
both sides know it already and it stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.profiles.codec import Digests, decode, encode
from watchkeeper.profiles.regression import grids_of
from watchkeeper.profiles.service import LATENCY_BINNING

__all__ = ["Known", "known_binnings", "pack", "unpack"]

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class Known:
    """Binnings that both sides know."""

    digests: Digests
    binnings: Mapping[str, object]

    @classmethod
    def of(cls, binnings: Iterable[Binning]) -> Known:
        """What is known where these are."""
        digests = Digests.of(binnings)
        return cls(digests, {digests.of_value(held): held for held in digests.held})


def known_binnings(model: Model, binnings: Mapping[str, Binning]) -> Known:
    """The binnings that may stand in a profile of the model."""
    label = model.only(Role.LABEL)
    grids = () if label is None else grids_of(binnings, label.name)
    return Known.of([*binnings.values(), *grids, LATENCY_BINNING])


def pack(profiles: Sequence[WindowProfile], known: Known) -> bytes:
    """The profiles, with no binning that is known."""
    table = encode(profiles, known=known.digests)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSED) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(data: bytes, known: Known) -> list[WindowProfile]:
    """What `pack` packed, with the very binnings that are known here."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return decode(reader.read_all(), known=known.binnings)
