"""Ratio metrics and clustered rows: revenue per visit, clicks per view, with users as units.

A ratio of sums over units, and its variance by the delta method: that of ``(y − r·d)/d̄`` over
the units that were assigned. With d = 1 for every row it is the mean with a variance robust to
clusters. What it gives are `Moments` of the linearised units, which every test here takes. O(n).

References
----------
Deng, A., Knoblich, U., and Lu, J. (2018), Applying the delta method in metric analytics. KDD.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.confidence_sequence import Moments

__all__ = ["ratio_moments"]

Floats = npt.NDArray[np.float64]


def ratio_moments(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, units: npt.ArrayLike | None = None
) -> Moments:
    """The ratio Σ numerator/Σ denominator and its variance, per unit of assignment.

    Parameters
    ----------
    numerator, denominator
        By row, shape (n,), finite; the sum of denominators must be positive.
    units
        Which unit each row is of, by any numbers, shape (n,); None: each row is its own.

    Examples
    --------
    >>> ratio_moments([1.0, 0.0, 3.0], [2.0, 2.0, 4.0], [7, 7, 9]).mean
    0.5
    """
    y, d = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    if y.ndim != 1 or y.shape != d.shape or not (np.isfinite(y) & np.isfinite(d)).all():
        raise InvalidInput(f"a ratio needs finite pairs, got shapes {y.shape} and {d.shape}")
    if units is not None:
        names, place = np.unique(np.asarray(units), return_inverse=True)
        if place.shape != y.shape:
            raise InvalidInput(f"units must be one per row, got {place.shape} for {y.shape}")
        y, d = _by_unit(place, y, len(names)), _by_unit(place, d, len(names))
    if not d.sum() > 0.0:
        raise InvalidInput("the denominators must add up to more than zero")
    ratio = float(y.sum() / d.sum())
    around = Moments.of((y - ratio * d) / d.mean())
    return Moments(around.n, ratio, around.variance)


def _by_unit(place: npt.NDArray[np.intp], values: Floats, units: int) -> Floats:
    return np.asarray(np.bincount(place, values, units), np.float64)
