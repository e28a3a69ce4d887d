"""How many rows an experiment needs: for one look, for planned looks, and for any look.

Plan from real history: the metric's variance per unit of assignment, and how many units come a
day. O(1), O(looks × grid²) for planned looks.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.confidence_sequence import best_rho2, margin
from watchkeeper.stats.sequential.group_sequential import boundaries, drift_for

__all__ = ["fixed_size", "group_sequential_size", "sequence_size"]

_MOST = 1e15  # rows


def fixed_size(
    effect: float, *, variance: float, share: float = 0.5, alpha: float = 0.05, power: float = 0.9
) -> int:
    """Rows of both arms together that one look at the end needs.

    Parameters
    ----------
    effect
        The least difference of means that matters, in the metric's unit; not zero.
    variance
        Of one unit, in either arm, > 0.
    share
        Of the units that get the treatment, in (0, 1).

    Examples
    --------
    >>> fixed_size(0.01, variance=0.1 * 0.9)
    37827
    """
    _check(effect, variance, share)
    z = ndtri(1.0 - alpha / 2.0) + ndtri(power)
    return int(np.ceil(z**2 * variance / (share * (1.0 - share)) / effect**2))


def group_sequential_size(
    effect: float,
    *,
    variance: float,
    looks: int,
    share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.9,
) -> int:
    """Rows of both arms together at the last of ``looks`` equally spaced looks (O'Brien-Fleming).

    >>> group_sequential_size(0.01, variance=0.09, looks=5) / fixed_size(0.01, variance=0.09) < 1.03
    True
    """
    _check(effect, variance, share)
    if looks < 1:
        raise InvalidInput(f"there must be at least one look, got {looks}")
    shares = np.arange(1, looks + 1) / looks
    drift = drift_for(shares, boundaries(shares, alpha=alpha), power=power)
    return int(np.ceil(drift**2 * variance / (share * (1.0 - share)) / effect**2))


def sequence_size(
    effect: float, *, variance: float, share: float = 0.5, alpha: float = 0.05, power: float = 0.9
) -> int:
    """Rows of both arms together after which a confidence sequence that is tightest at half of them
    leaves out zero with ``power``.
    """
    _check(effect, variance, share)
    sd = float(np.sqrt(variance / (share * (1.0 - share))))

    def short(log_rows: float) -> float:
        rows = float(np.exp(log_rows))
        half = float(margin(rows, sd, alpha=alpha, rho2=best_rho2(rows / 2.0, alpha=alpha)))
        return float(abs(effect) - half - ndtri(power) * sd / rows**0.5)

    return int(np.ceil(np.exp(brentq(short, 0.0, np.log(_MOST)))))


def _check(effect: float, variance: float, share: float) -> None:
    if effect == 0.0 or not variance > 0.0 or not 0.0 < share < 1.0:
        raise InvalidInput(
            "a plan needs an effect that is not zero, a positive variance and a share in (0, 1), "
            f"got {effect}, {variance}, {share}"
        )
