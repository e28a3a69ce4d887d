"""How far a clock is ahead, of one-way differences.

Let ``d = (received by ours) − (sent by theirs)``. With a delay δ ≥ 0 and an offset θ (theirs less
ours), ``d = δ − θ``: every difference says ``θ ≥ −d``, so the smallest says the most. From above θ
is bounded by how near the smallest difference may lie to the least that was possible, which is a
question of where a distribution ends: for one whose density does not vanish there, the end lies
below ``d₍₁₎ − (1/α − 1)(d₍₂₎ − d₍₁₎)`` with probability at most α (Robson & Whitlock 1964). And no
delay is longer than ``longest``.

The least possible delay is taken to be nothing: what a request takes at its fastest (milliseconds)
counts as a clock that is behind. Do not use it where that matters.

References
----------
Robson, D. S., Whitlock, J. H. (1964). Estimation of a truncation point. Biometrika 51, 33-39.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.estimate import Estimate

__all__ = ["clock_offset"]

_ALPHA = 0.05


def clock_offset(differences: npt.ArrayLike, *, longest: float) -> Estimate:
    """How far the other clock is ahead (negative: behind), in the unit of ``differences``.

    Parameters
    ----------
    differences
        Received less sent, one a message, shape (n,), finite. Empty gives no figure.
    longest
        No message is on its way for longer.

    Returns
    -------
    Estimate
        ``value`` is the least offset that the differences allow, as is ``low``: that bound is
        certain, not one of 95 %. ``high`` is that of the interval; of one difference alone it is
        bounded by ``longest`` only.

    Examples
    --------
    >>> found = clock_offset([-59.9, -59.8, -57.0], longest=300.0)
    >>> found.value, found.low, round(found.high, 1)
    (59.9, 59.9, 61.8)
    """
    values: npt.NDArray[np.float64] = np.sort(np.asarray(differences, dtype=np.float64))
    if values.size == 0:
        return Estimate.insufficient(0)
    low = float(-values[0])
    reach = longest
    if values.size > 1:
        reach = min(longest, (1.0 / _ALPHA - 1.0) * float(values[1] - values[0]))
    return Estimate(low, low, low + reach, int(values.size))
