"""Pulling from a real cluster of brokers: the one that librdkafka carries for testing."""

from __future__ import annotations

import json

import pytest

from waiting import until
from watchkeeper.errors import Unavailable

AT = "2024-05-06T11:00:00Z"
GROUP = "watchkeeper-src"


def rows(*numbers):
    return [json.dumps({"id": f"l{n}", "at": AT, "income": n}).encode() for n in numbers]


@pytest.fixture
def from_kafka(keep, source, kafka_cluster):
    """A puller of a topic, closed at the end."""
    made = []

    def make(**options):
        given = {
            "servers": [kafka_cluster.servers],
            "topics": ["loans"],
            "settings": {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 300},
            **options,
        }
        made.append(keep.puller(source("kafka", **given)))
        return made[-1]

    yield make
    for puller in made:
        puller.close()


def step_until(events, *pullers):
    """Step in turn until so many messages came."""
    seen = []

    def step():
        seen.extend(puller.step().events for puller in pullers)
        return sum(seen)

    until(step, lambda came: came >= events, what=f"{events} messages come")


def step_often(puller):
    """As often as it takes to see that nobody answers."""
    for _ in range(1_000):
        puller.step()


def confirmed(kafka_cluster, messages, work):
    """Work on until the brokers know that so many messages are done with."""

    def look():
        work()
        return kafka_cluster.committed(GROUP, "loans")

    until(look, lambda done: done == messages, what=f"{messages} messages are confirmed")


@pytest.mark.slow
def test_offsets_are_committed_when_the_lake_has_the_rows(keep, kafka_cluster, from_kafka):
    """Not when the inbox does: the brokers keep what the lake does not have."""
    kafka_cluster.publish("loans", rows(*range(700)))
    puller = from_kafka()
    step_until(700, puller)
    assert kafka_cluster.committed(GROUP, "loans") == 0

    assert keep.rows().num_rows == 700
    confirmed(kafka_cluster, 700, puller.step)
    assert puller.step().lag == 0


@pytest.mark.slow
def test_what_a_dead_worker_took_is_not_taken_again(keep, kafka_cluster, from_kafka):
    """What it had not committed is known by its offset."""
    kafka_cluster.publish("loans", rows(*range(100)))
    first = from_kafka()
    step_until(100, first)
    first.close()
    kafka_cluster.publish("loans", rows(*range(100, 110)))

    second = from_kafka()
    step_until(10, second)
    keep.move()

    confirmed(kafka_cluster, 110, second.step)
    assert (keep.rows().num_rows, keep.counts().events, keep.counts().duplicate) == (110, 110, 0)


@pytest.mark.slow
def test_a_partition_that_goes_to_another_worker_is_not_taken_twice(
    keep, kafka_cluster, from_kafka
):
    """While one joins and another leaves, each message is counted once, and confirmed in the end."""
    kafka_cluster.publish("loans", rows(*range(100)))
    first = from_kafka()
    step_until(100, first)
    second = from_kafka()

    def work():
        first.step()
        second.step()
        keep.move()
        return second.topic._consumer.assignment()

    until(work, what="the second has partitions")
    kafka_cluster.publish("loans", rows(*range(100, 200)))
    step_until(100, first, second)
    first.close()
    kafka_cluster.publish("loans", rows(*range(200, 300)))

    def rest():
        second.step()
        keep.move()

    confirmed(kafka_cluster, 300, rest)
    assert (keep.rows().num_rows, keep.counts().events) == (300, 300)


def test_what_comes_while_nothing_is_wanted_is_kept(keep, kafka_cluster, from_kafka):
    """A message that was under way when the lake fell behind is taken later."""
    kafka_cluster.publish("loans", rows(1))
    puller = from_kafka()

    def hold():
        puller.topic.hold()
        return puller.topic._consumer.assignment()

    until(hold, what="it has partitions")
    for _ in range(5):
        puller.topic.hold()

    step_until(1, puller)

    assert keep.rows().num_rows == 1


def test_a_topic_made_anew_counts_from_nought(keep, kafka_cluster, from_kafka):
    """What is known of the old one must not hide the new one's messages."""
    keep.catalog.ledger.settle("src", "loans/0", 1_000)
    kafka_cluster.publish("loans", rows(*range(5)), partition=0)
    puller = from_kafka()

    step_until(5, puller)

    assert keep.rows().num_rows == 5


def test_an_offset_that_the_brokers_forgot_is_known(keep, kafka_cluster, from_kafka):
    """A group that was idle for long has no offset left; nothing is read again all the same."""
    kafka_cluster.publish("loans", rows(*range(50)), partition=0)
    keep.catalog.ledger.settle("src", "loans/0", 39)
    puller = from_kafka()

    step_until(11, puller)

    assert (keep.rows().num_rows, keep.counts().events) == (10, 10)


def test_brokers_that_do_not_answer_are_told(from_kafka):
    """Silence must not look like a topic without messages."""
    puller = from_kafka(servers=["127.0.0.1:9"])

    with pytest.raises(Unavailable, match="do not answer"):
        step_often(puller)
