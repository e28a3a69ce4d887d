"""CloudEvents in topics: kept, paired and counted as those that come over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from watchkeeper.ingest.cloud_events.pairing import Pairing
from watchkeeper.ingest.cloud_events.taking import EventTaker
from watchkeeper.ingest.pull.topic import Message, TopicPuller
from watchkeeper.ingest.together import Together

AT = datetime(2024, 5, 6, 11, tzinfo=UTC)
ASKED = {"instances": [{"income": 5.0, "region": "north"}]}
ANSWERED = {"predictions": [{"score": 0.5}]}


class ListTopic:
    """A topic that sends what it is told to."""

    def __init__(self, messages):
        self.sent, self.confirmed = [messages], []

    def fetch(self, most, seconds):
        return self.sent.pop(0) if self.sent else []

    def confirm(self, messages):
        self.confirmed += [message.number for message in messages]

    def keep(self, messages):
        pass

    def lag(self):
        return 0

    def floors(self):
        return {}


def kafka(side, document, number):
    """As the Kafka binding of CloudEvents has it."""
    kind = f"org.kubeflow.serving.inference.{side}"
    headers = {"ce_id": "e1", "ce_type": kind, "ce_source": "x", "content-type": "application/json"}
    return Message("t/0", number, AT, json.dumps(document).encode(), headers=headers)


def seldon(side, document, number):
    """As Seldon's executor writes it to Kafka: attributes without a beginning of their own."""
    kind = f"io.seldon.serving.inference.{side}"
    headers = {"id": f"i{number}", "type": kind, "source": "x", "requestid": "e1"}
    return Message("t/0", number, AT, json.dumps(document).encode(), headers=headers)


def structured(side, document, number):
    """The whole event in the message."""
    event = {"id": "e1", "type": f"x.inference.{side}", "source": "x", "data": document}
    return Message("t/0", number, AT, json.dumps({"specversion": "1.0", **event}).encode())


@pytest.fixture
def pull(keep, source):
    """Pulls messages and pairs what they are."""

    def run(*messages):
        wanted = source("kafka", format="cloud_events")
        door = keep.door(wanted)
        taker = EventTaker(Together(keep.catalog.inbox), lambda _: door, 2**20)
        topic = ListTopic(list(messages))
        puller = TopicPuller(door, topic, taker)
        puller.step()
        puller.step()
        Pairing(keep.catalog.halves, lambda _: wanted, keep.door, keep.clock).step()
        return topic

    return run


@pytest.mark.parametrize("binding", [kafka, seldon, structured])
def test_every_binding_gives_the_same_row(binding, pull, keep):
    """And both messages are confirmed, for both sides are durable."""
    topic = pull(binding("request", ASKED, 1), binding("response", ANSWERED, 2))

    (row,) = keep.rows().to_pylist()
    assert (row["_wk_id"], row["income"], row["score"]) == ("e1", 5.0, 0.5)
    assert topic.confirmed == [1, 2]


def test_a_message_that_comes_again_is_not_taken_again(pull, keep):
    """Its number tells, before its event does."""
    pull(kafka("request", ASKED, 1))
    pull(kafka("request", ASKED, 1), kafka("response", ANSWERED, 2))
    pull(kafka("request", ASKED, 3))

    assert keep.rows().num_rows == 1
    assert (keep.counts().events, keep.counts().ignored) == (3, 1)


def test_what_is_no_event_is_kept_with_the_reason(pull, keep):
    """And the topic goes on."""
    pull(Message("t/0", 1, AT, b"nonsense"), kafka("request", ASKED, 2))

    assert keep.quarantined() == ["unreadable"]
    assert keep.catalog.halves.waiting()[0] == 1
