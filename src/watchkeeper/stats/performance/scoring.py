"""Log loss and Brier score: means of a per-row loss, exact from its sum and sum of squares.

Log loss: −ln of the score of the label's class. Brier: (score − y)², over classes summed for more
than two. Both are proper: nothing but the true probability minimises them. Intervals on the log
scale from the sample variance; the few rows with a very large log loss make it optimistic where
they are fewer than about ten.
"""

from __future__ import annotations

import math

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.bounded import positive
from watchkeeper.stats.performance.state import Classified, Sums

__all__ = ["brier_score", "log_loss", "mean_of"]


def log_loss(state: Classified) -> Estimate:
    """The mean −ln(score of the label's class), in nats; insufficient below two scored labels."""
    return mean_of(state.log_loss, state.labels)


def brier_score(state: Classified) -> Estimate:
    """The mean squared error of the scores; insufficient below two scored labels."""
    return mean_of(state.brier, state.labels)


def mean_of(sums: Sums, labels: int) -> Estimate:
    """The mean of numbers that are never negative, with its interval."""
    if sums.n < 2.0:
        return Estimate.insufficient(labels)
    mean = sums.first / sums.n
    variance = max(0.0, sums.second / sums.n - mean**2) * sums.n / (sums.n - 1.0)
    se = math.sqrt(variance / sums.n)
    return Estimate(mean, *positive(mean, se), labels, se)
