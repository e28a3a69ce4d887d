"""Windows on the wire: what became of their rows, and how they were judged."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from watchkeeper.domain.verdict import Status
from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["WindowRow"]


class WindowRow(Wire):
    """One window of a model.

    ``status`` is the worst verdict of its latest judgement, null while it is not judged.
    ``maturity`` is the share (0 to 1) of its labels that have arrived, null where the model has
    no label. ``revision`` counts the judgements; ``known_at`` is when the latest was made, on the
    clock of the data. ``profiled`` counts the rows that its profile holds already: rows are counted
    as they come, and judged when the window is due. ``closing`` is ``open`` until it was judged,
    ``provisional`` while rows may still come, as late as the model's rows are known to (it is judged
    again when they do), and ``complete`` once the model's ``watermark``, the event time up to which
    its rows are believed to be complete, has passed its end.
    """

    window: WindowWire
    received: int
    accepted: int
    rejected: int
    duplicate: int
    joined: int
    rows: int
    maturity: float | None
    status: Status | None
    alerts: int
    revision: int
    known_at: datetime | None
    profiled: int
    closing: Literal["open", "provisional", "complete"]
    watermark: datetime
