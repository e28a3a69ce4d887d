"""Every row accounted for: from what a client says at the door to verdicts and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.domain.sending import SENDING_HEADER, Sending, SentCounts, encode_sending
from watchkeeper.domain.verdict import Status

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


class Service:
    """A service that logs loans as it goes, a row a minute, on the wall's clock."""

    def __init__(self, api, clock):
        self.api, self.clock, self.ahead = api, clock, timedelta(0)
        self.batches = 0

    def send(self, first, last, *, client="c1", at=None, kind="predictions", **counts):
        """Send the rows ``first`` to ``last`` now; returns the answer."""
        self.clock.now = at or self.clock.now
        spooled = counts.pop("spooled", last)
        closed = counts.pop("closed", False)
        said = Sending(
            client,
            self.clock.now + self.ahead,
            first,
            last,
            SentCounts(spooled, **counts),
            host="web-1",
            pid=7,
            closed=closed,
        )
        rows = [
            {
                "id": f"{client}-{number}",
                "time": (START + number * MINUTE).isoformat(),
                "income": 20_000.0 + number,
                "region": "north",
                "score": 0.5,
                "prediction": "yes",
            }
            for number in range(first, last + 1)
        ]
        self.batches += 1
        answer = self.api(
            "POST",
            f"/api/v1/models/loans/{kind}",
            content=json.dumps({"rows": rows}),
            headers={
                **self.api.headers,
                "Content-Type": "application/json",
                "Idempotency-Key": f"b{self.batches}",
                SENDING_HEADER: encode_sending(said),
            },
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def work(self, at):
        """The worker works at a moment."""
        self.clock.now = at
        worker = self.api.parts.worker()
        worker.step()
        worker.step()

    def verdict(self, what):
        """The latest verdict of a figure of all rows."""
        found = self.api.parts.catalog.verdicts.series(VerdictFilter(model="loans", what=(what,)))
        return found[-1] if found else None


@pytest.fixture
def service(api, clock):
    """A service beside the watched model, on its first morning."""
    clock.now = START
    return Service(api, clock)


def test_a_gap_is_a_verdict_and_is_taken_back(service):
    """Lost rows alarm once the day is judged; when they arrive after all the alarm is undone."""
    service.send(1, 10, at=START + 10 * MINUTE)
    service.send(15, 20, at=START + 20 * MINUTE)
    service.work(START + DAY + 6 * MINUTE)
    told = service.verdict("missing_rows")
    assert (told.status, told.value, told.n) == (Status.ALERT, 4.0, 20)
    assert "4 predictions of web-1/7" in told.message

    service.send(11, 14, at=START + DAY + 30 * MINUTE)
    service.work(START + DAY + 2 * HOUR)

    again = service.verdict("missing_rows")
    assert (again.status, again.value, again.revision) == (Status.OK, 0.0, 2)


def test_every_window_says_that_it_adds_up(service):
    """Received is accepted, duplicate and rejected: with repeats and bad rows as well."""
    service.send(1, 10)
    service.send(5, 12)
    service.work(START + DAY + 6 * MINUTE)

    told = service.verdict("unaccounted_rows")

    assert told.status is Status.OK
    assert told.message == "18 received = 12 accepted + 6 duplicate + 0 rejected"


@pytest.mark.parametrize(("days", "word"), [(1, "ahead"), (-1, "behind")])
def test_a_clock_that_is_wrong_is_a_warning_of_its_own(service, days, word):
    """A client a day ahead or behind is named; its rows are taken as they come."""
    service.ahead = days * DAY
    service.send(1, 10, at=START + 10 * MINUTE)
    service.work(START + DAY + 6 * MINUTE)

    told = service.verdict("clock_skew")

    assert told.status is Status.ALERT
    assert told.message == f"the clock of web-1/7 is 1 day {word}"
    assert told.value == pytest.approx(days * 86_400, abs=1)
    assert told.low <= told.value <= told.high


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_jumps_and_is_put_right_is_told_once(service, days):
    """The day of the jump is told, the next day is fine again, and no row is lost on the way."""
    service.send(1, 10, at=START + 10 * MINUTE)
    service.ahead = days * DAY
    service.send(11, 20, at=START + 20 * MINUTE)
    service.ahead = timedelta(0)
    service.send(21, 30, at=START + DAY + 2 * HOUR)
    service.send(31, 40, at=START + DAY + 3 * HOUR)
    service.work(START + 2 * DAY + 6 * MINUTE)

    found = service.api.parts.catalog.verdicts.series(
        VerdictFilter(model="loans", what=("clock_skew",))
    )

    assert [verdict.status for verdict in found][:1] == [Status.ALERT]
    assert all(verdict.status is Status.OK for verdict in found[1:])
    assert service.verdict("missing_rows").value == 0.0
    assert service.verdict("unaccounted_rows").status is Status.OK


def test_without_a_word_nothing_changes(service, api):
    """Clients that say nothing of themselves are taken as before, and nothing is said of gaps."""
    answer = api("POST", "/api/v1/models/loans/predictions", json={"rows": [{"id": "a"}]})
    assert answer.status_code == 200
    service.work(START + DAY + 6 * MINUTE)

    assert service.verdict("missing_rows") is None
    assert service.verdict("unaccounted_rows").status is Status.OK


def test_a_word_that_makes_no_sense_is_refused(api):
    """Nonsense is refused with the reason, before any row is taken."""
    answer = api(
        "POST",
        "/api/v1/models/loans/predictions",
        json={"rows": []},
        headers={**api.headers, SENDING_HEADER: "hello"},
    )

    assert answer.status_code == 422
    assert SENDING_HEADER in answer.json()["error"]["message"]
