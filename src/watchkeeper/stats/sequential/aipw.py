"""What an arm is worth when the traffic went where it seemed best: AIPW and its sequence.

For each row ``ĝ_a + 1(arm = a)·(y − ĝ_a)/e_a``, with e_a the logged propensity and ĝ_a a guess
from earlier rows: unbiased whatever the guess, as long as the propensities are right and positive.
Its mean gets the asymptotic confidence sequence. O(rows × arms).

References
----------
Robins, J. M., Rotnitzky, A., and Zhao, L. P. (1994), Estimation of regression coefficients when
some regressors are not always observed. JASA 89.
Waudby-Smith, I., Wu, L., Ramdas, A., Karampatziakis, N., and Mineiro, P. (2024), Anytime-valid
off-policy inference for contextual bandits. ACM/IMS J. Data Science 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.sequential.confidence_sequence import Moments, mean

__all__ = ["effect", "pseudo_outcomes"]

Floats = npt.NDArray[np.float64]


def pseudo_outcomes(
    outcome: npt.ArrayLike, arm: npt.ArrayLike, propensities: npt.ArrayLike
) -> Floats:
    """The unbiased outcome of every row under every arm, (n, arms).

    Parameters
    ----------
    outcome
        What was observed, (n,), in the order of time.
    arm
        Which arm each row got, (n,), from 0.
    propensities
        The chance of every arm for each row as it was logged then, (n, arms); positive for the
        arm that was taken.
    """
    y, a, e = (
        np.asarray(outcome, np.float64), np.asarray(arm, np.int64),
        np.asarray(propensities, np.float64),
    )  # fmt: skip
    if e.ndim != 2 or y.shape != a.shape or y.shape != e.shape[:1]:
        raise InvalidInput(
            f"one outcome, arm and row of propensities each, got {y.shape}, {e.shape}"
        )
    if len(y) and not (a.min() >= 0 and a.max() < e.shape[1] and np.isfinite(y).all()):
        raise InvalidInput(f"arms must lie in [0, {e.shape[1]}) and outcomes be finite")
    taken = np.arange(len(y))
    chance = e[taken, a]
    if not (chance > 0.0).all():
        raise InvalidInput("the propensity of an arm that was taken must be positive: log it")
    guess = _guesses(y, a, e.shape[1])
    found = guess.copy()
    found[taken, a] += (y - guess[taken, a]) / chance
    return found


def effect(
    pseudo: npt.ArrayLike, *, arm: int, against: int, alpha: float = 0.05, rho2: float
) -> Estimate:
    """The mean outcome under ``arm`` less that under ``against``, with its confidence sequence."""
    found = np.asarray(pseudo, np.float64)
    return mean(Moments.of(found[:, arm] - found[:, against]), alpha=alpha, rho2=rho2)


def _guesses(y: Floats, a: npt.NDArray[np.int64], arms: int) -> Floats:
    """The mean of each arm over earlier rows, (n, arms): never a look ahead; 0 before the first."""
    here = a[:, None] == np.arange(arms)
    counts = np.cumsum(here, axis=0) - here
    sums = np.cumsum(here * y[:, None], axis=0) - here * y[:, None]
    return np.asarray(sums / np.maximum(counts, 1))
