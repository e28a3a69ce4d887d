"""A small excess that lasts: too little on any day, too much for a week of them.

Windows whose figure is as usual have normal scores z (signed, from their p-values). The sum of the
last m of them, over √m, is normal too as far as windows follow each other like strangers; where
they do not (bad days come in a row), the weeks of the reference say by how much its variance is
larger: ``φ = max(1, (Σ S_b² + c)/(B + c))`` over their B weekly sums S_b, with c weeks' worth of
trust in 1, and the tail is that of t with B + c degrees of freedom. Runs of two, four, eight, …
windows and of all are tried, and the smallest p-value counts as often as there are (Bonferroni).
Scores are cut at ±3.5: one loud window is no matter that lasts. O(m).

References
----------
Stouffer, S. A., et al. (1949), The American Soldier, volume 1 (the sum of normal scores).
Page, E. S. (1954), Continuous inspection schemes. Biometrika 41 (why sums see small shifts sooner).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

__all__ = ["Lasting", "Weeks", "weeks_of"]

_TRUST = 24.0
_LOUDEST = 3.5
_FEWEST = 2  # windows that can last

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lasting:
    """The p-value of the run that is hardest to believe, and how many windows it has."""

    p_value: float
    windows: int


@dataclass(frozen=True, slots=True)
class Weeks:
    """How much the weekly sums of a reference vary: φ, its degrees of freedom, and what p-values
    those weeks have themselves, shape (B,).
    """

    spread: float
    df: float
    reference_p_values: Floats

    def judge(self, scores: npt.ArrayLike) -> Lasting:
        """Judge the last windows, oldest first; ``scores`` (m,), p-value 1 where m < 2.

        Examples
        --------
        >>> found = weeks_of([], []).judge([0.1, -0.3, 1.9, 2.1, 2.0, 1.8])
        >>> found.windows, round(found.p_value, 4)
        (4, 0.002)
        """
        z = _cut(scores)
        lengths = sorted({2**n for n in range(1, len(z).bit_length())} | {len(z)})
        lengths = [m for m in lengths if _FEWEST <= m <= len(z)]
        if not lengths:
            return Lasting(1.0, len(z))
        sums = np.array([z[-m:].sum() / m**0.5 for m in lengths])
        p_values = _tail(sums, self.spread, self.df)
        at = int(np.argmin(p_values))
        return Lasting(float(min(1.0, len(lengths) * p_values[at])), lengths[at])


def weeks_of(scores: npt.ArrayLike, blocks: npt.ArrayLike) -> Weeks:
    """Learn from the scores (W,) of the windows of a reference and their weeks (W,); NaN is left
    out, and so are weeks of one window.
    """
    z, block = _cut(scores), np.asarray(blocks, np.int64)
    known = np.isfinite(z)
    sums = np.array(_sums(z[known], block[known]))
    spread = max(1.0, (float((sums**2).sum()) + _TRUST) / (len(sums) + _TRUST))
    df = len(sums) + _TRUST
    return Weeks(spread, df, _tail(sums, spread, df))


def _tail(sums: Floats, spread: float, df: float) -> Floats:
    return np.asarray(2.0 * stdtr(df, -np.abs(sums) / spread**0.5))


def _sums(z: Floats, block: npt.NDArray[np.int64]) -> Sequence[float]:
    parts = [z[block == week] for week in np.unique(block)]
    return [float(part.sum()) / len(part) ** 0.5 for part in parts if len(part) >= _FEWEST]


def _cut(scores: npt.ArrayLike) -> Floats:
    return np.clip(np.asarray(scores, np.float64), -_LOUDEST, _LOUDEST)
