r"""How much of a mean's change comes from another mix of the data, and how much from within it.

Rows lie in cells (of a feature): shares ``p`` and means ``a`` in the reference, ``q`` and ``c``
now. The change of the mean, exactly:

.. math:: \sum_b q_b c_b - \sum_b p_b a_b
          = \sum_b (q_b - p_b)(a_b - \bar a) + \sum_b q_b (c_b - a_b)

The first sum is the **mix**: what the change of shares alone would do, had every cell kept its
mean. The second is **within**: cells that changed themselves. Cells are centred at the reference's
mean, so that a cell's part of the mix says what more rows of its kind do. The reference weighs:
Kitagawa's own symmetric form is the mean of the decompositions forth and back.

A cell that the reference hardly knew has no mean to keep; whatever its rows do is mix: they are
rows of a kind that the model had not met. Standard errors are of first order (delta method): the
shares multinomial, the means of cells independent given the shares. A cell's variance is drawn
towards the common one, worth two rows, so that three equal rows are not taken for certainty.

References
----------
Kitagawa, E. M. (1955), Components of a difference between two rates. JASA 50, 1168-1194.
Oaxaca, R. (1973), Male-female wage differentials in urban labor markets. Int. Econ. Rev. 14.
Blinder, A. S. (1973), Wage discrimination: reduced form and structural estimates. JHR 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from watchkeeper.errors import InvalidInput

__all__ = ["Cells", "Decomposition", "decompose", "simultaneous"]

_FEWEST = 10  # rows of the reference: fewer give a cell no mean to keep
_PRIOR = 2.0  # rows that the common variance is worth in a cell
_FREE = 1e9  # degrees of freedom that count as infinitely many

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows, Σx and Σx² by cell, each of shape (..., cells); leading axes are windows."""

    n: Floats
    total: Floats
    square: Floats

    @property
    def rows(self) -> Floats:
        """The rows of all cells."""
        return np.asarray(self.n.sum(axis=-1))

    @property
    def mean(self) -> Floats:
        """The mean over all cells."""
        return np.asarray(self.total.sum(axis=-1) / self.rows)

    @property
    def mean_variance(self) -> Floats:
        """The sampling variance of `mean`."""
        rows = self.rows
        spread = self.square.sum(axis=-1) / rows - self.mean**2
        return np.asarray(np.maximum(spread, 0.0) / np.maximum(rows - 1.0, 1.0))

    def means(self, otherwise: Floats) -> Floats:
        """The mean of each cell, ``otherwise`` where it has no rows."""
        held = self.n > 0
        return np.where(held, self.total / np.where(held, self.n, 1.0), otherwise)

    def variances(self) -> Floats:
        """The variance of a row of each cell, drawn towards that of all cells."""
        held = np.where(self.n > 0, self.n, 1.0)
        within = np.maximum(self.square - self.total**2 / held, 0.0)
        rows = self.rows[..., None]
        common = within.sum(axis=-1, keepdims=True) / np.maximum(rows, 1.0)
        return np.asarray((within + _PRIOR * common) / (np.maximum(self.n - 1.0, 0.0) + _PRIOR))


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """A change of the mean, of shape (...,), and its parts by cell, (..., cells).

    ``mix_variance`` and ``within_variance`` are the sampling variances of the two sums, the
    reference's error included; ``shares`` is ``q − p``.
    """

    mix_cells: Floats
    within_cells: Floats
    shares: Floats
    mix_variance: Floats
    within_variance: Floats

    @property
    def mix(self) -> Floats:
        """What the change of shares does."""
        return np.asarray(self.mix_cells.sum(axis=-1))

    @property
    def within(self) -> Floats:
        """What cells do that changed themselves."""
        return np.asarray(self.within_cells.sum(axis=-1))

    @property
    def change(self) -> Floats:
        """The change of the mean: mix and within together."""
        return self.mix + self.within


def decompose(reference: Cells, current: Cells) -> Decomposition:
    """Decompose the change of a mean from ``reference`` (cells,) to ``current`` (..., cells).

    Raises
    ------
    InvalidInput
        Where the cells are not as many, or one side has no rows.
    """
    if reference.n.ndim != 1 or reference.n.shape[-1] != current.n.shape[-1]:
        raise InvalidInput(
            f"both sides must have the same cells, got {reference.n.shape} and {current.n.shape}"
        )
    if not reference.rows > 0 or not np.all(current.rows > 0):
        raise InvalidInput("a decomposition needs rows on both sides, got a side without any")
    known = reference.n >= _FEWEST
    p, q = reference.n / reference.rows, current.n / current.rows[..., None]
    a = reference.means(reference.mean)
    c = current.means(a)
    off = a - reference.mean
    grown = c - reference.mean
    change = c - a
    mix = np.where(known, (q - p) * off, q * grown - p * off)
    within = np.where(known, q * change, 0.0)
    v, w = reference.variances(), current.variances()
    ratio = np.where(known, q / np.where(p > 0.0, p, 1.0), 0.0)
    moved = np.where(known, off, grown)  # what a row of the cell adds to the mix now
    here = _spread(q, moved) + np.where(known, 0.0, q * w).sum(axis=-1)
    there = (p * off**2).sum() + (p * v * np.where(known, (ratio - 1.0) ** 2, 1.0)).sum(axis=-1)
    mine = _spread(q, np.where(known, change, 0.0)) + np.where(known, q * w, 0.0).sum(axis=-1)
    theirs = (p * v * ratio**2).sum(axis=-1)
    rows = current.rows
    return Decomposition(
        mix_cells=mix,
        within_cells=within,
        shares=np.asarray(q - p),
        mix_variance=np.asarray(here / rows + there / reference.rows),
        within_variance=np.asarray(mine / rows + theirs / reference.rows),
    )


def _spread(q: Floats, values: Floats) -> Floats:
    """The variance of a value by cell under shares ``q``."""
    mean = (q * values).sum(axis=-1, keepdims=True)
    return np.asarray((q * (values - mean) ** 2).sum(axis=-1))


def simultaneous(value: float, z: float, df: float, *, of: int) -> tuple[float, float]:
    """The interval of a value that lies ``z`` standard errors (t with ``df``) from zero, 95 % for
    ``of`` such intervals together (Bonferroni). Where ``z`` is infinite it is the value alone.
    """
    if value == 0.0 or z == 0.0 or math.isinf(z):
        return value, value
    half = float(stdtrit(min(df, _FREE), 1.0 - 0.025 / max(of, 1))) * abs(value / z)
    return value - half, value + half
