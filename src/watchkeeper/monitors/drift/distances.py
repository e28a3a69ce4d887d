"""The classical distances of a finding, each with its textbook value on the bins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.distances.chi2 import chi2
from watchkeeper.stats.distances.distance import Pair
from watchkeeper.stats.distances.hellinger import hellinger
from watchkeeper.stats.distances.js import js
from watchkeeper.stats.distances.ks import ks
from watchkeeper.stats.distances.linf import linf
from watchkeeper.stats.distances.psi import psi
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.distances.w1 import w1

__all__ = ["distances"]

Floats = npt.NDArray[np.float64]


def distances(
    reference: Floats, current: Floats, positions: Floats | None = None
) -> dict[str, object]:
    """Textbook distances of counts (B,) by name; those for ordered bins where positions are given.

    ``psi_debiased`` is what is left of PSI without what noise adds to it, with its interval.
    """
    pair = Pair.of(reference, current)
    stability, jensen = psi(pair), js(pair)
    effect = stability.effect
    found: dict[str, object] = {
        "psi": stability.value,
        "psi_debiased": [effect.value, effect.low, effect.high],
        "js": jensen.value,
        "js_divergence": jensen.value**2,
        "hellinger": hellinger(pair).value,
        "linf": linf(pair).value,
        "tvd": tvd(pair).value,
        "chi2": chi2(pair).value,
    }
    if positions is not None:
        found["ks"] = ks(pair).value
        found["w1"] = w1(pair, positions).value
    return found
