"""Small windows: how far a mean of few values lies out, by the values' own law.

|Z|² of n values is no χ² yet when n is small: its components are skewed, and more so together than
each alone, so that with 40 values a p-value of 1e-5 comes seven times too often, even where the
values are spread evenly; and where a season shifts the values, it shifts how much they vary. So
the square is replaced by twice the log of the likelihood ratio in the exponential family
``p_θ(b) ∝ p_b·exp(θ·φ_b)`` of the reference's shares p (whose score test |Z|² is):

``D = sup_s 2n·[s·d − log Σ_b p_b exp(s·φ_b) − ½ s'(nR)s]``, with φ centred, d the deviation of the
window's mean, and R the normal part of its variance: what windows differ by, and the error of the
level. Large n or R give back the square. A season's law is the member of the family that has the
season's mean (``tilted``). Bartlett's factor ``1 + c/n`` brings D's mean to that of χ²; it is held
at 1.1, since for the lumpiest columns it overshoots.

Any s gives a bound from below: where Newton's steps end before the top (a mean that the law cannot
give), D is too small rather than too large. O(k·B·J²) per step for k means.

References
----------
Barndorff-Nielsen, O. E., and Cox, D. R. (1989), Asymptotic Techniques for Use in Statistics.
Robinson, J., Ronchetti, E., and Young, G. A. (2003), Saddlepoint approximations and tests based on
multivariate M-estimates. Ann. Statist. 31.
McCullagh, P. (1987), Tensor Methods in Statistics, chapter 7 (Bartlett's factor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Laws", "Means", "bartlett", "corrected", "deviance", "laws_of", "tilted"]

_STEPS = 40
_FARTHEST = 2.0  # by which the exponents may change in a step: beyond, Newton's step overshoots
_CLOSE = 1e-6  # of D, from which a step changes nothing
_AS_MANY = 1e6  # values that could not tell the season's mean from the member's
_AT_ONCE = 1024  # means, for memory
_MOST_CORRECTED = 1.1

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Laws(NamedTuple):
    """What the values of F columns look like; bins beyond a column's own have no share."""

    basis: Floats  # (F, J, B): φ
    shares: Floats  # (F, B): p

    def of(self, columns: Ints) -> Laws:
        """The laws of some columns."""
        return Laws(self.basis[columns], self.shares[columns])

    def leading(self, j: int) -> Laws:
        """The first ``j`` components alone."""
        return Laws(self.basis[:, :j], self.shares)


@dataclass(frozen=True, slots=True)
class Means:
    """k means: ``difference`` (k, J) from what is expected, of ``n`` (k,) values each, and the
    normal part ``rest`` (k, J, J) of the variance.
    """

    difference: Floats
    n: Floats
    rest: Floats

    def part(self, at: slice | Ints) -> Means:
        """Some of them."""
        return Means(self.difference[at], self.n[at], self.rest[at])

    def leading(self, j: int) -> Means:
        """The first ``j`` components alone."""
        return Means(self.difference[:, :j], self.n, self.rest[:, :j, :j])


def laws_of(bases: Sequence[Floats], counts: Sequence[Floats]) -> Laws:
    """The laws of columns with basis (J, B_f) each, J the same, and reference counts (B_f,)."""
    wide = max(basis.shape[1] for basis in bases)
    basis, shares = np.zeros((len(bases), len(bases[0]), wide)), np.zeros((len(bases), wide))
    for at, (own, count) in enumerate(zip(bases, counts, strict=True)):
        basis[at, :, : own.shape[1]] = own
        shares[at, : len(count)] = count / count.sum()
    return Laws(basis, shares)


def bartlett(laws: Laws) -> Floats:
    """By what factor 1 + c/n the mean of D is too large: c (F,), from the cumulants of φ.

    Examples
    --------
    >>> even = laws_of([np.array([[-1.0, 1.0]])], [np.array([1.0, 1.0])])
    >>> bartlett(even).tolist()  # φ = ±1 has no skewness, and a fourth cumulant of −2
    [0.5]
    """
    j = laws.basis.shape[1]
    pairs = (laws.basis[:, :, None] * laws.basis[:, None]).reshape(len(laws.basis), j * j, -1)
    third = pairs @ np.swapaxes(laws.basis * laws.shares[:, None], 1, 2)
    along = (third[:, :: j + 1].sum(axis=1) ** 2).sum(axis=1)
    fourth = ((laws.basis**2).sum(axis=1) ** 2 * laws.shares).sum(axis=1) - j * (j + 2.0)
    across = (third**2).sum(axis=(1, 2))
    return np.asarray((3.0 * along + 2.0 * across - 3.0 * fourth) / (12.0 * j))


def tilted(laws: Laws, level: Floats) -> Laws:
    """Of each law, the member of its family with the mean ``level`` (F, J), φ centred there."""
    none = np.zeros((len(level), level.shape[1], level.shape[1]))
    theta = _top(laws, Means(level, np.full(len(level), _AS_MANY), none))
    exponent = _log(laws.shares) + (theta[:, None] @ laws.basis)[:, 0]
    shares = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    mean = laws.basis @ shares[..., None]
    return Laws(laws.basis - mean, shares)


def deviance(laws: Laws, means: Means) -> Floats:
    """D (k,), before Bartlett's factor, of each mean under its own law (k of them, φ centred)."""
    parts = [slice(at, at + _AT_ONCE) for at in range(0, len(means.n), _AT_ONCE)]
    found = [_deviance(Laws(laws.basis[at], laws.shares[at]), means.part(at)) for at in parts]
    return np.concatenate(found) if found else np.zeros(0)


def corrected(found: Floats, c: Floats, n: Floats) -> Floats:
    """D (k,) divided by Bartlett's factor."""
    return np.asarray(found / np.clip(1.0 + c / n, 1.0, _MOST_CORRECTED))


def _deviance(laws: Laws, means: Means) -> Floats:
    s = _top(laws, means)
    exponent = _log(laws.shares) + (s[:, None] @ laws.basis)[:, 0]
    highest = exponent.max(axis=1)
    log_sum = highest + np.log(np.exp(exponent - highest[:, None]).sum(axis=1))
    rest = np.einsum("ki,kij,kj->k", s, means.rest, s) * means.n
    inner = (s * means.difference).sum(axis=1) - log_sum - rest / 2.0
    return np.asarray(np.maximum(2.0 * means.n * inner, 0.0))


def _top(laws: Laws, means: Means) -> Floats:
    """Where the supremum is: s (k, J), by Newton's method."""
    s = np.zeros_like(means.difference)
    open_ = np.arange(len(s))
    logs, ridge = _log(laws.shares), 1e-9 * np.eye(s.shape[1])
    for _ in range(_STEPS):
        basis, part = laws.basis[open_], means.part(open_)
        scaled = part.rest * part.n[:, None, None]
        exponent = logs[open_] + (s[open_, None] @ basis)[:, 0]
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        mean = (basis @ weight[..., None])[..., 0]
        curve = (basis * weight[:, None]) @ np.swapaxes(basis, 1, 2) + scaled + ridge
        curve -= mean[:, :, None] * mean[:, None]
        slope = part.difference - mean - (scaled @ s[open_, :, None])[..., 0]
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        change = np.abs((step[:, None] @ basis)[:, 0] * (logs[open_] > -np.inf)).max(axis=1)
        s[open_] += step * np.minimum(1.0, _FARTHEST / np.maximum(change, 1e-300))[:, None]
        open_ = open_[part.n * (step * slope).sum(axis=1) > _CLOSE]
        if not len(open_):
            break
    return s


def _log(shares: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(shares))
