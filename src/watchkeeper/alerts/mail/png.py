"""A chart as a PNG, drawn with arrays alone.

The ground is transparent and the colours are of middle tone, so that it can be read on a light and
on a dark page; words stand beside it as text. Drawn at twice its size, for dense displays.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchkeeper.alerts.chart import Chart, Point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.float64]

__all__ = ["HEIGHT", "WIDTH", "Drawing", "draw"]

WIDTH, HEIGHT = 552, 130  # as it is shown
_SCALE = 2
_MARGIN = 14.0
_LINE, _DOT, _FIRED = 2.2, 3.0, 9.0  # half widths, in drawn pixels
_BLUE, _RED, _GREY = (46, 144, 250), (240, 68, 56), (152, 162, 179)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The image, and the figures at its lower and upper edge."""

    png: bytes
    low: float
    high: float


def draw(chart: Chart) -> Drawing | None:
    """The chart as an image; None with fewer than two figures."""
    if len(chart.values) < 2:
        return None
    canvas = _Canvas(WIDTH * _SCALE, HEIGHT * _SCALE)
    low, high = _range(chart)
    places = _places(chart, low, high)
    if chart.usual is not None:
        canvas.dashes(_y(chart.usual, low, high), _GREY)
    canvas.paint(canvas.interval(chart.points, places, (low, high)), _BLUE, 0.18)
    lines = canvas.empty()
    for (one, at), (other, to) in zip(
        zip(chart.points, places, strict=True), zip(chart.points[1:], places[1:], strict=True),
        strict=False,
    ):  # fmt: skip
        if one.value is not None and other.value is not None:
            canvas.segment(lines, at, to, _LINE)
    dots, fired = canvas.empty(), canvas.empty()
    for point, at in zip(chart.points, places, strict=True):
        if point.value is not None:
            canvas.segment(dots, at, at, _DOT)
        if point.value is not None and point.fired:
            canvas.segment(fired, at, at, _FIRED)
    canvas.paint(lines, _BLUE)
    canvas.paint(dots, _BLUE)
    canvas.paint(fired, _RED)
    return Drawing(canvas.png(), low, high)


def _range(chart: Chart) -> tuple[float, float]:
    """From a little below to a little above; from zero where that is near."""
    found = [*chart.values, *([] if chart.usual is None else [chart.usual])]
    low, high = min(found), max(found)
    if 0.0 < low < 0.5 * high:
        low = 0.0
    if low == high:
        low, high = (low - 1.0, high + 1.0) if low else (0.0, 1.0)
    return low, high


def _places(chart: Chart, low: float, high: float) -> list[tuple[float, float]]:
    first, last = chart.points[0].start, chart.points[-1].start
    span = (last - first).total_seconds() or 1.0
    width = WIDTH * _SCALE - 2 * _MARGIN
    return [
        (
            _MARGIN + width * (point.start - first).total_seconds() / span,
            _y(low if point.value is None else point.value, low, high),
        )
        for point in chart.points
    ]


def _y(value: float, low: float, high: float) -> float:
    height = HEIGHT * _SCALE - 2 * _MARGIN
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return _MARGIN + height * (1.0 - share)


class _Canvas:
    """Colours and how much of the ground they cover, pixel by pixel."""

    def __init__(self, width: int, height: int) -> None:
        import numpy as np

        self._np = np
        self._width, self._height = width, height
        self._colour = np.zeros((height, width, 3))
        self._cover = np.zeros((height, width))

    def empty(self) -> Mask:
        """A mask that covers nothing."""
        return self._np.zeros((self._height, self._width))

    def paint(self, mask: Mask, colour: tuple[int, int, int], strength: float = 1.0) -> None:
        """Lay a colour over what is there, where the mask says."""
        over = mask * strength
        under = self._cover * (1.0 - over)
        self._cover = over + under
        part = self._np.divide(over, self._cover, out=over.copy(), where=self._cover > 0)
        self._colour += (self._np.array(colour) - self._colour) * part[..., None]

    def segment(
        self, mask: Mask, at: tuple[float, float], to: tuple[float, float], half: float
    ) -> None:
        """Add a line with round ends to a mask: a disc where both ends are the same."""
        np, reach = self._np, half + 1.5
        left, right = sorted((at[0], to[0]))
        top, bottom = sorted((at[1], to[1]))
        rows = slice(max(0, int(top - reach)), min(self._height, int(bottom + reach) + 1))
        columns = slice(max(0, int(left - reach)), min(self._width, int(right + reach) + 1))
        y, x = np.mgrid[rows, columns] + 0.5
        (x0, y0), (dx, dy) = at, (to[0] - at[0], to[1] - at[1])
        along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy or 1.0)
        nearest = np.clip(along, 0.0, 1.0)
        distance = np.hypot(x - x0 - nearest * dx, y - y0 - nearest * dy)
        inked = np.clip(half + 0.5 - distance, 0.0, 1.0)
        mask[rows, columns] = np.maximum(mask[rows, columns], inked)

    def dashes(self, y: float, colour: tuple[int, int, int]) -> None:
        """A dashed line from edge to edge."""
        mask = self.empty()
        for start in range(int(_MARGIN), self._width - int(_MARGIN), 20):
            self.segment(mask, (start, y), (start + 9, y), 1.2)
        self.paint(mask, colour)

    def interval(
        self,
        points: tuple[Point, ...],
        places: list[tuple[float, float]],
        span: tuple[float, float],
    ) -> Mask:
        """A mask of the band between the lower and upper ends of the intervals."""
        np, mask = self._np, self.empty()
        known = [
            (at[0], _y(point.high, *span), _y(point.low, *span))
            for point, at in zip(points, places, strict=True)
            if point.low is not None and point.high is not None
        ]
        if len(known) > 1:
            across = np.arange(self._width) + 0.5
            x, upper, lower = (np.array(each) for each in zip(*known, strict=True))
            top, bottom = np.interp(across, x, upper), np.interp(across, x, lower)
            rows = np.arange(self._height)[:, None] + 0.5
            mask = np.clip(np.minimum(rows - top + 0.5, bottom - rows + 0.5), 0.0, 1.0)
            mask[:, (across < x[0]) | (across > x[-1])] = 0.0
        return mask

    def png(self) -> bytes:
        """The image file: 8 bits for each of red, green, blue and cover."""
        np = self._np
        image = np.dstack([self._colour, self._cover * 255.0]).round().astype(np.uint8)
        rows = np.hstack([np.zeros((self._height, 1), np.uint8), image.reshape(self._height, -1)])
        head = struct.pack(">IIBBBBB", self._width, self._height, 8, 6, 0, 0, 0)
        parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in parts
        )
