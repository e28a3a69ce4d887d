"""Every distance that a finding shows: name → what computes it from a pair of counts.

To add one: its function in a file of this package, one line here, its test against a textbook
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.distances.chi2 import chi2
from watchkeeper.stats.distances.distance import Distance, Pair
from watchkeeper.stats.distances.hellinger import hellinger
from watchkeeper.stats.distances.js import js
from watchkeeper.stats.distances.ks import ks
from watchkeeper.stats.distances.linf import linf
from watchkeeper.stats.distances.psi import psi
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.distances.w1 import w1

__all__ = ["DISTANCES", "ORDERED"]

Floats = npt.NDArray[np.float64]

# Of any bins.
DISTANCES: Mapping[str, Callable[[Pair], Distance]] = MappingProxyType(
    {
        "psi": psi,
        "js": js,
        "hellinger": hellinger,
        "linf": linf,
        "tvd": tvd,
        "chi2": chi2,
    }
)
# Of bins that have an order, or (B,) positions in the unit of the column.
ORDERED: Mapping[str, Callable[[Pair, Floats], Distance]] = MappingProxyType(
    {
        "ks": lambda pair, _: ks(pair),
        "w1": w1,
    }
)
