"""The two pictures of a report, as inline SVG: a distribution then and now, and a timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from watchkeeper.domain.window import Window
from watchkeeper.reports.plain import clean
from watchkeeper.reports.sketch import Bar
from watchkeeper.reports.strip import State, Strip

__all__ = ["distribution", "timeline"]

_WIDTH, _HEIGHT = 240, 64
_STRIP_WIDTH, _STRIP_HEIGHT = 300, 20
# The height says the state too, so that it can be read without colour.
_HEIGHTS = {
    State.CRITICAL: 20,
    State.WARNING: 14,
    State.INFO: 9,
    State.ERROR: 9,
    State.OK: 4,
    State.INSUFFICIENT: 2,
}
_CLASSES = {
    State.CRITICAL: "c",
    State.WARNING: "w",
    State.INFO: "i",
    State.ERROR: "e",
    State.OK: "k",
    State.INSUFFICIENT: "n",
}


def distribution(bars: Sequence[Bar], label: str) -> str:
    """The reference as a filled shape, the current table as bars' outline over it."""
    if not bars:
        return ""
    top = max(max(bar.reference, bar.current) for bar in bars) or 1.0
    then = _steps([bar.reference / top for bar in bars])
    now = _steps([bar.current / top for bar in bars])
    return (
        f'<svg class="dist" viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" role="img" '
        f'aria-label="{escape(clean(label))}"><path class="then" d="{then}Z"/>'
        f'<path class="now" d="{now}"/></svg>'
    )


def _steps(heights: Sequence[float]) -> str:
    width = _WIDTH / len(heights)
    parts = [f"M0 {_HEIGHT}"]
    for at, height in enumerate(heights):
        y = _HEIGHT - height * (_HEIGHT - 2)
        parts.append(f"V{y:.1f}H{(at + 1) * width:.1f}")
    return "".join(parts) + f"V{_HEIGHT}"


def timeline(strip: Strip, windows: Sequence[Window | None]) -> str:
    """One mark per window; neighbours of the same state are one mark, with its time as title."""
    marks = "".join(_marks(strip, windows))
    return (
        f'<svg class="strip" viewBox="0 0 {_STRIP_WIDTH} {_STRIP_HEIGHT}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(_spoken(strip))}">{marks}</svg>'
    )


def _marks(strip: Strip, windows: Sequence[Window | None]) -> Iterator[str]:
    step = _STRIP_WIDTH / len(strip)
    gap = min(1.0, step / 5)
    for state, run in groupby(enumerate(strip), key=lambda pair: pair[1]):
        places = [at for at, _ in run]
        if state is State.NONE:
            continue
        height, first, last = _HEIGHTS[state], places[0], places[-1]
        title = escape(f"{state.value}: {_when(windows[first], windows[last])}")
        yield (
            f'<rect class="{_CLASSES[state]}" x="{first * step:.1f}" y="{_STRIP_HEIGHT - height}" '
            f'width="{len(places) * step - gap:.1f}" height="{height}"><title>{title}</title></rect>'
        )


def _when(first: Window | None, last: Window | None) -> str:
    if first is None or last is None:
        return "the whole table"
    form = "%Y-%m-%d" if first.length.days >= 1 else "%Y-%m-%d %H:%M"
    start, end = first.start.strftime(form), last.start.strftime(form)
    return start if first == last else f"{start} to {end}"


def _spoken(strip: Strip) -> str:
    counts = {state: strip.count(state) for state in State if state in strip}
    return ", ".join(f"{count} windows {state.value}" for state, count in counts.items())
