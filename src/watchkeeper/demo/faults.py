"""The two faults that the demo injects, plainly named, into an otherwise true year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["FAULTS", "Fault", "inject"]

_SEED = 2013
_MISSING_SHARE = 0.05
_HECTOPASCALS_PER_INCH = 33.863886


@dataclass(frozen=True, slots=True)
class Fault:
    """What was injected, in which columns, during ``[start, end)`` of scheduled departures.

    ``caught_within_days`` is the promise that the story is held to.
    """

    name: str
    what: str
    columns: tuple[str, ...]
    start: datetime
    end: datetime
    caught_within_days: int
    segment: str | None = None


UNITS = Fault(
    name="unit change",
    what="the weather feed sends the pressure in inches of mercury instead of hectopascals",
    columns=("pressure",),
    start=datetime(2013, 6, 18, tzinfo=UTC),
    end=datetime(2013, 6, 22, tzinfo=UTC),
    caught_within_days=1,
)
MISSING_WIND = Fault(
    name="missing wind",
    what="5 % of the flights from LGA come without wind_speed and wind_dir",
    columns=("wind_speed", "wind_dir"),
    start=datetime(2013, 10, 7, tzinfo=UTC),
    end=datetime(2013, 10, 21, tzinfo=UTC),
    caught_within_days=7,
    segment="origin=LGA",
)
FAULTS = (UNITS, MISSING_WIND)


def inject(flights: pa.Table) -> pa.Table:
    """The flights as the broken feed would have delivered them; labels stay true."""
    in_units = _during(flights, UNITS)
    for name in UNITS.columns:
        inches = pc.divide(flights[name], _HECTOPASCALS_PER_INCH)
        flights = _replaced(flights, name, pc.if_else(in_units, inches, flights[name]))
    drawn = np.random.default_rng(_SEED).random(flights.num_rows) < _MISSING_SHARE
    lost = pc.and_(
        pc.and_(_during(flights, MISSING_WIND), pa.array(drawn)), pc.equal(flights["origin"], "LGA")
    )
    for name in MISSING_WIND.columns:
        missing = pa.scalar(None, flights[name].type)
        flights = _replaced(flights, name, pc.if_else(lost, missing, flights[name]))
    return flights


def _during(flights: pa.Table, fault: Fault) -> pa.ChunkedArray:
    moments = flights["departs_at"]
    return pc.and_(
        pc.greater_equal(moments, pa.scalar(fault.start)), pc.less(moments, pa.scalar(fault.end))
    )


def _replaced(flights: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return flights.set_column(flights.column_names.index(name), name, values)
