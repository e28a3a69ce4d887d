"""Two models that answered the same rows: the shadow and the live one.

Of a right-or-wrong outcome only the rows count on which they differ: under "equally good" each is
a fair coin. The exact test at one look is McNemar's; for every look the beta-binomial mixture
takes its place. A difference of losses row by row is a mean like any other: give it to
`confidence_sequence.mean`. O(1).

References
----------
McNemar, Q. (1947), Note on the sampling error of the difference between correlated proportions or
percentages. Psychometrika 12.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.beta_binomial import log_two_sided
from watchkeeper.stats.sequential.normal_mixture import best_rho

__all__ = ["log_evidence", "mcnemar"]


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of ``only_first`` rows that only the first model got right and
    ``only_second`` that only the second did; 1.0 without such rows. For one look.

    Examples
    --------
    >>> round(mcnemar(9, 1), 6)
    0.021484
    """
    b, c = _checked(only_first, only_second)
    if b == c:
        return 1.0
    n, more = b + c, max(b, c)
    return float(min(1.0, 2.0 * betainc(more, n - more + 1, 0.5)))


def log_evidence(only_first: int, only_second: int, *, tightest_at: int = 100) -> float:
    """The logarithm of the evidence at this look that one of the models is better: ``exp(−it)`` of
    the most of all looks is a p-value that holds at every look. ``tightest_at`` is a number of rows
    on which they differ.
    """
    b, c = _checked(only_first, only_second)
    rho = best_rho(tightest_at / 4.0, alpha=0.05)
    return float(log_two_sided((b - c) / 2.0, (b + c) / 4.0, g=0.5, h=0.5, rho=rho))


def _checked(only_first: int, only_second: int) -> tuple[int, int]:
    if min(only_first, only_second) < 0:
        raise InvalidInput(f"counts must be at least 0, got {only_first} and {only_second}")
    return int(np.int64(only_first)), int(np.int64(only_second))
