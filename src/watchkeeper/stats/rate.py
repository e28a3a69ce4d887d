"""How surprising is a count, given the windows of a reference: rates that may be rare or zero.

A window of ``n`` rows holds ``k`` that are (say) missing. With the rate ``p`` of the reference,
its natural variation τ² (on the scale asin√p, where a rate's sampling variance is 1/(4n) whatever
it is) and the standard error s of that level, a new window is beta-binomial with mean p and
``a + b = 1/(4(τ² + s²))``: for τ = 0 the predictive distribution of a rate known from N rows.

- The pooled rate is ``(K + ½)/(N + 1)``: never zero, so that one missing value after 50,000
  without is odd (p ≈ n/N/2), and not impossible.
- Faults come in bursts: an hour of a feed, and with it forty rows. So τ² is learnt from the
  counts themselves, through the scores ``(k/n − p)/(2√(p(1−p)))``, whose variance is 1/(4n) + τ²
  however rare the events are (asin√ of a rare rate hides a burst: the windows without an event vary
  less than it says).
- Few bursts say little of τ². The squared score of a window that expects μ clumps of events has
  the variance ``2 + 1/μ`` in place of 2, so that windows know τ² only ``c = 2μ/(1 + 2μ)`` as well
  as their number says. For the rest stands the trust that rows are as independent as they look,
  worth ``_TRUST`` degrees of freedom: ``1/ν = (1 − c)/_TRUST + c/df``. Three missing of 1,000 after
  none of 50,000 are odd and forty are odder, but they may be one burst of a kind not seen before:
  no p-value of 1e-60 follows from rows that were never shown to be independent.
- Seasons are told apart where each has events enough to have a rate of its own.
- Where fewer than ``_LARGE`` are expected, the mid-p tail of the beta-binomial; else that of a
  binomial of as much information, by the modified signed root ``r* = r + ln(v/r)/r``, which has
  the skewness right far out. Both end in the t distribution of the estimated τ².

Assumes rows that are exchangeable within a window. O(W) to fit, O(√n) per p-value.

References
----------
Jeffreys, H. (1946), An invariant form for the prior probability. Proc. R. Soc. A 186.
Lancaster, H. O. (1961), Significance tests in discrete distributions. JASA 56 (the mid-p value).
Barndorff-Nielsen, O. E. (1986), Inference on full or partial parameters based on the standardized
signed log likelihood ratio. Biometrika 73 (r*).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, ndtri, stdtr

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.lasting import Weeks, weeks_of
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation, fit

__all__ = ["RateVariation", "fit_rate"]

_LARGE = 200.0  # expected events from which the approximation is used
_ENOUGH_PER_SEASON = 5.0  # events from which seasons have rates of their own
_TRUST = 8.0  # degrees of freedom of the trust in independent rows, before any burst is seen
_NEAR = 0.05  # signed roots below this are no surprise whatever their last digits
_ODD = 1.9  # signed roots above which the exact tail is taken for the few windows that reach them
_LEAST = 1e-300  # p-value
_REACH = 14.0  # standard deviations over which a tail is summed: what follows is negligible

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Events and rows of the windows of a reference, with their seasons and blocks; shape (W,)."""

    events: Ints
    rows: Ints
    seasons: Ints
    blocks: Ints | None
    tau: float | None


@dataclass(frozen=True)
class RateVariation:
    """What is normal for a rate: its level by season, and how much windows differ."""

    _counts: _Counts = field(repr=False)
    _scores: dict[tuple[int, int, int], float] = field(default_factory=dict, repr=False)

    @cached_property
    def variation(self) -> Variation:
        """The natural variation, on the scale asin√rate. Most faults never come: it is not asked."""
        counts, (names, season) = self._counts, self._seasons
        known = np.bincount(season, counts.events, len(names))
        rate = ((known + 0.5) / (np.bincount(season, counts.rows, len(names)) + 1.0))[season]
        scores = (counts.events / counts.rows - rate) / (2.0 * np.sqrt(rate * (1.0 - rate)))
        return fit(scores, 0.25 / counts.rows, names[season], blocks=counts.blocks, tau=counts.tau)

    @cached_property
    def events(self) -> int:
        """Events of all windows."""
        return int(self._counts.events.sum())

    @cached_property
    def rows(self) -> int:
        """Rows of all windows."""
        return int(self._counts.rows.sum())

    def expected(self, season: int = 0) -> float:
        """The rate of that season in the reference, in [0, 1]; of all seasons where unknown."""
        events, rows = self._of(season)
        return events / rows

    @cached_property
    def reference_p_values(self) -> Floats:
        """The p-values of the reference windows, left out in turn; empty where nothing ever came.

        The rate is that of the other blocks, and so is τ², but on the scale that all windows
        together give the scores.
        """
        left = self.variation.left_out if 0 < self.events < self.rows else None
        if left is None:
            return np.empty(0)
        counts, rate = self._counts, self._rates_left_out()
        concentration = 0.25 / (left.tau2 + left.error2)
        z = _signed_root(counts.events, counts.rows, rate, concentration)
        rare = counts.rows * np.minimum(rate, 1.0 - rate) < _LARGE
        for at in np.flatnonzero(rare & (z > _ODD)):
            seen = int(counts.events[at]), int(counts.rows[at])
            z[at] = abs(_score(_rare(*seen, float(rate[at]), float(concentration[at]))))
        freedom = self._freedom(left.freedom(0.25 / counts.rows), left.tau2)
        return np.asarray(2.0 * stdtr(np.minimum(freedom, 1e9), -z))

    @cached_property
    def weeks(self) -> Weeks:
        """How much whole weeks of the reference vary: what lasts is judged against that."""
        left, p_values = self.variation.left_out, self.reference_p_values
        if left is None or not len(p_values):
            return weeks_of([], [])
        counts, rate = self._counts, self._rates_left_out()
        # That nothing came is no surprise where little is expected: its mid-p value is exact.
        a = rate * 0.25 / (left.tau2 + left.error2)
        none = np.exp(_nothing(counts.rows, a, a / rate - a))
        p_values = np.where(counts.events == 0, none, p_values)
        more = counts.events > rate * counts.rows
        scores = np.where(more, -1.0, 1.0) * ndtri(np.maximum(p_values, _LEAST) / 2.0)
        return weeks_of(scores, self.variation.block)

    def score(self, events: int, rows: int, season: int = 0) -> float:
        """The normal score of a new window, positive where there are more events than expected."""
        asked = events, rows, season
        if asked not in self._scores:  # a window is asked for on every day of the week after it
            size = -_score(self.p_value(*asked))
            self._scores[asked] = size if events > self.expected(season) * rows else -size
        return self._scores[asked]

    def p_value(self, events: int, rows: int, season: int = 0) -> float:
        """The two-sided mid-p value of ``events`` among ``rows`` (≥ 1) of a new window."""
        if not 0 <= events <= rows or rows < 1:
            raise InvalidInput(f"events must lie in [0, rows] with rows >= 1, got {events}, {rows}")
        if events in (0, rows) and self.events in (0, self.rows) and self._same_side(events):
            return 1.0
        known, total = self._of(season)
        rate = (known + 0.5) / (total + 1.0)
        _, df = self.variation.z(0.0, 0.25 / rows, season)
        tau2 = self.variation.tau**2
        concentration = 0.25 / (tau2 + self.variation.expected(season)[1] ** 2)
        if rows * min(rate, 1.0 - rate) < _LARGE:
            z = _score(_rare(events, rows, rate, concentration))
        else:
            z = float(_signed_root(events, rows, rate, concentration))
        freedom = float(self._freedom(df, tau2))
        return float(min(1.0, 2.0 * stdtr(min(freedom, 1e9), -abs(z))))

    def _same_side(self, events: int) -> bool:
        return (events == 0) == (self.events == 0)

    @cached_property
    def _seasons(self) -> tuple[Ints, Ints]:
        """The seasons that are told apart, ascending, and which of them each window has."""
        one = np.zeros(len(self._counts.seasons), np.int64)
        rarer = min(self.events, self.rows - self.events)
        if rarer < _ENOUGH_PER_SEASON:
            return one[:1], one
        names, season = np.unique(self._counts.seasons, return_inverse=True)
        return (names, season) if rarer >= _ENOUGH_PER_SEASON * len(names) else (one[:1], one)

    def _of(self, season: int) -> tuple[int, int]:
        """Events and rows of the season, of all where it is unknown or seasons are not told apart."""
        names, label = self._seasons
        if len(names) == 1 or not self.variation.seasonal:
            return self.events, self.rows
        held = names[label] == season
        events, rows = int(self._counts.events[held].sum()), int(self._counts.rows[held].sum())
        return (events, rows) if rows else (self.events, self.rows)

    def _rates_left_out(self) -> Floats:
        """The rate that each window is judged by when its block is left out, shape (W,)."""
        counts, (names, season) = self._counts, self._seasons
        if not self.variation.seasonal:
            names, season = names[:1], np.zeros(len(season), np.int64)
        block = self.variation.block
        shape = (int(block.max()) + 1, len(names))
        place = block * len(names) + season
        events, rows = (
            np.bincount(place, part, shape[0] * shape[1]).reshape(shape)
            for part in (counts.events, counts.rows)
        )
        events, rows = events.sum(axis=0) - events, rows.sum(axis=0) - rows
        strange = rows[block, season] == 0.0
        known = np.where(strange, events.sum(axis=1)[block], events[block, season])
        total = np.where(strange, rows.sum(axis=1)[block], rows[block, season])
        return np.asarray((known + 0.5) / (total + 1.0))

    def _freedom(self, df: float | Floats, tau2: float | Floats) -> float | Floats:
        """The degrees of freedom ν, of what the windows know of τ² and of the trust."""
        if self._counts.tau == 0.0:
            return df
        rate = (min(self.events, self.rows - self.events) + 0.5) / (self.rows + 1.0)
        size = self.rows / len(self._counts.rows)
        clumps = size * rate / (1.0 + (size - 1.0) * np.minimum(1.0, 4.0 * tau2))
        known = 2.0 * clumps / (1.0 + 2.0 * clumps)
        return 1.0 / ((1.0 - known) / _TRUST + known / df)


def fit_rate(
    events: npt.ArrayLike,
    rows: npt.ArrayLike,
    seasons: npt.ArrayLike | None = None,
    *,
    blocks: npt.ArrayLike | None = None,
    tau: float | None = None,
) -> RateVariation:
    """Learn what is normal for a rate from the windows of a reference.

    Parameters
    ----------
    events, rows
        Events and rows per window, shape (W,), ``0 <= events <= rows``, every ``rows >= 1``.
    seasons, blocks, tau
        As in `watchkeeper.stats.variation.fit`; ``tau`` on the scale asin√p.

    Examples
    --------
    >>> never = fit_rate([0] * 8, [6000] * 8)
    >>> round(never.p_value(1, 1000), 2), never.p_value(3, 1000) < 0.002
    (0.03, True)
    """
    k, n = np.asarray(events, np.int64), np.asarray(rows, np.int64)
    if k.ndim != 1 or k.shape != n.shape or not len(k) or (n < 1).any() or (k < 0).any():
        raise InvalidInput(
            "events and rows must be of one shape (W,), W >= 1, 0 <= events, 1 <= rows"
        )
    season = np.zeros(len(k), np.int64) if seasons is None else np.asarray(seasons, np.int64)
    block = None if blocks is None else np.asarray(blocks, np.int64)
    if tau is None and len(k) < ENOUGH_WINDOWS:
        raise InvalidInput(
            f"the variation between windows needs {ENOUGH_WINDOWS} windows, got {len(k)}: state tau"
        )
    if season.shape != k.shape or (block is not None and block.shape != k.shape):
        raise InvalidInput(f"seasons and blocks must give one number for each of {len(k)} windows")
    return RateVariation(_Counts(k, n, season, block, tau))


def _rare(events: int, rows: int, rate: float, concentration: float) -> float:
    """The two-sided mid-p value under a beta-binomial of that mean and concentration a + b."""
    a, b = rate * concentration, (1.0 - rate) * concentration
    if rate > 0.5:  # the tail sums below run over the rarer side
        events, a, b = rows - events, b, a
    if events <= rows * a / (a + b):
        low = np.arange(events + 1)
        tail = float(_mass(low, rows, a, b) @ _halved(low == events))
    else:
        spread = rows * (a / (a + b)) * (b / (a + b)) * (1.0 + (rows - 1.0) / (a + b + 1.0))
        high = np.arange(events, min(rows, events + int(_REACH * spread**0.5) + 50) + 1)
        tail = float(_mass(high, rows, a, b) @ _halved(high == events))
    return min(1.0, 2.0 * tail)


def _mass(k: Ints, n: int, a: float, b: float) -> Floats:
    choose = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return np.asarray(np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b)), np.float64)


def _nothing(n: Ints, a: Floats, b: Floats) -> Floats:
    """The logarithm of the probability of no event among ``n`` rows."""
    return np.asarray(betaln(a, n + b) - betaln(a, b))


def _halved(here: npt.NDArray[np.bool_]) -> Floats:
    return np.where(here, 0.5, 1.0)


def _signed_root(
    events: int | Ints, rows: int | Ints, rate: float | Floats, concentration: float | Floats
) -> Floats:
    """The size of the modified signed root of a binomial with the beta-binomial's variance."""
    worth = rows / (1.0 + (rows - 1.0) / (concentration + 1.0))
    # Half an event inside: the logits of nothing and of everything do not exist.
    share = np.clip(events, 0.5, rows - 0.5) / rows
    up, down = np.log(share / rate), np.log((1.0 - share) / (1.0 - rate))
    root = np.sqrt(2.0 * worth * np.maximum(0.0, share * up + (1.0 - share) * down))
    wald = np.abs(up - down) * np.sqrt(worth * share * (1.0 - share))
    far = root >= _NEAR  # r* is smooth through zero, its formula is not
    safe = np.where(far, root, 1.0)
    sign = np.where(share > rate, 1.0, -1.0)
    better = np.abs(sign * safe + np.log(np.where(far, wald, 1.0) / safe) / (sign * safe))
    return np.asarray(np.where(far, better, root), np.float64)


def _score(p_value: float) -> float:
    return float(ndtri(max(p_value, _LEAST) / 2.0))
