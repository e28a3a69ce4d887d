"""The alarm budget: which evidence of one tick becomes an alarm.

All budgeted series of a model share one probability of a false alarm per tick (window). Their
p-values are first tempered twice, by what the reference windows got of the same figure of all
columns (of all figures, for those of the model as a whole) and by what those of the very series
got (rain comes in days: most have none, some nothing else), and the larger counts; where the last
week together has a p-value too, the smaller of both counts, twice. Then all are decided together
by Benjamini-Hochberg, each series with its weight; what is decided alarms only where it is also
material. Evidence outside the budget (no p-value) keeps the status that its monitor gave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidInput
from watchkeeper.monitors.evidence import Evidence
from watchkeeper.stats.drift.tempering import Tempering, fit_tempering
from watchkeeper.stats.multiplicity.bh import benjamini_hochberg

__all__ = ["decide"]

_DECIDING = 0.05  # a p-value above it alarms nowhere: its own tail need not be looked at


def decide(evidence: Sequence[Evidence], *, alpha: float) -> list[tuple[Evidence, Status]]:
    """Decide the evidence of one window (None: the one test of an untimed report).

    Parameters
    ----------
    evidence
        Everything that was found in the window, over all monitors and slices that share alpha.
    alpha
        The chance of any false alarm that the tick may spend, in (0, 1].

    Returns
    -------
    list of (Evidence, Status)
        In the order given; the effect of what was tested tells its ``p_value`` as it was decided
        by, and as the monitor gave it (``raw_p_value``).
    """
    if len({found.window for found in evidence}) > 1:
        raise InvalidInput("a tick is decided by itself: group the evidence by window first")
    tested = [found for found in evidence if found.p_value is not None]
    temperings = _temperings(tested)
    p_values = [_p_value(found, temperings[_pool(found)]) for found in tested]
    weights = [found.weight for found in tested]
    rejected = benjamini_hochberg(p_values, alpha=alpha, weights=weights)
    decided = {
        id(found): (_told(found, p_value), _status(found, alarm=bool(hit)))
        for found, p_value, hit in zip(tested, p_values, rejected, strict=True)
    }
    return [decided.get(id(found), (found, found.status)) for found in evidence]


def _status(found: Evidence, *, alarm: bool) -> Status:
    return Status.ALERT if alarm and found.material else found.status


def _p_value(found: Evidence, pool: Tempering) -> float:
    of_window = _tempered(found, pool)
    if found.run_p_value is None:
        return of_window
    return min(1.0, 2.0 * min(of_window, found.run_p_value))


def _tempered(found: Evidence, pool: Tempering) -> float:
    raw = found.p_value or 0.0
    pooled = float(pool.apply(raw))
    own = found.reference_p_values
    if own is None or not len(own) or pooled > _DECIDING:
        return pooled
    return max(pooled, float(fit_tempering(own).apply(raw)))


def _told(found: Evidence, p_value: float) -> Evidence:
    return replace(found, effect={**found.effect, "p_value": p_value, "raw_p_value": found.p_value})


def _pool(found: Evidence) -> tuple[str, str]:
    series = found.series
    return series.monitor, series.what if series.column is not None else ""


def _temperings(tested: Sequence[Evidence]) -> dict[tuple[str, str], Tempering]:
    """How heavy the tails of each pool's p-values are, over all of its series."""
    pooled: dict[tuple[str, str], list[npt.NDArray[np.float64]]] = {}
    for found in tested:
        values = pooled.setdefault(_pool(found), [])
        if found.reference_p_values is not None:
            values.append(np.asarray(found.reference_p_values, np.float64))
    return {
        pool: fit_tempering(np.concatenate(values) if values else [])
        for pool, values in pooled.items()
    }
