"""Remote write: the bytes of the specification, in order, never twice, and nothing lost unsaid."""

from __future__ import annotations

import math
import struct
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import GaugeMetricFamily

from watchkeeper.errors import Unavailable
from watchkeeper.interop.prometheus.remote_write import RemoteWriter, Taken
from watchkeeper.interop.prometheus.wire import STALE, compressed, write_request

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def members(content):
    """The members of a message: (field, value), values of bytes or numbers."""
    at = 0
    while at < len(content):
        key, at = varint(content, at)
        if key & 7 == 2:
            size, at = varint(content, at)
            yield key >> 3, content[at : at + size]
            at += size
        elif key & 7 == 1:
            yield key >> 3, struct.unpack_from("<d", content, at)[0]
            at += 8
        else:
            number, at = varint(content, at)
            yield key >> 3, number


def varint(content, at):
    """A number, and where it ends."""
    number = shift = 0
    while True:
        byte = content[at]
        number, at, shift = number | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return number, at


def decoded(body):
    """What a request says: labels to (value, milliseconds), read with nothing of ours."""
    size, _ = varint(body, 0)  # snappy's blocks begin with how long they were
    content = pa.decompress(body, decompressed_size=size, codec="snappy", asbytes=True)
    found = {}
    for _, series in members(content):
        parts = list(members(series))
        labels = tuple(tuple(v.decode() for _, v in members(p)) for f, p in parts if f == 1)
        (sample,) = (dict(members(p)) for f, p in parts if f == 2)
        found[labels] = (sample[1], sample[2])
    return found


def gauge(**values):
    """A metric with a sample for each model."""
    made = GaugeMetricFamily("wk_x", "X.", labels=["model"])
    for model, value in values.items():
        made.add_metric([model], value)
    return [made]


class Receiver:
    """Answers as it is told to, and keeps what it took."""

    def __init__(self, *answers):
        self.answers, self.took, self.asked = list(answers), [], 0

    def __call__(self, body):
        """One request."""
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else Taken(204)
        if isinstance(answer, Exception):
            raise answer
        if answer.status == 204:
            self.took.append(decoded(body))
        return answer


def writer(receiver, **options):
    """A writer to it, and its counts."""
    counts = Counter()

    def told(outcome, number):
        counts[outcome] += number

    return RemoteWriter(receiver, told, **options), counts


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
        st.floats(allow_nan=False),
        min_size=1,
        max_size=20,
    ),
    st.integers(min_value=-(2**40), max_value=2**45),
)
def test_what_is_written_is_what_is_read(values, at):
    """Any labels, numbers and moments arrive as they were, labels in the order of their names."""
    series = [(((("__name__", "x"), ("a", name))), value) for name, value in values.items()]

    found = decoded(compressed(write_request(series, at)))

    moment = at & (1 << 64) - 1
    assert found == {labels: (value, moment) for labels, value in series}


def test_labels_are_sorted_and_never_empty():
    """The receiver may refuse anything else."""
    receiver = Receiver()
    sending, _ = writer(receiver, labels={"job": "watchkeeper", "zone": ""})

    sending.take(gauge(a=1.5), NOW)
    sending.flush(NOW)

    (found,) = receiver.took
    assert found == {
        (("__name__", "wk_x"), ("job", "watchkeeper"), ("model", "a")): (
            1.5,
            round(NOW.timestamp() * 1e3),
        )
    }


def test_a_series_that_ends_is_said_to_have_ended():
    """The stale marker is the one NaN with its bits."""
    receiver = Receiver()
    sending, _ = writer(receiver)
    for second, figures in enumerate((gauge(a=1, b=2), gauge(a=3), gauge(a=4))):
        sending.take(figures, NOW + second * SECOND)
        sending.flush(NOW + second * SECOND)

    ended = receiver.took[1][("__name__", "wk_x"), ("model", "b")][0]
    assert struct.pack("<d", ended) == struct.pack("<d", STALE)
    assert struct.pack("<d", ended) == bytes.fromhex("020000000000f07f")
    assert len(receiver.took[2]) == 1


@pytest.mark.parametrize(
    "failure", [Taken(503), Taken(500), Taken(429), Unavailable("nobody is there")]
)
def test_what_may_go_well_later_is_tried_again_in_order(failure):
    """Nothing overtakes what failed, and nothing is written twice."""
    receiver = Receiver(failure, failure)
    sending, counts = writer(receiver)

    for second in range(20):
        if second < 3:
            sending.take(gauge(a=second), NOW + second * SECOND)
        sending.flush(NOW + second * SECOND)

    assert [value for took in receiver.took for value, _ in took.values()] == [0, 1, 2]
    assert (dict(counts), sending.waiting) == ({"sent": 3}, 0)


def test_retry_after_is_kept_to():
    """Whoever asks to wait is not asked before."""
    receiver = Receiver(Taken(429, wait=timedelta(seconds=30)))
    sending, _ = writer(receiver)
    sending.take(gauge(a=1), NOW)

    for second in range(30):
        sending.flush(NOW + second * SECOND)
    early = receiver.asked
    sending.flush(NOW + 30 * SECOND)

    assert (early, receiver.asked, len(receiver.took)) == (1, 2, 1)


@pytest.mark.parametrize("status", [400, 401, 404, 413, 302])
def test_what_will_never_go_well_is_let_go_and_counted(status):
    """A request that is refused does not hold up those behind it."""
    receiver = Receiver(Taken(status, "out of bounds"))
    sending, counts = writer(receiver)

    sending.take(gauge(a=1), NOW)
    sending.take(gauge(a=2), NOW + SECOND)
    sending.flush(NOW + SECOND)

    assert dict(counts) == {"refused": 1, "sent": 1}


def test_what_waits_too_long_is_let_go_from_its_oldest_end():
    """A receiver that is away for days does not fill the memory."""
    receiver = Receiver(*[Taken(503)] * 1_000)
    sending, counts = writer(receiver, most_waiting=600)

    for second in range(100):
        sending.take(gauge(a=second), NOW + second * SECOND)
        sending.flush(NOW + second * SECOND)
    receiver.answers.clear()
    sending.flush(NOW + timedelta(hours=1))

    values = [value for took in receiver.took for value, _ in took.values()]
    assert values == list(range(100 - len(values), 100))
    assert counts["overdue"] + counts["sent"] == 100
    assert counts["overdue"] > 50


def test_a_clock_that_went_back_writes_nothing_old():
    """What is older than what was written would be refused: it is left out."""
    receiver = Receiver()
    sending, _ = writer(receiver)
    for seconds in (0, -60, -30, 1):
        sending.take(gauge(a=seconds), NOW + seconds * SECOND)
        sending.flush(NOW + 5 * SECOND)

    assert [value for took in receiver.took for value, _ in took.values()] == [0, 1]


def test_no_number_is_no_sample():
    """NaN would be taken for the end of the series."""
    receiver = Receiver()
    sending, _ = writer(receiver)

    sending.take(gauge(a=math.nan, b=1), NOW)
    sending.flush(NOW)

    assert [len(took) for took in receiver.took] == [1]
