"""Which rows to have labelled: with chances that are known, high where the answer is unsure.

``π_i = n(0.8·u_i/Σu + 0.2/N)``, cut at one and spread anew over the rest: u is how unsure a row
is, √(g(1 − g)) where g is the chance that the model is right, √ of the predicted squared loss for
a regression. The floor keeps weights small exactly where an overconfident g would hide that
something changed. Rows are drawn independently. **Log π with every request: without it nothing
that is estimated from the labels is unbiased.** O(N).

References
----------
Zrnic, T., and Candès, E. J. (2024), Active statistical inference. ICML.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["FLOOR", "draw", "propensities"]

FLOOR = 0.2  # of the budget, dealt out evenly

Floats = npt.NDArray[np.float64]


def propensities(unsureness: npt.ArrayLike, *, budget: float, floor: float = FLOOR) -> Floats:
    """The chance of each row to be labelled, (N,), adding up to ``budget`` (or to N, if less).

    ``unsureness`` (N,) ≥ 0; all zero: evenly. Empty for empty.

    Examples
    --------
    >>> propensities([3.0, 1.0, 0.0, 0.0], budget=1).round(3).tolist()
    [0.65, 0.25, 0.05, 0.05]
    """
    u = np.asarray(unsureness, np.float64)
    if u.ndim != 1 or not (np.isfinite(u) & (u >= 0.0)).all():
        raise InvalidInput("unsureness must be a list of finite numbers >= 0")
    if not budget > 0.0 or not 0.0 < floor <= 1.0:
        raise InvalidInput(
            f"the budget must be positive and the floor in (0, 1], got {budget}, {floor}"
        )
    if budget >= len(u):
        return np.ones(len(u))
    share = u / u.sum() if u.sum() > 0.0 else np.full(len(u), 1.0 / len(u))
    wanted = (1.0 - floor) * share + floor / len(u)
    certain = np.zeros(len(u), np.bool_)
    while True:  # what is cut at one goes to the others, which may cut some of them
        left = budget - certain.sum()
        found = np.where(certain, 1.0, wanted / wanted[~certain].sum() * left)
        over = ~certain & (found >= 1.0)
        if not over.any():
            return np.asarray(found)
        certain |= over


def draw(chances: npt.ArrayLike, *, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which rows are labelled, (N,): each by its own coin, so that the number varies a little."""
    p = np.asarray(chances, np.float64)
    if p.ndim != 1 or not ((p >= 0.0) & (p <= 1.0)).all():
        raise InvalidInput("chances must be a list of numbers in [0, 1]")
    return np.asarray(random.random(len(p)) < p)
