"""Sums of absolute differences, which noise inflates: how much of them is real.

``E|d + ε| > |d|``. The differences are taken as normal with variances ω²·r_b, and ω² is found by
moments: then bin b is too large by ``√(2/π)·(√(ω²r_b + s_b²) − √(ω²r_b))`` in the mean. That is
all of it where nothing changed, and nothing where the change is far above the noise. O(B).

References
----------
Leone, F. C., Nelson, L. S., and Nottingham, R. B. (1961), The folded normal distribution.
Technometrics 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

__all__ = ["Excess", "excess", "sureness"]

_HALF_NORMAL = float(np.sqrt(2.0 / np.pi))
_Z95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much a weighted sum of ``|difference|`` is too large: most likely, at least, at most
    (as far as 95 % of what is known of ω² goes).
    """

    value: float
    least: float
    most: float


def excess(
    difference: Floats, noise: Floats, scale: Floats, *, weights: Floats, independent: float
) -> Excess:
    """How much noise adds to ``Σ weights·|difference|``, arrays of shape (B,).

    ``noise`` is the standard deviation of each difference, ``scale`` is √r_b: how the size of a
    real difference goes with the bin. ``independent`` is the number of independent normal
    variables that the differences are worth: it says how well ω² is known.
    """
    used = scale > 0.0
    if not used.any():
        return Excess(0.0, 0.0, 0.0)
    rows = scale[used] ** 2
    floor = float((noise[used] ** 2).sum() / rows.sum())
    omega2 = float((difference[used] ** 2).sum() / rows.sum()) - floor
    known = max(0.0, omega2)
    se = np.sqrt((2.0 * floor**2 + 4.0 * known * floor) / independent)

    # Far above its own noise a difference is not folded, whatever the others look like.
    bound = noise * _folding(np.abs(difference) / np.where(noise > 0.0, noise, 1.0) - _Z95)

    def added(square: float) -> float:
        omega = np.sqrt(max(0.0, square)) * scale
        swollen = np.sqrt(omega * omega + noise * noise) - omega
        return float(np.minimum(_HALF_NORMAL * swollen, bound) @ weights)

    return Excess(added(omega2), added(omega2 + _Z95 * se), added(omega2 - _Z95 * se))


def _folding(mean: Floats) -> Floats:
    """``E|x + Z| − x`` for a standard normal Z and x = max(mean, 0)."""
    x = np.maximum(mean, 0.0)
    return np.asarray(_HALF_NORMAL * np.exp(-(x**2) / 2.0) - 2.0 * x * ndtr(-x))


def sureness(difference: Floats, noise: Floats) -> Floats:
    """The expected sign of each difference, in [−1, 1]: 0 in the noise, ±1 far above it."""
    ratio = np.divide(difference, noise, out=np.zeros_like(difference), where=noise > 0.0)
    return np.asarray(2.0 * ndtr(ratio) - 1.0, np.float64)
