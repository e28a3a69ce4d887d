"""Samples of hosts, from the row to the incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.domain.verdict import Status
from watchkeeper.ingest.rows import RowKind
from watchkeeper.sdk.host.columns import host_definition

START = datetime(2024, 3, 4, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class Hosts:
    """A server that hosts send their samples to, on a wall's clock that the test moves."""

    def __init__(self, parts, clock):
        self.parts, self.clock = parts, clock
        parts.models.apply("hosts", host_definition(), by="test", now=START)

    def quarter(self, number, **hosts):
        """Samples of a quarter of an hour: of each host its highest share of memory; then judge."""
        begin = START + number * QUARTER
        rows = [
            {
                "id": f"{number}-{host}-{at}",
                "time": (begin + timedelta(seconds=10 * at)).isoformat(),
                "features": {
                    "host": host,
                    "process": "serve",
                    "memory_used_share": used if at == 7 else 0.5,
                    "cpu_used_share": 0.3,
                },
            }
            for host, used in hosts.items()
            for at in range(90)
        ]
        self.clock.now = begin + QUARTER
        model = self.parts.models.get("hosts").model
        self.parts.receiver.receive(
            model, RowKind.PREDICTIONS, rows, batch_id=f"q{number}", key="t", known_at=self.clock()
        )
        self.clock.now = begin + QUARTER + timedelta(minutes=1)
        self.parts.worker().step()

    def alarms(self):
        """The column and segment of what alarms in the latest windows."""
        found = self.parts.catalog.verdicts.series(VerdictFilter(model="hosts"))
        latest = max(v.window.start for v in found)
        return {
            (v.column, v.segment, str(v.severity))
            for v in found
            if v.status is Status.ALERT and v.window.start == latest
        }


@pytest.fixture
def hosts(parts, clock):
    """An installation with the built-in model of hosts."""
    clock.now = START
    return Hosts(parts, clock)


def test_a_host_that_runs_out_of_memory_is_an_incident(hosts):
    """One sample above the limit alarms, of all and of that host; when it is over it resolves."""
    hosts.quarter(0, a=0.5, b=0.5)
    hosts.quarter(1, a=0.5, b=0.995)
    told = hosts.alarms()
    (opened,) = hosts.parts.catalog.alerts.incidents_since("hosts", START)

    for number in (2, 3, 4, 5):
        hosts.quarter(number, a=0.5, b=0.5)

    assert told == {
        ("memory_used_share", None, "critical"),
        ("memory_used_share", "host=b", "critical"),
    }
    assert opened.title == "resources: limit of memory_used_share"
    assert opened.cause == (
        "a resource runs out: memory used reached 99.50 %, above the limit 95.0 %: the machine "
        "runs out of memory (in segment host=b)"
    )
    assert hosts.alarms() == set()
    assert hosts.parts.catalog.alerts.incident(opened.id).state == "resolved"
