"""The classical distances of a finding, each with its textbook value on the bins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.distances.catalogue import DISTANCES, ORDERED
from watchkeeper.stats.distances.distance import Pair

__all__ = ["distances"]

Floats = npt.NDArray[np.float64]


def distances(
    reference: Floats, current: Floats, positions: Floats | None = None
) -> dict[str, object]:
    """Textbook distances of counts (B,) by name; those for ordered bins where positions are given.

    ``psi_debiased`` is what is left of PSI without what noise adds to it, with its interval.
    """
    pair = Pair.of(reference, current)
    found = {name: distance(pair) for name, distance in DISTANCES.items()}
    if positions is not None:
        found |= {name: distance(pair, positions) for name, distance in ORDERED.items()}
    effect = found["psi"].effect
    values: dict[str, object] = {name: distance.value for name, distance in found.items()}
    return {**values, "psi_debiased": [effect.value, effect.low, effect.high]}
