"""Pulling from a real cluster of brokers: the one that librdkafka carries for testing."""

from __future__ import annotations

import json

import pytest

AT = "2024-05-06T11:00:00Z"


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


def step_until(events, *pullers, most=60):
    """Step in turn until so many messages came."""
    seen = 0
    for _ in range(most):
        seen += sum(puller.step().events for puller in pullers)
        if seen >= events:
            return
    pytest.fail(f"{seen} of {events} messages came in {most} steps")


def test_offsets_are_committed_when_the_lake_has_the_rows(keep, kafka_cluster, from_kafka):
    """Not when the inbox does: the brokers keep what the lake does not have."""
    kafka_cluster.publish("loans", rows(*range(700)))
    puller = from_kafka()
    step_until(700, puller)
    assert kafka_cluster.committed("watchkeeper-src", "loans") == 0

    assert keep.rows().num_rows == 700
    for _ in range(5):
        puller.step()

    assert kafka_cluster.committed("watchkeeper-src", "loans") == 700
    assert puller.step().lag == 0


def test_what_a_dead_worker_took_is_not_taken_again(keep, kafka_cluster, from_kafka):
    """What it had not committed is known by its offset."""
    kafka_cluster.publish("loans", rows(*range(100)))
    first = from_kafka()
    step_until(100, first)
    first.close()
    kafka_cluster.publish("loans", rows(*range(100, 110)))

    second = from_kafka()
    while keep.counts().accepted < 110:
        second.step()
    keep.move()
    second.step()

    assert (keep.rows().num_rows, keep.counts().events, keep.counts().duplicate) == (110, 110, 0)
    assert kafka_cluster.committed("watchkeeper-src", "loans") == 110


def test_a_partition_that_goes_to_another_worker_is_not_taken_twice(
    keep, kafka_cluster, from_kafka
):
    """While one joins and another leaves, each message is counted once and confirmed in the end."""
    kafka_cluster.publish("loans", rows(*range(200)))
    first = from_kafka()
    step_until(200, first)
    second = from_kafka()
    kafka_cluster.publish("loans", rows(*range(200, 300)))
    seen = set()
    for _ in range(80):
        for name, puller in (("first", first), ("second", second)):
            if puller.step().events:
                seen.add(name)
        keep.move()
        if (
            second.topic.lag() == 0
            and keep.counts().accepted == 300
            and len(second.topic._consumer.assignment())
        ):
            break
    kafka_cluster.publish("loans", rows(*range(300, 400)))
    while keep.counts().accepted < 400:
        first.step(), second.step()
    first.close()
    for _ in range(40):
        second.step()
        keep.move()
    print(seen)
    assert (keep.rows().num_rows, keep.counts().events) == (400, 400)
    assert kafka_cluster.committed("watchkeeper-src", "loans") == 400


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
    from watchkeeper.errors import Unavailable

    puller = from_kafka(servers=["127.0.0.1:9"])

    with pytest.raises(Unavailable, match="do not answer"):
        step_until(1, puller)
