"""The drift map on the wire: columns × windows, the worst verdict of each."""

from __future__ import annotations

from typing import Literal

from watchkeeper.domain.verdict import Status
from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["DriftCell", "DriftColumn", "DriftMap", "Drifted"]

# "drift": a window against its season, which notices what is sudden; "creep": the last week
# against the reference itself, which notices what is slow.
Drifted = Literal["drift", "creep"]


class DriftColumn(Wire):
    """A row of the map: a column of the model, in the order of its definition."""

    name: str
    type: str
    role: str


class DriftCell(Wire):
    """What the drift monitor says of one column in one window.

    ``value`` is the share of rows that moved, ``low`` and ``high`` its 95 % interval; ``what``
    names what moved. ``verdict_id`` opens the verdict.
    """

    column: str
    window: WindowWire
    status: Status
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    provisional: bool
    what: str
    verdict_id: str


class DriftMap(Wire):
    """The map: cells that were never judged are absent."""

    windows: list[WindowWire]
    columns: list[DriftColumn]
    cells: list[DriftCell]
