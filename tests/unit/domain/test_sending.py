"""What a client says with a batch: written and read again, and refused where it makes no sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.sending import Sending, SentCounts, decode_sending, encode_sending
from watchkeeper.errors import InvalidInput

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NUMBERS = st.integers(0, 2**40)
WORDS = st.text(min_size=1, max_size=60).filter(str.isprintable)


@given(
    client=WORDS,
    host=WORDS,
    counts=st.builds(SentCounts, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    first=st.none() | st.integers(1, 1000),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_reading_gives_what_was_written(client, host, counts, first, at):
    """Whatever a client says arrives as it was said, in one line of ASCII."""
    last = None if first is None else first + 7
    said = Sending(client, at, first, last, counts, host=host, pid=3, closed=True)

    text = encode_sending(said)

    assert text.isascii()
    assert "\n" not in text
    assert said == decode_sending(text)


def test_what_later_versions_add_is_passed_over():
    """A server reads the header of a newer client."""
    text = '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","mood":1,"counts":{"lent":2}}'

    assert Sending("c", NOON) == decode_sending(text)


def test_a_clock_in_another_zone_is_told_in_utc():
    """The same moment is the same, whatever zone the client writes it in."""
    there = NOON.astimezone(timezone(timedelta(hours=9)))

    assert NOON == decode_sending(encode_sending(Sending("c", there))).sent_at
    assert decode_sending(encode_sending(Sending("c", there))).sent_at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"client_id":"c"}',
        '{"sent_at":"2026-11-21T12:00:00+00:00"}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00"}',
        '{"client_id":"c","sent_at":"noon"}',
        '{"client_id":7,"sent_at":"2026-11-21T12:00:00+00:00"}',
        '{"client_id":"","sent_at":"2026-11-21T12:00:00+00:00"}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","counts":[]}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","counts":{"spooled":-1}}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","counts":{"spooled":1.5}}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","first_sequence":1}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","horizon_seconds":NaN}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","closed":"yes"}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","first_sequence":2,"last_sequence":1}',
        '{"client_id":"c","sent_at":"2026-11-21T12:00:00+00:00","pid":"4711"}',
    ],
)
def test_nonsense_is_refused(text):
    """A header that cannot be meant is refused, not guessed at."""
    with pytest.raises(InvalidInput):
        decode_sending(text)


def test_a_batch_says_how_many_rows_it_holds():
    """Both ends of a range are among its rows; without a range there are none."""
    assert Sending("c", NOON, 3, 7).rows == 5
    assert Sending("c", NOON).rows == 0
