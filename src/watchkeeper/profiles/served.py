"""How a model answered in a window, as its own server counted it: from its buckets, and as text."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import Elsewhere, NumericProfile, ServiceProfile
from watchkeeper.profiles.service import LATENCY_BINNING
from watchkeeper.stats.grid import cell_high, cell_of, value_of

__all__ = ["latency_of_buckets", "read_service", "write_service"]


def latency_of_buckets(buckets: Sequence[tuple[float, float]]) -> NumericProfile | None:
    """The profile of latencies of which a histogram is known; None where it counts none.

    Parameters
    ----------
    buckets
        Upper edges (ms, ``inf`` for the last) with how many lie at or below them.

    Notes
    -----
    Within a bucket the answers are spread evenly, as Prometheus does for its quantiles; those above
    the last finite edge are counted at it. A quantile is thus no finer than the buckets, but the
    same buckets give the same error in every window.
    """
    held = sorted((edge, count) for edge, count in buckets if not math.isnan(count))
    finite = [(edge, count) for edge, count in held if math.isfinite(edge) and edge > 0.0]
    total = round(held[-1][1]) if held else 0
    if total <= 0 or not finite:
        return None
    edges = np.array([0.0, *(edge for edge, _ in finite)])
    counted = np.maximum.accumulate(np.array([0.0, *(count for _, count in finite)]))
    cells = np.arange(0, int(cell_of(edges[-1], 0.0, 1.0)) + 1, dtype=np.int64)
    upper = np.minimum(cell_high(cells, LATENCY_BINNING.center, LATENCY_BINNING.scale), edges[-1])
    reached = np.rint(np.interp(upper, edges, counted)).astype(np.int64)
    reached[-1] = max(total, int(reached[-1]))
    return _profile(cells, np.diff(reached, prepend=0))


def write_service(found: ServiceProfile) -> str:
    """The figures as text."""
    latency, elsewhere = found.latency, found.elsewhere
    return json.dumps(
        {
            "requests": found.requests,
            "errors": found.errors,
            "latency": None
            if latency is None
            else [latency.cells.tolist(), latency.counts.tolist()],
            "elsewhere": None
            if elsewhere is None
            else [
                elsewhere.source,
                elsewhere.coverage,
                elsewhere.mean_ms,
                elsewhere.errors_known,
            ],
        },
        separators=(",", ":"),
    )


def read_service(text: str) -> ServiceProfile:
    """What `write_service` wrote."""
    held = json.loads(text)
    latency, elsewhere = held["latency"], held["elsewhere"]
    return ServiceProfile(
        held["requests"],
        held["errors"],
        None if latency is None else _profile(*(np.array(part, np.int64) for part in latency)),
        None if elsewhere is None else Elsewhere(*elsewhere),
    )


def _profile(cells: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> NumericProfile:
    cells, counts = cells[counts > 0], counts[counts > 0]
    values = value_of(cells, LATENCY_BINNING.center, LATENCY_BINNING.scale)
    sums = counts * values
    return NumericProfile(
        binning=LATENCY_BINNING,
        n=int(counts.sum()),
        null=0,
        nan=0,
        pos_inf=0,
        neg_inf=0,
        invalid=0,
        outside=0,
        cells=cells,
        counts=counts,
        sums=sums,
        sum_z=float(sums.sum()),
        sum_z2=float((counts * values**2).sum()),
        minimum=float(values[0]) if len(values) else None,
        maximum=float(values[-1]) if len(values) else None,
    )
