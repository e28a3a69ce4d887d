"""Metrics, sent every minute: read, put into requests that are small enough, and sent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from watchkeeper.interop.otel.metrics import Deltas, encode_metrics, points_of
from watchkeeper.interop.otel.outgoing import Fates
from watchkeeper.interop.otel.target import Export
from watchkeeper.interop.otel.transport import Transport

if TYPE_CHECKING:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
    from prometheus_client.metrics_core import Metric as Figures
    from prometheus_client.samples import Sample

__all__ = ["MetricsExport"]

_log = logging.getLogger(__name__)
_LAST_SECONDS = 3.0
_MOST_SAMPLES = 2_000


@dataclass(slots=True)
class MetricsExport:
    """Tells the figures that ``read`` gives. A telling that fails is not repeated: the next holds
    all that it would have, deltas too.
    """

    export: Export
    transport: Transport
    read: Callable[[], Iterable[Figures]]
    version: str
    clock: Callable[[], int] = time.time_ns
    _started: int = 0
    _deltas: Deltas | None = None
    _fates: Fates = field(default_factory=Fates)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._started = self.clock()
        if self.export.temporality.is_delta:
            self._deltas = Deltas(self._started)

    def start(self) -> None:
        """Begin to tell, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="otlp-metrics", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Begin to end; `stop` waits for it."""
        self._stopping.set()

    def stop(self) -> None:
        """Tell once more, as far as that goes quickly, and end."""
        self.finish()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)
        self.transport.close()

    def fates(self) -> Fates:
        """What became of data points until now."""
        return self._fates

    def tell(self) -> None:
        """Tell all figures as they are now."""
        for group in _groups(self.read()):
            told = self._send(self._points(group))
            if self._deltas is not None:
                self._deltas.keep(told=told)
        if self._deltas is not None:
            self._deltas.forget()

    def begin(self) -> None:
        """Note the figures as they are now: deltas count from here, not from what is recorded."""
        if self._deltas is not None:
            self._points(self.read())
            self._deltas.keep(told=True)

    def _points(self, families: Iterable[Figures]) -> list[Metric]:
        return points_of(families, now=self.clock(), started=self._started, deltas=self._deltas)

    def _send(self, metrics: Sequence[Metric]) -> bool:
        points = sum(map(_size, metrics))
        if not points:
            return True
        request = encode_metrics(metrics, self.export.resource, self.version)
        answer = self.transport.send(request.SerializeToString())
        before = self._fates
        rejected = min(answer.rejected, points) if answer.taken else 0
        self._fates = Fates(
            taken=before.taken + (points - rejected if answer.taken else 0),
            rejected=before.rejected + rejected,
            failed=before.failed + (0 if answer.taken else points),
            detail=answer.detail or before.detail,
        )
        if answer.detail:
            _log.warning("metrics were not taken points=%s: %s", points, answer.detail)
        return answer.taken

    def _run(self) -> None:
        self._safely(self.begin)
        while not self._stopping.wait(self.export.interval_seconds):
            self._safely(self.tell)
        self._safely(self.tell)

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # noqa: BLE001  the thread outlives a catalog that is away
            _log.exception("metrics cannot be told")


def _size(metric: Metric) -> int:
    kind = metric.WhichOneof("data")
    return 0 if kind is None else len(getattr(metric, kind).data_points)


def _groups(families: Iterable[Figures]) -> Iterator[list[Figures]]:
    """Families in groups that fit into a request."""
    group: list[Figures] = []
    held = 0
    for family in families:
        for piece in _pieces(family):
            if group and held + len(piece.samples) > _MOST_SAMPLES:
                yield group
                group, held = [], 0
            group.append(piece)
            held += len(piece.samples)
    if group:
        yield group


def _pieces(family: Figures) -> Iterator[Figures]:
    """A family in pieces that fit; the samples of one set of labels stay together."""
    if len(family.samples) <= _MOST_SAMPLES:
        yield family
        return
    piece = _like(family)
    for _, samples in groupby(family.samples, key=_labels):
        held = list(samples)
        if piece.samples and len(piece.samples) + len(held) > _MOST_SAMPLES:
            yield piece
            piece = _like(family)
        piece.samples.extend(held)
    yield piece


def _like(family: Figures) -> Figures:
    from prometheus_client.metrics_core import Metric as Figures

    return Figures(family.name, family.documentation, family.type)


def _labels(sample: Sample) -> list[tuple[str, str]]:
    return sorted((name, text) for name, text in sample.labels.items() if name != "le")
