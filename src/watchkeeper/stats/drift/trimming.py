"""Reference windows that were broken themselves: left out, so that they do not pass for natural.

A window is left out of a column's baseline where some component lies more than ten robust standard
deviations (1.4826 MAD, at least the sampling noise) from its season's median. Where more than one
window in ten does, none is left out: a column that lies far out so often does so by nature (rain,
which most days have nothing of). O(F·W·J).

References
----------
Rousseeuw, P. J., and Croux, C. (1993), Alternatives to the median absolute deviation. JASA 88.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["trimmed"]

_FAR = 10.0
_MOST = 0.1
_MAD = 1.4826

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def trimmed(z: Floats, v: Floats, seasons: Ints) -> Floats:
    """``v`` (F, W) with infinity, which leaves a window out, where ``z`` (F, W, J) is broken.

    Examples
    --------
    >>> z = np.array([[[0.0], [0.1], [-0.1], [0.05], [9.0], [0.0], [-0.05], [0.1], [0.0], [0.0]]])
    >>> np.isinf(trimmed(z, np.full((1, 10), 1e-3), np.zeros(10, np.int64))).tolist()[0].index(True)
    4
    """
    known = np.isfinite(v)
    most = int(_MOST * z.shape[1])
    if most == 0 or z.shape[2] == 0:  # a constant has no components that could be broken
        return v
    residual = np.where(known[..., None], z, np.nan)
    with np.errstate(all="ignore"):
        for season in np.unique(seasons):
            at = seasons == season
            residual[:, at] -= _median(residual[:, at])
        spread = _MAD * _median(np.abs(residual))
        noise = np.where(known, v, 0.0)[..., None]
        far = (np.abs(residual) / np.sqrt(np.maximum(spread**2, noise))).max(axis=-1)
    far = np.where(np.isfinite(far), far, 0.0)
    broken = far > _FAR
    few = broken.sum(axis=1, keepdims=True) <= most
    return np.where(broken & few, np.inf, v)


def _median(x: Floats) -> Floats:
    """The median over windows, ignoring NaN; 0 where there is nothing."""
    ordered = np.sort(x, axis=1)  # NaN last
    count = np.isfinite(x).sum(axis=1)
    low, high = np.maximum((count - 1) // 2, 0), np.maximum(count // 2, 0)
    high = np.minimum(high, x.shape[1] - 1)
    take = [np.take_along_axis(ordered, at[:, None], axis=1) for at in (low, high)]
    return np.where((count > 0)[:, None], (take[0] + take[1]) / 2.0, 0.0)
