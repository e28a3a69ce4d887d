"""How the model answered: requests, errors and latency."""

from __future__ import annotations

from watchkeeper.domain.model import Column, ColumnType, Role
from watchkeeper.domain.profile import NumericBinning
from watchkeeper.profiles.frame import LATENCY, Frame

__all__ = ["LATENCY_BINNING", "latency_column"]

# The same for every model, so that no reference is needed: cells of 1 % above a millisecond.
LATENCY_BINNING = NumericBinning(center=0.0, scale=1.0)


def latency_column(frame: Frame) -> Column | None:
    """The column of milliseconds: ``_wk_latency_ms``, else the model's; None: it has none."""
    name = frame.role(LATENCY, Role.LATENCY)
    return None if name is None else Column(name, ColumnType.NUMERIC, Role.LATENCY)
