"""Pearson's two-sample χ²: ``s·Σ (q − p)²/p̄``, p̄ the shares of both samples together.

Its effect is the non-centrality χ² − (B − 1) and grows with the sample: compare others across
windows. Not for bins of which most hold fewer than five rows. O(B).

References
----------
Pearson, K. (1900), On the criterion that a given system of deviations. Phil. Mag. 50.
"""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.distances.distance import Distance, Pair, effect_of

__all__ = ["chi2"]


def chi2(pair: Pair) -> Distance:
    """The statistic of the 2 × B table of a pair of counts on the same bins, without correction.

    Examples
    --------
    >>> round(chi2(Pair.of([50, 50], [40, 60])).value, 6)
    2.020202
    """
    value = float(pair.size * ((pair.q - pair.p) ** 2 / pair.pooled).sum())
    df = len(pair.pooled) - 1
    beyond = max(0.0, value - df)
    se = float(np.sqrt(2.0 * df + 4.0 * beyond))
    return Distance(value, lambda: effect_of(value - df, se, pair))
