r"""Trend: how fast a figure moves, whatever single jumps it makes (Theil-Sen).

.. math:: \hat\beta = \operatorname{median}_{i<j} \frac{y_j - y_i}{x_j - x_i}

The interval is Sen's, from the ranks of the slopes (normal approximation of Kendall's S). Up to 29 %
of the points may be anything. Assumes independent errors around one straight line: points that
follow each other closely make the interval too narrow. O(n²) time and memory.

References
----------
Sen, P. K. (1968), Estimates of the regression coefficient based on Kendall's tau. JASA 63, 1379.
Theil, H. (1950), A rank-invariant method of linear and polynomial regression analysis.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate

__all__ = ["FEWEST_POINTS", "trend"]

FEWEST_POINTS = 6  # fewer give no interval of 95 %


def trend(x: npt.ArrayLike, y: npt.ArrayLike) -> Estimate:
    """The slope of ``y`` over ``x`` with its 95 % interval, in units of y by units of x.

    Parameters
    ----------
    x, y
        Of shape (n,), finite. Insufficient where n < 6 or all x are the same.

    Examples
    --------
    >>> found = trend(range(8), [0.0, 1.0, 2.0, 3.0, 99.0, 5.0, 6.0, 7.0])
    >>> found.value
    1.0
    """
    at, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if at.ndim != 1 or at.shape != values.shape or not np.isfinite([at, values]).all():
        raise InvalidInput(
            f"x and y must be finite and of one shape (n,), got {at.shape} and {values.shape}"
        )
    if len(at) < FEWEST_POINTS or np.ptp(at) == 0.0:
        return Estimate.insufficient(len(at))
    from scipy.stats import theilslopes  # takes a second to load, and few callers come this far

    found = theilslopes(values, at, alpha=0.95)
    return Estimate(float(found[0]), float(found[2]), float(found[3]), len(at))
