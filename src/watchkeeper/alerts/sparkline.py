"""A picture made of letters, for where no image can be shown."""

from __future__ import annotations

from watchkeeper.alerts.chart import Chart
from watchkeeper.alerts.figures import in_unit

__all__ = ["sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 40


def sparkline(chart: Chart | None) -> str:
    """The last windows as bars, and the range that they span; empty with fewer than two figures.

    A window without a figure is a gap, not a zero.
    """
    if chart is None or len(chart.values) < 2:
        return ""
    points = chart.points[-_WIDEST:]
    known = [point.value for point in points if point.value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    step = (high - low) / (len(_BARS) - 1) or 1.0
    bars = (" " if p.value is None else _BARS[round((p.value - low) / step)] for p in points)
    span = f"{in_unit(low, chart.unit)} to {in_unit(high, chart.unit)}"
    return f"{''.join(bars)}  {chart.title}, the last {len(points)} windows: {span}"
