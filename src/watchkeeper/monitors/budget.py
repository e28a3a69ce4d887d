"""The alarm budget: which evidence of one tick becomes an alarm.

All budgeted series of a model share one probability of a false alarm per tick (window). Their
p-values are first tempered by what the reference windows of the same monitor got, then decided
together by Benjamini-Hochberg, each series with its weight; what is decided alarms only where it is also material. Evidence
outside the budget (no p-value) keeps the status that its monitor gave it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidInput
from watchkeeper.monitors.evidence import Evidence
from watchkeeper.stats.drift.tempering import Tempering, fit_tempering
from watchkeeper.stats.multiplicity.bh import benjamini_hochberg

__all__ = ["decide"]


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
        In the order given.
    """
    if len({found.window for found in evidence}) > 1:
        raise InvalidInput("a tick is decided by itself: group the evidence by window first")
    tested = [found for found in evidence if found.p_value is not None]
    temperings = _temperings(tested)
    p_values = [
        float(temperings[found.series.monitor].apply(found.p_value or 0.0)) for found in tested
    ]
    weights = [found.weight for found in tested]
    rejected = benjamini_hochberg(p_values, alpha=alpha, weights=weights)
    alarming = {id(found) for found, hit in zip(tested, rejected, strict=True) if hit}
    return [(found, _status(found, alarm=id(found) in alarming)) for found in evidence]


def _status(found: Evidence, *, alarm: bool) -> Status:
    return Status.ALERT if alarm and found.material else found.status


def _temperings(tested: Sequence[Evidence]) -> dict[str, Tempering]:
    """How heavy the tails of each monitor's p-values are, over all of its series."""
    pooled: dict[str, list[npt.NDArray[np.float64]]] = {}
    for found in tested:
        values = pooled.setdefault(found.series.monitor, [])
        if found.reference_p_values is not None:
            values.append(np.asarray(found.reference_p_values, np.float64))
    return {
        monitor: fit_tempering(np.concatenate(values) if values else [])
        for monitor, values in pooled.items()
    }
