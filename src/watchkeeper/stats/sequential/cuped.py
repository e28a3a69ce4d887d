"""CUPED: less variance from what was known before the experiment.

``ŷ = y − θ(x − x̄)`` with θ = cov(x, y)/var(x), x a pre-period value or the old model's score of
the same unit: its mean estimates the same, its variance is smaller by r². θ is pooled over arms.
Within a confidence sequence θ must not look ahead: give ``theta`` from earlier rows. O(n).

References
----------
Deng, A., Xu, Y., Kohavi, R., and Walker, T. (2013), Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data. WSDM.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["adjusted", "theta_of"]

Floats = npt.NDArray[np.float64]


def theta_of(y: npt.ArrayLike, x: npt.ArrayLike) -> float:
    """cov(x, y)/var(x) of values (n,); 0.0 where x does not vary or n < 2.

    >>> theta_of([1.0, 3.0, 5.0], [0.0, 1.0, 2.0])
    2.0
    """
    a, b = _pair(y, x)
    if len(b) < 2 or not b.var() > 0.0:
        return 0.0
    return float(((b - b.mean()) * (a - a.mean())).mean() / b.var())


def adjusted(
    y: npt.ArrayLike, x: npt.ArrayLike, *, center: float, theta: float | None = None
) -> Floats:
    """``y`` (n,) less what ``x`` explains; ``center`` is the mean of x over all arms, or a constant
    known beforehand. ``theta`` None: estimated from these very rows.
    """
    a, b = _pair(y, x)
    return np.asarray(a - (theta_of(a, b) if theta is None else theta) * (b - center))


def _pair(y: npt.ArrayLike, x: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(y, np.float64), np.asarray(x, np.float64)
    if a.ndim != 1 or a.shape != b.shape or not (np.isfinite(a) & np.isfinite(b)).all():
        raise InvalidInput(
            f"outcome and covariate must be finite, one of each per row, got {a.shape}, {b.shape}"
        )
    return a, b
