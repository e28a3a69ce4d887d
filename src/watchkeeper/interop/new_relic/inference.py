"""`InferenceData` events, sent beside the moving of rows: never in its way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from watchkeeper.domain.model import Model
from watchkeeper.interop.new_relic.event_api import EventApi, address_of
from watchkeeper.interop.new_relic.events import (
    Event,
    encode_events,
    label_events,
    prediction_events,
)
from watchkeeper.interop.otel.outgoing import Fates, Outgoing, Pace
from watchkeeper.settings import Settings

__all__ = ["Inference", "event_api_of", "inference_of"]

_PACE = Pace(most_waiting=50_000, most_together=2_000, most_bytes=900_000)


@dataclass(frozen=True, slots=True)
class Inference:
    """Tells of a ``share`` of predictions."""

    outgoing: Outgoing[Event]
    share: float

    def moved(self, model: Model, predictions: pa.Table, labels: pa.Table) -> None:
        """Rows came to the lake."""
        self._put(
            chain(
                prediction_events(model, predictions, self.share),
                label_events(model, labels, self.share),
            )
        )

    def start(self) -> None:
        """Begin to send."""
        self.outgoing.start()

    def finish(self) -> None:
        """Begin to end; `stop` waits for it."""
        self.outgoing.finish()

    def stop(self) -> None:
        """Send what waits, as far as that goes quickly, and end."""
        self.outgoing.stop()

    def fates(self) -> Fates:
        """What became of events until now."""
        return self.outgoing.fates()

    def _put(self, events: Iterable[Event]) -> None:
        for event in events:
            self.outgoing.put(event)


def event_api_of(settings: Settings) -> EventApi | None:
    """Where events go, as the settings say; None where no account is named."""
    if not settings.new_relic_account:
        return None
    address = address_of(settings.new_relic_region, settings.new_relic_account)
    return EventApi(address, settings.new_relic_key)


def inference_of(settings: Settings, pace: Pace = _PACE) -> Inference | None:
    """What sends events, as the settings say; None where no account is named.

    InvalidInput where a setting cannot be understood.
    """
    api = event_api_of(settings)
    if api is None:
        return None
    outgoing: Outgoing[Event] = Outgoing("new_relic", api, encode_events, pace)
    return Inference(outgoing, settings.new_relic_share)
