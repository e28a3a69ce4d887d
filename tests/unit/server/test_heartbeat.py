"""The heartbeat beats while all is well, and stays away when something is not."""

from __future__ import annotations

import errno
import logging
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from watchkeeper.alerts.prometheus_form import group_of, prom_alerts
from watchkeeper.catalog.processes import StoredProcess
from watchkeeper.domain.route import SinkSpec
from watchkeeper.errors import Unavailable
from watchkeeper.server.alerting.heartbeat import (
    LONGEST_ROUND,
    Heartbeat,
    door_answers,
    loops_move,
    rows_move,
    to_url,
    writes_last,
)
from watchkeeper.server.alerting.pulse import Pulse
from watchkeeper.server.alerting.watchdog import Watchdog, watchdog_notice
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

NOW = datetime(2024, 9, 1, tzinfo=UTC)
LONG = LONGEST_ROUND.total_seconds() + 1


class Seconds:
    """A stopwatch that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def listening():
    """A receiver that keeps what is posted and answers what it is told to."""
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    server.got, server.answer = [], 200
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(self.path)
        self.send_response(self.server.answer)
        self.end_headers()

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_):
        pass


def test_it_beats_by_every_way_while_nothing_speaks_against_it(listening):
    """A receiver that is down does not keep the other from being told."""
    url = f"http://127.0.0.1:{listening.server_port}/ping/secret"
    dead = to_url("http://127.0.0.1:9/")
    heart = Heartbeat([lambda: None], [dead, to_url(url)])
    assert heart.step()
    assert heart.step()
    assert listening.got == ["/ping/secret"] * 2


def test_it_stays_away_and_says_why_once(caplog):
    """Each reason is logged when it comes up, not at every beat; so is its end."""
    reasons, beats = ["the disk is full"], []
    heart = Heartbeat([lambda: reasons[0] if reasons else None], [lambda: beats.append(1)])
    with caplog.at_level(logging.INFO, "watchkeeper.server.alerting.heartbeat"):
        assert [heart.step() for _ in range(3)] == [False] * 3
        reasons.clear()
        assert heart.step()
    assert beats == [1]
    assert [record.message for record in caplog.records] == [
        "the heartbeat stays away: the disk is full",
        "the heartbeat is back",
    ]


def test_a_check_that_fails_speaks_against_it():
    """What cannot be looked at is not well."""

    def check():
        raise Unavailable("the database does not answer")

    assert not Heartbeat([check], [pytest.fail]).step()


def test_a_loop_that_gets_nothing_done_is_stuck():
    """Rounds that end and windows that are judged count; one that never began is stuck too."""
    seconds = Seconds()
    pulse = Pulse(seconds)
    check = loops_move(pulse, ("judge", "move"))
    assert check() is None
    seconds.now = LONG
    assert "judge" in check()
    pulse.beat("judge")
    with pulse.round("move", nullcontext()):
        pass
    assert check() is None
    seconds.now += LONG
    with pytest.raises(ValueError, match="boom"), pulse.round("judge", nullcontext()):
        raise ValueError("boom")
    pulse.beat("move")
    assert "judge" in check()
    assert "move" not in check()


def test_rows_that_wait_for_the_lake_speak_against_it(stage):
    """Rows that were received long ago and lie in the inbox are not moved; history is old anyway."""
    clock = Clock(NOW)
    check = rows_move(stage.parts.catalog, clock)
    assert check() is None
    stage.send(datetime(2024, 3, 4, tzinfo=UTC))  # known long ago
    assert check() is None
    stage.send(NOW - timedelta(days=1), known_at=NOW)
    clock.advance(timedelta(minutes=11))
    assert "rows wait for the lake since 2024-09-01 00:00:00" in check()


def test_a_full_disk_speaks_against_it(stage, monkeypatch):
    """Writing is tried: records and a file, which is taken away again."""
    home = stage.parts.settings.home
    check = writes_last(stage.parts.catalog, home, stage.parts.now)
    assert check() is None
    assert not list(home.glob("heartbeat.*"))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    heart = Heartbeat([check], [pytest.fail])
    assert not heart.step()


def test_a_disk_that_is_all_but_full_speaks_against_it(stage, monkeypatch):
    """What is left then is for what is there."""
    monkeypatch.setattr("watchkeeper.catalog.database._LEAST_FREE", 2**62)
    check = writes_last(stage.parts.catalog, stage.parts.settings.home, stage.parts.now)
    assert not Heartbeat([check], [pytest.fail]).step()


def test_an_api_that_does_not_answer_speaks_against_it(stage, listening):
    """A door that was heard of must answer; a worker without one is alone, which is well."""
    processes, now = stage.parts.catalog.processes, stage.parts.now
    check = door_answers(stage.parts.catalog, now)
    assert check() is None
    address = f"127.0.0.1:{listening.server_port}"
    door = StoredProcess("door", "here", address, 1, "0", now(), now())
    processes.tell(door, forget=now() - timedelta(days=1))
    assert check() is None
    listening.answer = 500
    assert address in check()


class _Sink:
    target = "there"

    def __init__(self, failure=None):
        self.got, self.failure = [], failure

    def send(self, delivery):
        self.got.append(delivery.notice)
        if self.failure:
            raise self.failure


def test_the_watchdog_goes_to_every_sink_of_its_route():
    """The same thread with another key each time; a sink that is down is told of, and no reason for
    the other to be left out.
    """
    clock, sinks = Clock(NOW), [_Sink(Unavailable("down")), _Sink()]
    dog = Watchdog(
        "dog", lambda _: [SinkSpec("log")] * 2, lambda _, place: sinks[place], NOW, clock
    )
    for _ in range(2):
        with pytest.raises(Unavailable, match="down"):
            dog.send()
        clock.advance(timedelta(minutes=1))
    first, second = sinks[1].got
    assert first.thread == second.thread
    assert first.key != second.key


def test_the_watchdog_is_an_alert_that_fires_for_an_alertmanager():
    """By the name that Alertmanager's own users give it, and without an end."""
    notice = watchdog_notice("dog", 0, began=NOW, now=NOW + timedelta(days=3))
    document = group_of(notice, prom_alerts(notice), 0)
    (alert,) = document["alerts"]
    assert (alert["labels"]["alertname"], alert["status"]) == ("Watchdog", "firing")
    assert alert["startsAt"] == "2024-09-01T00:00:00Z"


def test_nobody_is_told_unless_it_is_asked_for(stage):
    """Without an address or a route there is no heartbeat."""
    assert stage.parts.heartbeat(Pulse()) is None
    assert Settings(heartbeat_url="https://x.example").heartbeat_seconds == 60
