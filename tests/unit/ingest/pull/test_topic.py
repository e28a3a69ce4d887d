"""Messages are taken once, and confirmed when the lake has them: with a topic that is a list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.errors import RateLimited
from watchkeeper.ingest.pull.topic import Message, TopicPuller
from watchkeeper.lake.layout import LakeTable

AT = datetime(2024, 5, 6, 11, tzinfo=UTC)


@dataclass
class ListTopic:
    """A topic that sends what it is told to, and keeps what it was told."""

    sent: list[list[Message]] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def fetch(self, most, seconds):
        return self.sent.pop(0) if self.sent else []

    def confirm(self, messages):
        self.confirmed += [message.number for message in messages]

    def keep(self, messages):
        self.held = [message.number for message in messages]

    def hold(self):
        self.held.append("held")

    def lag(self):
        return sum(map(len, self.sent))

    def floors(self):
        return {"t/0": max(self.confirmed)} if self.confirmed else {}

    def close(self):
        pass


def message(number, row=None, *, part="t/0"):
    data = json.dumps({"income": number} if row is None else row).encode()
    return Message(part, number, AT, data, key=f"k{number}")


@pytest.fixture
def pull(keep, source):
    """A puller of a list, and the list."""

    def make(*sent, **options):
        topic = ListTopic(list(sent))
        return TopicPuller(keep.door(source("kafka", **options)), topic), topic

    return make


def test_nothing_is_confirmed_before_the_lake_has_it(pull, keep):
    """The inbox is durable, but it is the lake that the broker's offset vouches for."""
    puller, topic = pull([message(1), message(2)])

    puller.step()
    puller.step()
    assert (keep.counts().accepted, topic.confirmed) == (2, [])

    keep.move()
    puller.step()
    assert topic.confirmed == [1, 2]


def test_what_is_sent_again_is_not_taken_again(pull, keep):
    """Neither in other batches nor by another consumer; it is confirmed all the same."""
    puller, _ = pull([message(1), message(2)])
    puller.step()
    other, topic = pull([message(2), message(3)], [message(1)], [message(3), message(3)])
    for _ in range(4):
        other.step()

    keep.move()
    other.step()

    assert (keep.rows().num_rows, keep.counts().received, keep.counts().events) == (3, 3, 3)
    assert sorted(topic.confirmed) == [1, 2, 3, 3, 3]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), max_size=10))
def test_any_redelivery_counts_once(pull, keep, sent):
    """In whatever order and groups messages come, each is counted once, with its own row."""
    part = f"p{len(keep.catalog.ledger.totals())}-{hash(str(sent))}"
    before = (
        keep.catalog.ledger.totals()["src"].counts.events if keep.catalog.ledger.totals() else 0
    )
    puller, _ = pull(*[[message(n, part=part) for n in group] for group in sent])
    for _ in range(len(sent) + 1):
        puller.step()

    now = keep.catalog.ledger.totals()["src"].counts.events if keep.catalog.ledger.totals() else 0
    assert now - before == len({n for group in sent for n in group})


def test_labels_are_not_doubled_either(pull, keep):
    """A label may be told again, so it is the message's number that tells."""
    rows = {"id": "l1", "label": "yes"}
    puller, _ = pull([message(1, rows)], rows="labels")
    puller.step()
    other, _ = pull([message(1, rows), message(2, {"id": "l2", "label": "no"})], rows="labels")
    other.step()

    assert keep.rows(LakeTable.LABELS).num_rows == 2


def test_a_row_without_id_and_time_has_those_of_its_message(pull, keep):
    """So that the same message gives the same row wherever it is read."""
    puller, _ = pull([message(1, [{"income": 1}, {"income": 2}]), message(2)])
    puller.step()

    found = keep.rows().to_pylist()
    assert {row["_wk_time"] for row in found} == {AT}
    assert len({row["_wk_id"] for row in found}) == 3


def test_what_a_message_is_called_can_be_a_column(pull, keep):
    """The key of a message is an id like any other."""
    columns = {"id": "@key", "income": "body.in"}
    puller, _ = pull([message(7, {"body": {"in": 5}})], columns=columns)
    puller.step()

    assert keep.rows(LakeTable.PREDICTIONS, "_wk_id", "income") == [{"_wk_id": "k7", "income": 5.0}]


def test_poison_does_not_stop_the_topic(pull, keep):
    """What cannot be read is kept with the reason; empty messages are none of ours."""
    poison = [b"{", b"\xff\xff\xff\xffnonsense", b"PAR1", b"", b"[1, {}]", b"\x1f\x8bno zip"]
    puller, _ = pull([Message("t/0", n, AT, data) for n, data in enumerate(poison)], [message(9)])
    puller.step()
    puller.step()

    assert sorted(keep.quarantined()) == ["bad_row"] + 4 * ["unreadable"]
    assert (keep.counts().ignored, keep.counts().events, keep.rows().num_rows) == (1, 7, 2)


def test_messages_wait_while_too_much_does(pull, keep):
    """They are held, not lost and not fetched again, and the source says why."""
    puller, topic = pull([message(1)], [message(2)])
    puller.step()
    keep.most_waiting = 1
    puller, topic = pull([message(2)], [message(3)])

    assert all(puller.step().waiting for _ in range(2))
    assert (topic.held, topic.lag()) == ([2, "held"], 1)
    keep.move()
    puller.step()
    assert keep.counts().accepted == 2


def test_no_more_is_fetched_than_the_lake_can_take(pull, keep, monkeypatch):
    """Memory stays bounded where the lake stands still."""
    monkeypatch.setattr("watchkeeper.ingest.pull.topic._MOST_WAITING", 2)
    puller, topic = pull([message(1), message(2)], [message(3)])

    waits = [puller.step().waiting for _ in range(3)]

    assert waits[0] is None
    assert waits[1] == waits[2] == "its messages are not in the lake yet"
    assert topic.lag() == 1


def test_what_is_confirmed_is_remembered_as_one_span(pull, keep, monkeypatch):
    """The memory of a topic does not grow with it."""
    monkeypatch.setattr("watchkeeper.ingest.pull.topic._SETTLE_AFTER", 1)
    puller, _ = pull(*[[message(number)] for number in range(1, 40, 2)])
    for _ in range(25):
        puller.step()
        keep.move()

    assert keep.catalog.ledger.floor("src", "t/0") == 39
    assert keep.catalog.ledger.taken("src", "t/0", range(60)) == frozenset(range(40))


def test_a_full_inbox_is_no_conflict(pull, keep):
    """The door itself refuses what it cannot keep."""
    puller, _ = pull([message(1)])
    puller.step()
    keep.most_waiting = 1

    with pytest.raises(RateLimited):
        pull()[0].door.take([{"income": 1}], batch="b", seen=keep.counts())
