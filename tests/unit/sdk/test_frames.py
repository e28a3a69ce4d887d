"""Records on disk, whole and damaged."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.sdk.frames import DAMAGED, HEAD_BYTES, MAGIC, frame, frames

RECORDS = st.lists(st.tuples(st.integers(0, 2**60), st.binary(max_size=40)), min_size=1, max_size=8)


def written(records, tail=b""):
    return MAGIC + b"".join(frame(payload, number) for number, payload in records) + tail


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.integers(0, 50))
def test_records_are_read_as_they_were_written(records, zeros):
    """Numbers and payloads come back in order, and the unused end of the file is no record."""
    assert list(frames(written(records, bytes(zeros)))) == records


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.data())
def test_a_turned_bit_costs_the_record_that_it_is_in(records, data):
    """Damage is told, and every record but the damaged one is read."""
    content = bytearray(written(records))
    at = data.draw(st.integers(len(MAGIC), len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))

    found = list(frames(bytes(content)))

    assert (DAMAGED, b"") in found
    whole = [record for record in found if record != (DAMAGED, b"")]
    assert len(whole) == len(records) - 1
    assert all(record in records for record in whole)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.data())
def test_a_torn_end_costs_the_last_record(records, data):
    """A file that ends within a record gives all before it."""
    *before, last = records
    kept = data.draw(st.integers(1, HEAD_BYTES + len(last[1]) - 1))
    content = written(before, frame(last[1], last[0])[:kept])

    assert list(frames(content)) in ([*before, (DAMAGED, b"")], before)


def test_a_hole_of_zeros_is_damage_and_not_the_end():
    """A page that never reached the disk hides no record behind it."""
    content = bytearray(written([(1, b"one"), (2, b"two"), (3, b"three")]))
    second = len(MAGIC) + HEAD_BYTES + 3
    content[second : second + HEAD_BYTES + 3] = bytes(HEAD_BYTES + 3)

    assert list(frames(bytes(content))) == [(1, b"one"), (DAMAGED, b""), (3, b"three")]


def test_a_wrong_number_is_damage():
    """The checksum covers the number: a row never takes the place of another one."""
    right = frame(b"one", 7)
    wrong = right[:10] + (8).to_bytes(8, "little") + right[18:]

    assert list(frames(MAGIC + wrong)) == [(DAMAGED, b"")]
