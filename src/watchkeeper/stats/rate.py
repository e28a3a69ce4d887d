"""How surprising is a count, given the windows of a reference: rates that may be rare or zero.

A window of ``n`` rows holds ``k`` that are (say) missing. With the rate ``p`` of the reference,
its natural variation τ² (on the scale asin√p, where a rate's sampling variance is 1/(4n) whatever
it is) and the standard error s of that level, a new window is beta-binomial with mean p and
``a + b = 1/(4(τ² + s²))``: for τ = 0 the predictive distribution of a rate known from N rows.

- The pooled rate is ``(K + ½)/(N + 1)``: never zero, so that one missing value after 50,000
  without is odd (p ≈ n/N/2), and not impossible.
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
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation, fit

__all__ = ["RateVariation", "fit_rate"]

_LARGE = 200.0  # expected events from which the approximation is used
_NEAR = 0.05  # signed roots below this are no surprise whatever their last digits
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

    @cached_property
    def variation(self) -> Variation:
        """The natural variation of asin√rate. Most faults never happen, and it is never asked."""
        counts = self._counts
        scaled, variances = _arcsine(counts.events, counts.rows)
        return fit(scaled, variances, counts.seasons, blocks=counts.blocks, tau=counts.tau)

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
        if self.events in (0, self.rows):  # what never is, or always, has no seasons
            return self.events / self.rows
        events, rows = self._of(season)
        return events / rows

    @property
    def reference_p_values(self) -> Floats:
        """The p-values of the reference windows, left out in turn; empty where nothing ever came.

        Rare events that come in bursts (an hour of a feed, and with it forty rows) show here how
        little a binomial tail says of them.
        """
        if min(self.events, self.rows - self.events) == 0:
            return np.empty(0)
        return self.variation.reference_p_values

    def p_value(self, events: int, rows: int, season: int = 0) -> float:
        """The two-sided mid-p value of ``events`` among ``rows`` (≥ 1) of a new window."""
        if not 0 <= events <= rows or rows < 1:
            raise InvalidInput(f"events must lie in [0, rows] with rows >= 1, got {events}, {rows}")
        if events in (0, rows) and self.events in (0, self.rows) and self._same_side(events):
            return 1.0
        known, total = self._of(season)
        rate = (known + 0.5) / (total + 1.0)
        scaled, variance = _arcsine(events, rows)
        _, df = self.variation.z(float(scaled), float(variance), season)
        concentration = self._concentration(season)
        if rows * min(rate, 1.0 - rate) < _LARGE:
            z = _score(_rare(events, rows, rate, concentration))
        else:
            z = _signed_root(events, rows, rate, concentration)
        return float(min(1.0, 2.0 * stdtr(min(df, 1e9), -abs(z))))

    def _same_side(self, events: int) -> bool:
        return (events == 0) == (self.events == 0)

    def _of(self, season: int) -> tuple[int, int]:
        """Events and rows of the season, of all where it is unknown or seasons are not told apart."""
        if not self.variation.seasonal:
            return self.events, self.rows
        held = self._counts.seasons == season
        events, rows = int(self._counts.events[held].sum()), int(self._counts.rows[held].sum())
        return (events, rows) if rows else (self.events, self.rows)

    def _concentration(self, season: int) -> float:
        error = self.variation.expected(season)[1]
        return float(1.0 / (4.0 * (self.variation.tau**2 + error**2)))


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
    >>> round(never.p_value(1, 1000), 3), never.p_value(3, 1000) < 1e-5
    (0.01, True)
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


def _arcsine(events: npt.ArrayLike, rows: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Anscombe's form, whose variance is nearly 1/(4n + 2) down to few events."""
    k, n = np.asarray(events, np.float64), np.asarray(rows, np.float64)
    return np.arcsin(np.sqrt((k + 0.375) / (n + 0.75))), 1.0 / (4.0 * n + 2.0)


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


def _halved(here: npt.NDArray[np.bool_]) -> Floats:
    return np.where(here, 0.5, 1.0)


def _signed_root(events: int, rows: int, rate: float, concentration: float) -> float:
    """The modified signed root of a binomial with the beta-binomial's variance."""
    worth = rows / (1.0 + (rows - 1.0) / (concentration + 1.0))
    # Half an event inside: the logits of nothing and of everything do not exist.
    share = min(max(events, 0.5), rows - 0.5) / rows
    up, down = np.log(share / rate), np.log((1.0 - share) / (1.0 - rate))
    root = float(np.sqrt(2.0 * worth * max(0.0, share * up + (1.0 - share) * down)))
    if root < _NEAR:  # r* is smooth through zero, its formula is not
        return root
    wald = float(abs(up - down) * np.sqrt(worth * share * (1.0 - share)))
    direction = 1.0 if share > rate else -1.0
    return abs(direction * root + float(np.log(wald / root)) / (direction * root))


def _score(p_value: float) -> float:
    return float(ndtri(max(p_value, 1e-300) / 2.0))
