"""Bandits: traffic goes to what seems best, with chances that are known and never vanish.

Thompson sampling: each arm gets the chance, under what is known, of being the best one. A floor
keeps every arm's chance away from zero, so that its effect can still be estimated (by `aipw`;
the arms' plain means are biased, since an arm is dropped just when it looked bad). What is logged
with each row is the propensity that these functions give. Updated in batches. O(arms × draws).

References
----------
Thompson, W. R. (1933), On the likelihood that one unknown probability exceeds another in view of
the evidence of two samples. Biometrika 25.
Chapelle, O., and Li, L. (2011), An empirical evaluation of Thompson sampling. NIPS 24.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.confidence_sequence import Moments

__all__ = ["FLOOR", "best_means", "best_rates", "with_floor"]

FLOOR = 0.05  # of the traffic, for every arm that is not paused
_DRAWS = 20_000

Floats = npt.NDArray[np.float64]


def best_rates(
    successes: npt.ArrayLike, trials: npt.ArrayLike, *, random: np.random.Generator
) -> Floats:
    """The chance of each arm to have the highest rate, (arms,), from uniform priors.

    Examples
    --------
    >>> chances = best_rates([50, 80], [100, 100], random=np.random.default_rng(1))
    >>> bool(chances[1] > 0.99)
    True
    """
    k, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    if k.ndim != 1 or k.shape != n.shape or not len(k) or (k < 0).any() or (k > n).any():
        raise InvalidInput(f"successes must lie in [0, trials], one of each per arm, got {k}, {n}")
    return _wins(random.beta(1.0 + k, 1.0 + n - k, (_DRAWS, len(k))))


def best_means(arms: Sequence[Moments], *, random: np.random.Generator) -> Floats:
    """The chance of each arm to have the highest mean, (arms,); equal while any has no spread."""
    if not arms:
        raise InvalidInput("there must be at least one arm")
    if any(arm.n < 2 or not arm.variance > 0.0 for arm in arms):
        return np.full(len(arms), 1.0 / len(arms))
    middle = np.array([arm.mean for arm in arms])
    error = np.sqrt([arm.variance / arm.n for arm in arms])
    return _wins(random.normal(middle, error, (_DRAWS, len(arms))))


def with_floor(
    chances: npt.ArrayLike, *, floor: float = FLOOR, paused: npt.ArrayLike | None = None
) -> Floats:
    """Propensities (arms,): the chances, none below ``floor``, those of ``paused`` arms zero.

    >>> with_floor([0.98, 0.02, 0.0]).round(3).tolist()
    [0.9, 0.05, 0.05]
    """
    p = np.asarray(chances, np.float64)
    live = np.ones(len(p), np.bool_) if paused is None else ~np.asarray(paused, np.bool_)
    if p.ndim != 1 or (p < 0.0).any() or live.shape != p.shape or not live.any():
        raise InvalidInput("chances must be >= 0, and at least one arm must not be paused")
    if not 0.0 <= floor * live.sum() <= 1.0:
        raise InvalidInput(f"{int(live.sum())} arms cannot each have at least {floor} of all")
    found = np.where(live, p, 0.0)
    if not found.sum() > 0.0:
        found = live.astype(np.float64)
    found = found / found.sum()
    low = live & (found < floor)
    while low.any():  # raising some to the floor may push others below it
        rest = live & ~low
        share = found[rest] / found[rest].sum() * (1.0 - floor * low.sum())
        found[low], found[rest] = floor, share
        sunk = rest & (found < floor)
        if not sunk.any():
            break
        low = low | sunk
    return np.asarray(found)


def _wins(draws: Floats) -> Floats:
    return np.asarray(np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws))
