"""Which categories are tested by themselves, and which together as the rare ones.

Sparse categories break χ². What is pooled must not depend on which sample a row fell in: a category
picked because the reference happened to hold many of it will seem to shrink. So categories are
picked by the rows of both samples together, and values that the reference never held go with the
rare ones, of which, without a change, it lost as many of its own. O(K).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Grouping", "group"]

_EXPECTED = 5.0  # rows that the smaller sample is expected to hold of a category on its own

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """``alone`` marks categories (K,) that are tested by themselves; the others are one group."""

    alone: npt.NDArray[np.bool_]

    def count(self, counts: npt.ArrayLike) -> Floats:
        """Counts per group, shape (…, G): the categories alone, then all the others together."""
        count = np.asarray(counts, np.float64)
        rare = count[..., ~self.alone].sum(axis=-1, keepdims=True)
        return np.concatenate([count[..., self.alone], rare], axis=-1)


def group(reference: npt.ArrayLike, current: npt.ArrayLike, *, never_alone: int = 2) -> Grouping:
    """Group categories by the counts (K,) of both samples.

    The last ``never_alone`` entries are counts of many values together (other known ones, unseen
    ones) and always go with the rare.

    Examples
    --------
    >>> group([500, 480, 2, 0], [510, 470, 1, 4]).alone.tolist()
    [True, True, False, False]
    """
    a, b = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    total = a.sum() + b.sum()
    smaller = min(a.sum(), b.sum()) / max(total, 1.0)
    alone = (a + b) * smaller >= _EXPECTED
    alone[len(alone) - never_alone :] = False
    return Grouping(alone)
