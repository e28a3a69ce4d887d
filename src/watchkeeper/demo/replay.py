"""The year as the server would have lived it: each day's departures and landings, day by day.

Every batch says when it was known, and that drives the model's clock: 2013 happens in 2013. A
flight's label is sent on the day it landed, so flights in the air at midnight are labelled a day
after their prediction; the cancelled and the diverted never are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.sdk.client import Client

__all__ = ["MODEL", "Sent", "replay"]

MODEL = "flights"
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the replay is."""

    day: date
    predictions: int
    labels: int


def replay(client: Client, flights: pa.Table, *, told: Callable[[Sent], None]) -> Sent:
    """Send every day's predictions and labels; returns the sums.

    Parameters
    ----------
    flights
        In the order of departure, with the model's ``score`` and ``prediction``; the columns
        ``late`` and ``landed_at`` hold the truth and are sent only as labels.
    told
        Called after each day with the sums so far.
    """
    predictions = flights.drop_columns(["late", "landed_at"])
    labels = flights.select(["flight_id", "late", "landed_at"]).filter(
        pc.is_valid(flights["landed_at"])
    )
    labels = labels.sort_by("landed_at").rename_columns(["id", "label", "time"])
    sent = Sent(date.min, 0, 0)
    for day, departed, landed in _days(predictions, labels):
        known_at = datetime.combine(day, time(), UTC) + _DAY
        if departed.num_rows:
            batch = f"departures-{day}"
            client.log_predictions(MODEL, departed, batch=batch, known_at=known_at)
        if landed.num_rows:
            client.log_labels(MODEL, landed, batch=f"landings-{day}", known_at=known_at)
        sent = Sent(day, sent.predictions + departed.num_rows, sent.labels + landed.num_rows)
        told(sent)
    # A minute more, so that what came last is judged; the day after the year's last has begun only.
    client.advance(MODEL, datetime.combine(sent.day, time(), UTC) + _DAY + _MINUTE)
    return sent


def _days(predictions: pa.Table, labels: pa.Table) -> Iterator[tuple[date, pa.Table, pa.Table]]:
    departures, landings = predictions["departs_at"], labels["time"]
    first = departures[0].as_py().date()
    last = max(departures[-1].as_py(), landings[-1].as_py()).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    edges = np.array(days, dtype="datetime64[us]")
    cut_departures = np.searchsorted(_moments(departures), edges)
    cut_landings = np.searchsorted(_moments(landings), edges)
    cut_landings[0] = 0
    for at, day in enumerate(days[:-1]):
        a, b = cut_departures[at : at + 2]
        c, d = cut_landings[at : at + 2]
        yield day, predictions.slice(a, b - a), labels.slice(c, d - c)


def _moments(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")
