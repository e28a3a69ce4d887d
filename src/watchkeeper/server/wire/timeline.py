"""The timeline on the wire: what every family of monitors said of every window."""

from __future__ import annotations

from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["Timeline", "TimelineCell"]


class TimelineCell(Wire):
    """One family in one window: its worst status and how many series say so.

    ``severity`` is the highest of its alerts, null where none fired. ``alerts`` of ``series``
    verdicts fired. Windows that the family never judged have no cell.
    """

    family: str
    window: WindowWire
    status: Status
    severity: Severity | None
    alerts: int
    series: int


class Timeline(Wire):
    """The windows that were judged, oldest first, and the families that judged them."""

    windows: list[WindowWire]
    families: list[str]
    cells: list[TimelineCell]
