"""PPI++: a mean from few labels and many guesses, never worse than the labels alone.

``λḡ_N + mean(e − λg)`` with the λ in [0, 1] of least variance: labels are a plain random sample,
guesses are there for all. O(n + N).

References
----------
Angelopoulos, A. N., Duchi, J. C., and Zrnic, T. (2024), PPI++: efficient prediction-powered
inference. arXiv 2311.01453.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate

__all__ = ["power_of", "ppi_mean"]

_Z95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


def power_of(outcome: npt.ArrayLike, guess: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """λ: how far to trust the guesses, in [0, 1]; arguments as of `ppi_mean`."""
    e, g, more = _checked(outcome, guess, others)
    spread = float(np.var(np.concatenate([g, more]), ddof=1)) if len(g) + len(more) > 1 else 0.0
    if not spread > 0.0:
        return 0.0
    together = float(np.mean((e - e.mean()) * (g - g.mean())))
    return float(np.clip(together / ((1.0 + len(e) / len(more)) * spread), 0.0, 1.0))


def ppi_mean(outcome: npt.ArrayLike, guess: npt.ArrayLike, others: npt.ArrayLike) -> Estimate:
    """The mean outcome with its 95 % interval.

    Parameters
    ----------
    outcome, guess
        Of the labelled rows, (n,).
    others
        The guesses of the rows without a label, (N,), N ≥ 1.

    No figure with fewer than two labels.
    """
    e, g, more = _checked(outcome, guess, others)
    if len(e) < 2:
        return Estimate.insufficient(len(e))
    trust = power_of(e, g, more)
    value = float(trust * more.mean() + (e - trust * g).mean())
    variance = np.var(trust * more) / len(more) + np.var(e - trust * g) / len(e)
    se = float(np.sqrt(variance))
    return Estimate(value, value - _Z95 * se, value + _Z95 * se, len(e), se)


def _checked(
    outcome: npt.ArrayLike, guess: npt.ArrayLike, others: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    e, g, more = (np.asarray(x, np.float64) for x in (outcome, guess, others))
    if e.ndim != 1 or e.shape != g.shape or more.ndim != 1 or not len(more):
        raise InvalidInput(
            f"one outcome and guess per label, and at least one other row, got {e.shape}, "
            f"{g.shape}, {more.shape}"
        )
    if not all(np.isfinite(x).all() for x in (e, g, more)):
        raise InvalidInput("outcomes and guesses must be finite")
    return e, g, more
