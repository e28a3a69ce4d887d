"""Natural variation of a vector of components from window to window, for many columns at once.

`watchkeeper.stats.variation` is the same model for one figure; here a column has J components
whose sampling covariance is ``v·I`` (orthonormal components: v = 1/n) and whose natural variation
between windows is a covariance T:

- weights ``w = 1/(v + tr T/J)``, season means ``M_g = Σwz/Σw``, residuals R;
- ``E ΣwRRᵀ = α·I + β·T`` with ``α = Σ_g (Σwv − Σw²v/Σw)`` and ``β = Σ_g (Σw − Σw²/Σw)``, solved
  for T; three rounds, as the weights need T;
- each T is drawn towards the mean T of all columns, by as much as its own sampling variance
  exceeds what the columns differ by: a column whose T came out as zero by luck would alarm on
  every large window. Then negative eigenvalues are cut, keeping the trace;
- a new window has ``V = (v + a_g)·I + (1 + b_g)·T``: ``a`` and ``b`` are the error of M_g. The
  omnibus over J components is F, the first component alone is t, both with the degrees of
  freedom that V's estimated part leaves (Satterthwaite); the Cauchy combination joins them;
- of few values, the squares of both give way to deviances under the values' own law
  (`watchkeeper.stats.drift.deviance`).

Assumes windows exchangeable within their season. O(F·W·J²).

References
----------
DerSimonian, R., and Laird, N. (1986), Meta-analysis in clinical trials. Control. Clin. Trials 7.
Efron, B., and Morris, C. (1972), Limiting the risk of Bayes and empirical Bayes estimators. JASA 67.
Smyth, G. K. (2004), Linear models and empirical Bayes methods. Stat. Appl. Genet. Mol. Biol. 3.
Satterthwaite, F. E. (1946), An approximate distribution of estimates of variance components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, log_ndtr, stdtr

from watchkeeper.stats.drift.combine import cauchy
from watchkeeper.stats.drift.deviance import Laws, Means, bartlett, corrected, deviance, tilted

__all__ = ["Normal", "fit_normal", "left_out", "stated_normal", "truncated_mean"]

_RIDGE = 0.4  # share of tr T/J added to every direction: J variances from few windows are uneven
_ROUNDS = 3
_FEWEST_COLUMNS = 3  # that say how much columns differ in their natural variation
_MOST_UP, _MOST_DOWN = 3.0, 1.0  # standard errors that a column's T may be drawn to the others'
_LOOKED_AT = 0.1  # p-values below which windows are judged by the values' own law
_SHOWS = 0.05  # share of a mean's variance that is sampling noise, below which no law shows
_NEGLIGIBLE = 1e-3  # of Bartlett's factor: hundreds of values without seasons are as good as normal
_MANY = 1e7  # degrees of freedom from which t and F are normal and χ²

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal for the J components of F columns: levels by season and natural variation.

    The last entry of the season axis G pools all seasons, for one that the reference never saw.
    """

    means: Floats  # (F, G, J)
    noise: Floats  # (F, G): a_g
    shared: Floats  # (F, G): b_g
    variances: Floats  # (F, G, J): the eigenvalues of T
    axes: Floats  # (F, G, J, J): its eigenvectors, in columns
    typical: Floats  # (F, G): sampling variance of a typical window of the reference
    df: Floats  # (F, G): degrees of freedom behind T; infinite where T was stated

    def expected(self, seasons: Ints) -> Floats:
        """The level of the components in each window's season, shape (F, C, J)."""
        return np.asarray(self.means[:, self._index(seasons)])

    def variance(self, v: Floats, seasons: Ints) -> Floats:
        """The variance of each component of new windows with noise ``v`` (F, C): (F, C, J)."""
        total, axes, _ = self._total(v, seasons)
        return np.asarray(np.einsum("fcij,fcj->fci", axes**2, total))

    def p_values(self, z: Floats, v: Floats, seasons: Ints, laws: Laws | None = None) -> Floats:
        """Two-sided p-values, shape (F, C), of new windows with components ``z`` (F, C, J), noise
        ``v`` (F, C) and seasons (C,); NaN where ``v`` is infinite (no values in the window).

        ``laws``, what the values of the F columns look like, makes those of small windows right.
        """
        g, j = self._index(seasons), z.shape[-1]
        finite = np.isfinite(v)
        v = np.where(finite, v, 1.0)
        total, axes, share2 = self._total(v, seasons)
        difference = z - self.means[:, g]
        square = (np.einsum("fcij,fci->fcj", axes, difference) ** 2 / total).sum(-1)
        loading = axes[:, :, 0, :] ** 2 * total
        first = loading.sum(-1)
        along = difference[..., 0] ** 2 / first
        df, share2_first = self.df[:, g], ((loading / first[..., None]) * share2).sum(-1)
        known = (df / np.maximum(share2.mean(-1), 1e-9), df / np.maximum(share2_first, 1e-9))
        found = _joint((square, along), known, j)
        if laws is not None:
            at = np.nonzero(finite & (found < _LOOKED_AT) & self._is_small(laws, v, total))
            apart = total[at] - v[at][:, None]
            rest = np.einsum("kij,kj,klj->kil", axes[at], apart, axes[at])
            means = Means(difference[at], 1.0 / v[at], rest)
            found[at] = _joint(
                self._deviances(laws, means, at[0], g[at[1]]), (known[0][at], known[1][at]), j
            )
        return np.where(finite, found, np.nan)

    def _is_small(self, laws: Laws, v: Floats, total: Floats) -> npt.NDArray[np.bool_]:
        """Where the values' own law shows in the mean: few values, or a season's own law."""
        noisy = np.asarray(v > _SHOWS * total.min(-1))
        if self.means.shape[1] > 1:
            return noisy
        return np.asarray(noisy & (v * bartlett(laws)[:, None] > _NEGLIGIBLE))

    def _deviances(
        self, laws: Laws, means: Means, column: Ints, season: Ints
    ) -> tuple[Floats, Floats]:
        """D of all components and of the first, of means of the given columns and seasons (k,)."""
        levels = self._levels()
        pairs, where = np.unique(column * levels.shape[1] + season, return_inverse=True)
        columns, seasons = np.divmod(pairs, levels.shape[1])
        own = tilted(laws.of(columns), levels[columns, seasons]).of(where)
        noise = np.trace(means.rest, axis1=1, axis2=2) / means.rest.shape[1]
        # What is normal in a mean dilutes the cumulants of what is not.
        n = means.n * (1.0 + means.n * noise) ** 2
        found = []
        for j in (means.rest.shape[1], 1):
            c = bartlett(laws.leading(j))[column]
            found.append(corrected(deviance(own.leading(j), means.leading(j)), c, n))
        return found[0], found[1]

    def _levels(self) -> Floats:
        """The seasons' means (F, G, J), drawn to zero by as much as they are noise."""
        if self.means.shape[1] == 1:
            return np.zeros_like(self.means)
        natural = np.einsum("fgij,fgj->fgi", self.axes**2, self.variances)
        error = self.noise[..., None] + self.shared[..., None] * natural
        between = np.maximum((self.means**2 - error)[:, :-1].mean(axis=1, keepdims=True), 0.0)
        return np.asarray(self.means * between / np.maximum(between + error, 1e-300))

    def _index(self, seasons: Ints) -> Ints:
        return np.asarray(np.minimum(seasons, self.means.shape[1] - 1), np.int64)

    def _total(self, v: Floats, seasons: Ints) -> tuple[Floats, Floats, Floats]:
        """V in the axes of T, the axes, and the squared share of V that was estimated."""
        g = self._index(seasons)
        lam = self.variances[:, g]
        factor = (1.0 + self.shared[:, g])[..., None]
        total = (v + self.noise[:, g])[..., None] + factor * lam
        share = factor * (lam + self.typical[:, g, None]) / total
        return total, self.axes[:, g], share**2


def _joint(statistics: tuple[Floats, Floats], known: tuple[Floats, Floats], j: int) -> Floats:
    """The p-value of the omnibus and of the square of the first component, with what each leaves
    of degrees of freedom.
    """
    location = _t_tail(np.sqrt(statistics[1]), known[1])
    if j == 1:
        return location
    return cauchy(np.stack([_f_tail(statistics[0], j, known[0]), location]))


def _f_tail(q: Floats, j: int, df: Floats) -> Floats:
    nu = np.clip(df, j, _MANY)
    k = nu - j + 1.0
    return np.asarray(fdtrc(j, k, np.maximum(q, 0.0) * k / (nu * j)), np.float64)


def _t_tail(z: Floats, df: Floats) -> Floats:
    return np.asarray(np.minimum(1.0, 2.0 * stdtr(np.clip(df, 1.0, _MANY), -np.abs(z))))


def fit_normal(z: Floats, v: Floats, seasons: Ints) -> Normal:
    """Learn what is normal from the windows of a reference.

    Parameters
    ----------
    z
        Components, shape (F, W, J), of J orthonormal functions; any value where ``v`` is infinite.
    v
        Sampling variance of each component per column and window, shape (F, W): 1/n, infinite
        where the column had no value in the window.
    seasons
        Season of each window, 0 … G − 1, shape (W,); W − G ≥ J.
    """
    count = int(seasons.max()) + 1
    pooled = _Level.of(z, v, np.ones((len(seasons), 1)))
    if count == 1:
        return _joined([pooled])
    return _joined([_Level.of(z, v, np.eye(count)[seasons]), pooled])


def stated_normal(z: Floats, v: Floats, tau: float) -> Normal:
    """What is normal where the windows are too few to learn it: one level, and T = τ²·I stated."""
    level = _Level.of(z, v, np.ones((z.shape[1], 1)), tau=tau)
    return _joined([level])


def left_out(z: Floats, v: Floats, seasons: Ints, blocks: Ints, laws: Laws | None = None) -> Floats:
    """The p-value of every window (F, W) under a fit that left out the block (week) it lies in.

    NaN where the column had no value, or where what is left cannot be fitted.
    """
    found = np.full(v.shape, np.nan)
    for block in np.unique(blocks):
        out = blocks == block
        rest, names = seasons[~out], np.unique(seasons[~out])
        # A season that only this block held is judged against the pooled level.
        known = np.searchsorted(names, np.minimum(seasons[out], names[-1]))
        known = np.where(np.isin(seasons[out], names), known, len(names))
        if len(rest) - len(names) < z.shape[2] + 2:
            continue
        normal = fit_normal(z[:, ~out], v[:, ~out], np.searchsorted(names, rest))
        found[:, out] = normal.p_values(z[:, out], v[:, out], known, laws)
    return found


@dataclass(frozen=True, slots=True)
class _Level:
    """One way of grouping the windows: the seasons, or all windows as one."""

    means: Floats
    noise: Floats
    shared: Floats
    variances: Floats
    axes: Floats
    typical: Floats
    df: Floats

    @classmethod
    def of(cls, z: Floats, v: Floats, member: Floats, tau: float | None = None) -> _Level:
        known = np.isfinite(v)
        finite, z = np.where(known, v, 0.0), np.where(known[..., None], z, 0.0)
        j, groups = z.shape[2], member.shape[1]
        w = known.astype(np.float64) if tau is None else _weights(known, finite, np.array([tau**2]))
        for _ in range(_ROUNDS if tau is None else 1):
            sum_w = np.maximum(w @ member, 1e-300)
            sum_w2, sum_w2v = w**2 @ member, (w**2 * finite) @ member
            means = (member.T[None] * w[:, None]) @ z / sum_w[..., None]
            r = (z - member @ means) * np.sqrt(w)[..., None]
            alpha = (w * finite).sum(1) - (sum_w2v / sum_w).sum(1)
            beta = np.maximum(w.sum(1) - (sum_w2 / sum_w).sum(1), 1e-300)
            moment = np.swapaxes(r, 1, 2) @ r - alpha[:, None, None] * np.eye(j)
            T = moment / beta[:, None, None]
            if tau is None:
                w = _weights(known, finite, np.maximum(np.trace(T, axis1=1, axis2=2) / j, 0.0))
        typical = alpha / beta
        df = np.maximum(known.sum(1) - groups, 1.0)
        if tau is None:
            T, kept = _moderated(T, typical, df)
            df = df / np.maximum(kept, 1e-6) / _heaviness(r, w, T, typical)
        else:
            T, df = np.broadcast_to(tau**2 * np.eye(j), T.shape), np.full(len(z), np.inf)
            typical = np.zeros(len(z))  # nothing was estimated
        lam, axes = np.linalg.eigh(T)
        lam = lam + (_RIDGE if tau is None else 0.0) * lam.mean(-1, keepdims=True)
        wide = (len(z), groups)
        return cls(
            means,
            sum_w2v / sum_w**2,
            sum_w2 / sum_w**2,
            np.broadcast_to(lam[:, None], (*wide, j)),
            np.broadcast_to(axes[:, None], (*wide, j, j)),
            np.broadcast_to(typical[:, None], wide),
            np.broadcast_to(df[:, None], wide),
        )


def _heaviness(r: Floats, w: Floats, T: Floats, typical: Floats) -> Floats:
    """How much more the windows' squared deviations vary than normal ones do, at least 1; (F,).

    A variance learnt from W windows is known as well as by W/h normal ones (Box 1953): where most
    windows are alike and a few are far out, its F has the tails of few degrees of freedom.
    """
    j = r.shape[2]
    inverse = np.linalg.inv(T + typical[:, None, None] * np.eye(j))
    q = np.einsum("fwi,fij,fwj->fw", r, inverse, r)
    known = w > 0.0
    count = np.maximum(known.sum(1), 1.0)
    mean = np.maximum((q * known).sum(1) / count, 1e-300)
    variance = (((q / mean[:, None] - 1.0) ** 2) * known).sum(1) / count
    by_luck = np.sqrt((12.0 / j + 2.0) / count)  # its standard error where all is normal
    return np.asarray(np.maximum(1.0, variance * j / 2.0 - by_luck))


def _weights(known: npt.NDArray[np.bool_], finite: Floats, tau2: Floats) -> Floats:
    return np.where(known, 1.0 / np.maximum(finite + tau2[:, None], 1e-300), 0.0)


def _moderated(T: Floats, typical: Floats, df: Floats) -> tuple[Floats, Floats]:
    """T drawn to the mean of all columns, made positive; and the share of its variance left."""
    j = T.shape[-1]
    size = np.trace(T, axis1=1, axis2=2) / j
    whole = _positive(T, np.maximum(size, 0.0)) + typical[:, None, None] * np.eye(j)
    s2 = 2.0 * (whole**2).sum((1, 2)) / (df * j * j)
    kept = np.ones(len(T))
    if len(T) >= _FEWEST_COLUMNS:
        mean = max(0.0, float(np.average(size, weights=1.0 / s2)))
        between = max(0.0, float(((size - mean) ** 2 - s2).mean()))
        drawn = (size - mean) * s2 / (between + s2)
        # A column unlike the others keeps most of what it shows itself (limited translation).
        drawn = np.clip(drawn, -_MOST_UP * np.sqrt(s2), _MOST_DOWN * np.sqrt(s2))
        part = np.divide(drawn, size - mean, out=np.zeros_like(size), where=size != mean)
        kept = np.clip(1.0 - part, 0.0, 1.0)
        typical_T = np.average(T, axis=0, weights=1.0 / s2)
        T = kept[:, None, None] * T + (1.0 - kept)[:, None, None] * typical_T
        size = size - drawn
    return _positive(T, truncated_mean(size, np.sqrt(s2 * kept))), kept


def truncated_mean(mean: Floats, sd: Floats) -> Floats:
    """The mean of a normal variable given that it is positive."""
    sd = np.maximum(sd, 1e-300)
    a = np.clip(mean / sd, -30.0, 30.0)  # beyond, the correction is nothing or all
    hazard = np.exp(-(a**2) / 2.0 - log_ndtr(a)) / np.sqrt(2.0 * np.pi)
    return np.asarray(np.maximum(mean, a * sd) + sd * hazard)


def _positive(T: Floats, size: Floats) -> Floats:
    """The positive part of T, scaled to the trace ``size``·J; isotropic where it has none."""
    lam, axes = np.linalg.eigh(T)
    lam = np.maximum(lam, 0.0)
    total = lam.mean(-1)
    lam = np.where((total > 0.0)[:, None], lam / np.maximum(total, 1e-300)[:, None], 1.0)
    return np.asarray((axes * (lam * size[:, None])[:, None, :]) @ np.swapaxes(axes, 1, 2))


def _joined(levels: list[_Level]) -> Normal:
    names = ("means", "noise", "shared", "variances", "axes", "typical", "df")
    return Normal(*(np.concatenate([getattr(a, name) for a in levels], axis=1) for name in names))
