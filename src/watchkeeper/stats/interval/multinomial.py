"""The delta method on multinomial cells: the standard error of any smooth figure of counts.

For a figure ``g(p)`` of cell shares ``p`` from ``n`` rows:
``SE² = (Σ p·ġ² − (Σ p·ġ)²)/n`` with the gradient ``ġ = ∂g/∂p``. The shares under the root are
smoothed by adding the total weight of one row evenly to the cells, so that a figure that rests on
empty cells does not look certain. O(cells).

References
----------
Agresti, A. (2013), Categorical Data Analysis, §16.1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["multinomial_se", "smoothed"]

Floats = npt.NDArray[np.float64]


def smoothed(counts: Floats) -> Floats:
    """The counts with one row spread evenly over all cells: at which gradients are taken."""
    return counts + 1.0 / counts.size


def multinomial_se(counts: Floats, gradient: Floats) -> float:
    """The standard error of a figure with that gradient over cells of those (smoothed) counts.

    Both of one shape; the gradient is by cell *shares* and need not be centred.

    >>> round(multinomial_se(np.array([50.0, 50.0]), np.array([1.0, 0.0])), 4)
    0.05
    """
    n = float(counts.sum())
    share = counts / n
    mean = float((share * gradient).sum())
    return math.sqrt(max(0.0, float((share * gradient**2).sum()) - mean**2) / n)
