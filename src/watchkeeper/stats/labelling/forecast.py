"""What n labels will give, told before they are paid for.

If the auditor is honest (a row is wrong with the chance that it says), the estimate's variance
follows from its guesses and the design alone. The forecast is only as good as the auditor: what
comes out is in `audited.audited_mean`'s interval. O(N log N).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.labelling.design import FLOOR, propensities

__all__ = ["half_width", "labels_needed", "labels_needed_plain"]

_Z95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


def half_width(chance_right: npt.ArrayLike, *, labels: float, floor: float = FLOOR) -> float:
    """Half the 95 % interval of the accuracy that so many labels are expected to give.

    ``chance_right`` (N,) in [0, 1] is the auditor's guess for each row.
    """
    g = _checked(chance_right)
    spread = g * (1.0 - g)
    pi = propensities(np.sqrt(spread), budget=labels, floor=floor)
    variance = (g.var() + (spread / pi).mean()) / len(g)
    return float(_Z95 * np.sqrt(variance))


def labels_needed(
    chance_right: npt.ArrayLike, *, half_width_wanted: float, floor: float = FLOOR
) -> int | None:
    """The least number of labels that is expected to do; None where all of them are too few."""
    g = _checked(chance_right)

    def wide(labels: float) -> float:
        return half_width(g, labels=labels, floor=floor) - half_width_wanted

    if wide(float(len(g))) > 0.0:
        return None
    if wide(1.0) <= 0.0:
        return 1
    return int(np.ceil(brentq(wide, 1.0, float(len(g)), xtol=0.5)))


def labels_needed_plain(accuracy: float, *, half_width_wanted: float) -> int:
    """The same of a plain random sample without an auditor.

    >>> labels_needed_plain(0.91, half_width_wanted=0.02)
    787
    """
    if not 0.0 <= accuracy <= 1.0 or not half_width_wanted > 0.0:
        raise InvalidInput("the accuracy must lie in [0, 1] and the width be positive")
    return int(np.ceil(_Z95**2 * accuracy * (1.0 - accuracy) / half_width_wanted**2))


def _checked(chance_right: npt.ArrayLike) -> Floats:
    g = np.asarray(chance_right, np.float64)
    if g.ndim != 1 or not len(g) or not ((g >= 0.0) & (g <= 1.0)).all():
        raise InvalidInput("the auditor's guesses must be chances in [0, 1], at least one")
    return g
