"""The frozen binnings of a reference as JSON text, for the catalog."""

from __future__ import annotations

import json
from collections.abc import Mapping

from watchkeeper.domain.profile import Binning, CategoricalBinning, NumericBinning

__all__ = ["binnings_from_text", "binnings_to_text"]


def binnings_to_text(binnings: Mapping[str, Binning]) -> str:
    """The binnings by column; `binnings_from_text` is its twin."""
    return json.dumps({name: _plain(binning) for name, binning in binnings.items()})


def binnings_from_text(text: str) -> dict[str, Binning]:
    """What `binnings_to_text` wrote."""
    return {name: _binning(held) for name, held in json.loads(text).items()}


def _plain(binning: Binning) -> dict[str, object]:
    if isinstance(binning, NumericBinning):
        return {
            "center": binning.center,
            "scale": binning.scale,
            "version": binning.version,
            "provisional": binning.provisional,
            "breaks": binning.breaks,
        }
    return {"values": binning.values, "other_values": sorted(binning.other_values)}


def _binning(held: Mapping[str, object]) -> Binning:
    if "center" in held:
        breaks = held.get("breaks", ())
        return NumericBinning(**{**held, "breaks": tuple(breaks)})  # type: ignore[arg-type]  # as `_plain` wrote it
    values, others = held["values"], held["other_values"]
    if not isinstance(values, list) or not isinstance(others, list):
        raise TypeError(f"a categorical binning must hold lists, got {held!r}")
    return CategoricalBinning(tuple(values), frozenset(others))
