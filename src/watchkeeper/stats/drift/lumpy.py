"""Small windows of lumpy columns: where the mean of few values is not yet normal.

A column that is zero in nine rows of ten has components with heavy tails; the mean of 50 of them
has heavy tails too, and χ² calls it drift ten times too often. ``excess`` says how much: the share
by which the variance of |Z|² exceeds that of normal components,
``(E|φ|⁴ − J(J + 2))/(2Jn)``, exact for multinomial counts. Where it matters, 2,000 windows drawn
from the reference itself show what p-values such windows get, and those are tempered by them.
O(2000·B).

References
----------
Davison, A. C., and Hinkley, D. V. (1997), Bootstrap Methods and their Application, chapter 4.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from watchkeeper.stats.drift.combine import cauchy
from watchkeeper.stats.drift.tempering import Tempering, fit_tempering

__all__ = ["excess", "simulated_tempering"]

_DRAWS = 2000
_MATTERS = 0.05
_SEED = 20  # fixed: the same window gets the same verdict

Floats = npt.NDArray[np.float64]


def excess(basis: Floats, counts: npt.ArrayLike, n: float) -> float:
    """By how much the variance of |Z|² of ``n`` values exceeds the normal one, as a share of it.

    ``basis`` (J, B) and reference ``counts`` (B,) as in `watchkeeper.stats.drift.smooth`.
    """
    count = np.asarray(counts, np.float64)
    j = len(basis)
    fourth = float(((basis**2).sum(axis=0) ** 2) @ count / count.sum())
    return (fourth - j * (j + 2.0)) / (2.0 * j * n)


def simulated_tempering(basis: Floats, counts: npt.ArrayLike, n: int) -> Tempering:
    """How the p-values of windows of ``n`` values are to be tempered; not at all where they are
    as good as normal.
    """
    if excess(basis, counts, n) < _MATTERS:
        return Tempering()
    count = np.asarray(counts, np.float64)
    rng = np.random.default_rng(_SEED)
    z = rng.multinomial(n, count / count.sum(), _DRAWS) @ basis.T / np.sqrt(n)
    omnibus = chdtrc(len(basis), (z**2).sum(axis=1))
    location = 2.0 * ndtr(-np.abs(z[:, 0]))
    return fit_tempering(cauchy(np.stack([omnibus, location])) if len(basis) > 1 else location)
