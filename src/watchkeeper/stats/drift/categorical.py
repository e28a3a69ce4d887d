"""Natural variation of a categorical distribution from window to window.

Shares y of G groups in a window of n rows, level p_g by season, ``e = (y − p_g)/√p̄``:
``E|e|² = (G − 1)(1/n + τ²)``, the Dirichlet-multinomial overdispersion (ρ = τ²), with τ² by
weighted moments from the reference windows. Two tests, combined by Cauchy:

- the omnibus ``|e|²``, a sum of χ² with unequal weights, as a shifted χ² with the same mean tr V,
  variance 2 tr V² and third cumulant 8 tr V³, made F by the degrees of freedom that the estimated
  part leaves. The traces come from products of residuals of different windows (what varies is
  seldom all categories alike) and, for small n, from the exact variance of Pearson's χ²;
- the smallest p-value of a single group's share on the scale asin√y, each with its own τ²
  (see ``variation``), corrected for G − 1 of them (Šidák). None is smaller than that of the
  count itself (binomial, mid-p): a category of which seven rows are expected and none came lies
  4.3 standard deviations out on that scale, and comes once in two thousand windows.

Assumes windows exchangeable within their season. O(W·G + W²·G).

References
----------
Mosimann, J. E. (1962), On the compound multinomial distribution. Biometrika 49.
Box, G. E. P. (1954), Some theorems on quadratic forms. Ann. Math. Statist. 25.
Imhof, J. P. (1961), Computing the distribution of quadratic forms. Biometrika 48 (the shifted χ²).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc

from watchkeeper.stats.drift.binomial import mid_p
from watchkeeper.stats.drift.combine import cauchy
from watchkeeper.stats.drift.variation import Normal, fit_normal, stated_normal, truncated_mean

__all__ = ["CategoricalNormal", "fit_categorical", "left_out_categorical", "stated_categorical"]

_MANY = 1e7
_LOOKED_AT = 0.1  # p-values below which the counts themselves are looked at
_PAIRS = 400  # windows whose products of residuals are taken: more tell nothing new

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Natural:
    """Traces of the natural covariance T, and tr V² of a typical window of the reference."""

    cells: int
    first: float
    second: float
    third: float
    typical2: float

    def traces(self, v: Floats, factor: Floats) -> tuple[Floats, Floats, Floats]:
        """The traces of V, V² and V³ of ``V = v·I + factor·T``."""
        a, b, c = factor * self.first, factor**2 * self.second, factor**3 * self.third
        k = self.cells
        cube = k * v**3 + 3.0 * v**2 * a + 3.0 * v * b + c
        return k * v + a, k * v**2 + 2.0 * v * a + b, cube


@dataclass(frozen=True, slots=True)
class CategoricalNormal:
    """What is normal for the shares of G groups; the last season pools all."""

    levels: Floats  # (S, G): p_g
    pooled: Floats  # (G,): p̄
    noise: Floats  # (S,): the part of a level's error that is sampling noise
    shared: Floats  # (S,): the part that is τ², as a multiple of it
    natural: _Natural
    df: Floats  # (S,)
    single: Normal

    def p_values(self, counts: Floats, seasons: Ints) -> Floats:
        """Two-sided p-values (C,) of windows with ``counts`` (C, G), each of at least one row."""
        s = np.minimum(seasons, len(self.levels) - 1)
        n = counts.sum(axis=1)
        e2 = ((counts / n[:, None] - self.levels[s]) ** 2 / self.pooled).sum(axis=1)
        v = _noise(self.levels[s], self.pooled) / n + self.noise[s]
        factor = 1.0 + self.shared[s]
        mean, square, cube = self.natural.traces(v, factor)
        extra2, extra3 = _sparse(self.pooled, n)
        square = np.maximum(square + extra2, mean**2 / (len(self.pooled) - 1))
        cube = np.maximum(cube + extra3, square**2 / mean)
        df = square**3 / cube**2
        shape = np.sqrt(square / df)
        known = self.df[s] * mean**2 / np.maximum(factor**2 * self.natural.typical2, 1e-300)
        above = np.maximum((e2 - mean) / (shape * df) + 1.0, 0.0)
        omnibus = fdtrc(df, np.clip(known, 1.0, _MANY), above)
        return cauchy(np.stack([omnibus, self._single(counts, s)]))

    def group_p_values(self, counts: Floats, seasons: Ints) -> Floats:
        """The p-value of each group's share by itself, shape (C, G), uncorrected."""
        s = np.minimum(seasons, len(self.levels) - 1)
        return _held_back(self.single.p_values(*_arcsine(counts), s).T, counts, self.levels[s])

    def _single(self, counts: Floats, s: Ints) -> Floats:
        return _least(self.group_p_values(counts, s))


def fit_categorical(counts: Floats, seasons: Ints) -> CategoricalNormal:
    """Learn what is normal from reference windows.

    Parameters
    ----------
    counts
        Rows per window and group, shape (W, G), G ≥ 2, every window with rows, every group with
        rows in some window.
    seasons
        Season of each window, 0 … S − 1, shape (W,).
    """
    windows, groups = counts.shape
    n = counts.sum(axis=1)
    shares = counts / n[:, None]
    pooled = counts.sum(axis=0) / n.sum()
    count = int(seasons.max()) + 1
    member = np.eye(count)[seasons]
    level = _level(shares, n, pooled, member)
    overall = level if count == 1 else _level(shares, n, pooled, np.ones((windows, 1)))
    natural = _natural(level, windows - count, groups - 1)
    both = [level] if count == 1 else [level, overall]
    join = [np.concatenate([getattr(part, name) for part in both]) for name in _Level.JOINED]
    df = np.concatenate([np.full(len(p.levels), float(windows - len(p.levels))) for p in both])
    single = fit_normal(*_arcsine(counts), seasons)
    return CategoricalNormal(join[0], pooled, join[1], join[2], natural, df, single)


def left_out_categorical(counts: Floats, seasons: Ints, blocks: Ints) -> Floats:
    """The p-value of every window (W,) under a fit that left out its block; NaN where none fits."""
    found = np.full(len(counts), np.nan)
    for block in np.unique(blocks):
        out = blocks == block
        names = np.unique(seasons[~out])
        rest = counts[~out]
        if (~out).sum() - len(names) < 3 or not (rest.sum(axis=0) > 0.0).all():
            continue
        known = np.isin(seasons[out], names)
        season = np.where(known, np.searchsorted(names, seasons[out]), len(names))
        normal = fit_categorical(rest, np.searchsorted(names, seasons[~out]))
        found[out] = normal.p_values(counts[out], season)
    return found


@dataclass(frozen=True, slots=True)
class _Level:
    """Season levels with their errors, and the windows' standardised residuals."""

    JOINED = ("levels", "noise", "shared")

    levels: Floats
    noise: Floats
    shared: Floats
    tau2: float
    typical: float
    residuals: Floats


def _level(shares: Floats, n: Floats, pooled: Floats, member: Floats) -> _Level:
    tau2, cells, rows = 0.0, shares.shape[1] - 1, (n @ member)[:, None]
    for _ in range(3):
        w = 1.0 / (1.0 / n + tau2)
        sum_w, sum_w2 = w @ member, w**2 @ member
        levels = (member * w[:, None]).T @ shares / sum_w[:, None]
        # One row of the pooled shares more: a season that only ever had one category (a weekend
        # flag) is not known without error, or nothing could be held against it.
        levels = (levels * rows + pooled) / (rows + 1.0)
        v = (member @ _noise(levels, pooled)) / n
        sum_w2v = (w**2 * v) @ member
        residuals = (shares - member @ levels) / np.sqrt(pooled)
        alpha = float(w @ v - (sum_w2v / sum_w).sum())
        beta = max(float(w.sum() - (sum_w2 / sum_w).sum()), 1e-300)
        raw = (float(w @ (residuals**2).sum(axis=1)) / cells - alpha) / beta
        tau2 = max(0.0, raw)
    return _Level(levels, sum_w2v / sum_w**2, sum_w2 / sum_w**2, raw, alpha / beta, residuals)


def _natural(level: _Level, df: int, cells: int) -> _Natural:
    r = level.residuals[:_PAIRS]
    products = r @ r.T
    np.fill_diagonal(products, 0.0)
    pairs = max(len(r) * (len(r) - 1), 1)
    isotropic = cells * (max(0.0, level.tau2) + level.typical) ** 2
    # Half the variance of |e|² is tr V² for normal residuals and more for heavier ones.
    spread = float((level.residuals**2).sum(axis=1).var()) / 2.0
    square = max(float((products**2).sum()) / pairs, isotropic, spread)
    cube = float(np.einsum("ij,ji->", products @ products, products)) / (pairs * max(len(r) - 2, 1))
    # The traces are estimates, and too small ones alarm: two standard errors are added.
    unsure = np.sqrt(2.0 * square / max(df, 1)) / (cells * (max(0.0, level.tau2) + level.typical))
    square, cube = square * (1.0 + 4.0 * unsure), cube * (1.0 + 6.0 * unsure)
    se = np.sqrt(2.0 * square / max(df, 1)) / cells
    tau2 = float(truncated_mean(np.array([level.tau2]), np.array([se]))[0])
    v, first = level.typical, cells * tau2
    second = max(square - cells * v**2 - 2.0 * v * first, first**2 / cells)
    third = cube - cells * v**3 - 3.0 * v**2 * first - 3.0 * v * second
    return _Natural(cells, first, second, max(third, second**2 / first), square)


def _sparse(pooled: Floats, n: Floats) -> tuple[Floats, Floats]:
    """What small counts add to the second and third trace: Pearson's χ² of n rows is no χ² then.

    The variance is exact (multinomial), the third cumulant that of independent Poisson counts.
    """
    groups, inverse = len(pooled), float(np.sum(1.0 / pooled))
    second = (inverse - groups**2 - 2 * groups + 2) / (2.0 * n**3)
    third = (22.0 * inverse / n + float(np.sum(pooled**-2.0)) / n**2) / (8.0 * n**3)
    return second, third


def _noise(levels: Floats, pooled: Floats) -> Floats:
    """By how much a window's |e|² exceeds (G − 1)/n because its season's shares differ from p̄."""
    return np.asarray((levels * (1.0 - levels) / pooled).sum(axis=-1) / (len(pooled) - 1))


def _arcsine(counts: Floats) -> tuple[Floats, Floats]:
    """Anscombe's form for G groups as columns: components (G, W, 1) and variances (G, W)."""
    n = counts.sum(axis=1)
    z = np.arcsin(np.sqrt((counts + 0.375) / (n + 0.75)[:, None]))
    return z.T[..., None], np.broadcast_to(1.0 / (4.0 * n + 2.0), counts.T.shape)


def _held_back(p: Floats, counts: Floats, levels: Floats) -> Floats:
    """``p`` (C, G), none below what the counts alone give where ``levels`` (C, G) are expected."""
    at = np.nonzero(p < _LOOKED_AT)
    n = counts.sum(axis=1)[at[0]]
    p = np.array(p)
    p[at] = np.maximum(p[at], mid_p(counts[at], n, levels[at]))
    return p


def _least(p: Floats) -> Floats:
    """The smallest along the last axis of length G, corrected for G − 1 of them (Šidák)."""
    least = np.minimum(p.min(axis=-1), 1.0 - 1e-12)
    return np.asarray(-np.expm1((p.shape[-1] - 1) * np.log1p(-least)))


def stated_categorical(reference: Floats, counts: Floats, tau: float) -> Floats:
    """The p-values (C,) of windows ``counts`` (C, G) where too few reference windows (W, G) exist
    to learn how much windows differ: each share has the natural variation ``tau`` on the scale
    asin√y; the smallest p-value, corrected for G − 1 groups.
    """
    single = stated_normal(*_arcsine(reference), tau)
    p = single.p_values(*_arcsine(counts), np.zeros(len(counts), np.int64)).T
    levels = reference.sum(axis=0) / reference.sum()
    return _least(_held_back(p, counts, np.broadcast_to(levels, counts.shape)))
