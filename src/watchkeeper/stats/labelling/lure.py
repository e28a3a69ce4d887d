"""LURE: weights for labels that were chosen one after the other, without putting back.

``v_m = 1 + (N − M)/(N − m)·(1/((N − m + 1)q_m) − 1)`` for the m-th of M labels, chosen with
chance q_m among those that were left of N: the weighted mean loss is unbiased, and it is the plain
mean once all are labelled. O(M).

References
----------
Farquhar, S., Gal, Y., and Rainforth, T. (2021), On statistical bias in active learning: how and
when to fix it. ICLR.
Kossen, J., Farquhar, S., Gal, Y., and Rainforth, T. (2021), Active testing. ICML.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["lure_weights"]

Floats = npt.NDArray[np.float64]


def lure_weights(chances: npt.ArrayLike, *, rows: int) -> Floats:
    """The weight of each label, (M,), in the order in which they were chosen.

    ``chances`` (M,) are in (0, 1], ``rows`` is N ≥ M. The estimate is the mean of weight × loss.

    Examples
    --------
    >>> lure_weights([0.25, 1 / 3, 0.5], rows=4).round(12).tolist()
    [1.0, 1.0, 1.0]
    """
    q = np.asarray(chances, np.float64)
    if q.ndim != 1 or not ((q > 0.0) & (q <= 1.0)).all() or len(q) > rows:
        raise InvalidInput(f"at most {rows} chances in (0, 1] can be given, got {len(q)}")
    labels, m = len(q), np.arange(1, len(q) + 1)
    left = np.maximum(rows - m, 1)  # of the very last row the factor is zero
    return np.asarray(1.0 + (rows - labels) / left * (1.0 / ((rows - m + 1) * q) - 1.0))
