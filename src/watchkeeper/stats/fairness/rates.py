"""The rates by which groups are compared, from the confusion counts of each group.

To add one: a line in `RATES`. A rate is (events, of how many): both add up over time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["RATES", "GroupCounts"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Rows by truth and answer, each of shape (G,), one figure for every group."""

    true_positive: Floats
    false_positive: Floats
    false_negative: Floats
    true_negative: Floats

    @classmethod
    def of(
        cls, label: npt.ArrayLike, predicted: npt.ArrayLike, group: npt.ArrayLike
    ) -> GroupCounts:
        """From rows: booleans (n,) and group numbers (n,) from 0."""
        y, p = np.asarray(label, np.bool_), np.asarray(predicted, np.bool_)
        g = np.asarray(group, np.int64)
        if y.ndim != 1 or y.shape != p.shape or y.shape != g.shape or (g < 0).any():
            raise InvalidInput("label, prediction and group (from 0) must be given for every row")
        size = int(g.max()) + 1 if len(g) else 0
        cells = (y & p, ~y & p, y & ~p, ~y & ~p)
        return cls(*(np.bincount(g[cell], minlength=size).astype(np.float64) for cell in cells))


Rate = Callable[[GroupCounts], tuple[Floats, Floats]]

RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "selection_rate": lambda c: (
            c.true_positive + c.false_positive,
            c.true_positive + c.false_positive + c.false_negative + c.true_negative,
        ),
        "true_positive_rate": lambda c: (c.true_positive, c.true_positive + c.false_negative),
        "false_positive_rate": lambda c: (c.false_positive, c.false_positive + c.true_negative),
        "false_negative_rate": lambda c: (c.false_negative, c.true_positive + c.false_negative),
        "precision": lambda c: (c.true_positive, c.true_positive + c.false_positive),
        "negative_predictive_value": lambda c: (
            c.true_negative,
            c.true_negative + c.false_negative,
        ),
        "accuracy": lambda c: (
            c.true_positive + c.true_negative,
            c.true_positive + c.false_positive + c.false_negative + c.true_negative,
        ),
    }
)
