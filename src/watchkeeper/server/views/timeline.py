"""The timeline: what every family of monitors said of every window."""

from __future__ import annotations

from collections.abc import Iterable

from watchkeeper.alerts.grouping import CREEP
from watchkeeper.catalog.verdicts import Tally
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.server.wire.envelope import window_wire
from watchkeeper.server.wire.timeline import Timeline, TimelineCell

__all__ = ["timeline"]

# A family's status is the worst of its series; that some series lack data says little of the others.
_WORST_FIRST = (Status.ALERT, Status.ERROR, Status.OK, Status.INSUFFICIENT_DATA)
_SEVEREST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def timeline(tallies: Iterable[Tally]) -> Timeline:
    """The timeline of the tallies of one model's windows, as they are stored: oldest first.

    A monitor's family is its name up to the first dot. A slow departure from the reference is a
    family of its own: while it lasts, it would hide every sudden drift.
    """
    cells: dict[tuple[Window, str], list[Tally]] = {}
    for tally in tallies:
        family = CREEP if tally.what == CREEP else tally.monitor.split(".")[0]
        cells.setdefault((tally.window, family), []).append(tally)
    windows = dict.fromkeys(window for window, _ in cells)
    return Timeline(
        windows=[window_wire(window) for window in windows],
        families=sorted({family for _, family in cells}),
        cells=[_cell(window, family, found) for (window, family), found in cells.items()],
    )


def _cell(window: Window, family: str, found: list[Tally]) -> TimelineCell:
    fired = [tally for tally in found if tally.status is Status.ALERT]
    return TimelineCell(
        family=family,
        window=window_wire(window),
        status=min((tally.status for tally in found), key=_WORST_FIRST.index),
        severity=min((t.severity for t in fired), key=_SEVEREST_FIRST.index, default=None),
        alerts=sum(tally.number for tally in fired),
        series=sum(tally.number for tally in found),
    )
