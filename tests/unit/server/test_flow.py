"""What a key may send a second, and how much the bodies of all requests may hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watchkeeper.domain.key import Key, Scope
from watchkeeper.errors import RateLimited, Unavailable
from watchkeeper.server.api.body import Room
from watchkeeper.server.flow import Flow

NOW = datetime(2024, 3, 1, tzinfo=UTC)


def a_key(**rates):
    """A key that may send rows."""
    return Key("k", "cash desk", frozenset({Scope.INGEST}), "wk_", NOW, **rates)


def test_a_key_may_send_what_it_was_granted_on_average():
    """A batch of any size gets through, and what it owes is waited for."""
    clock = [0.0]
    flow, key = Flow(seconds=lambda: clock[0]), a_key(rows_per_second=100)
    flow.require(key)
    flow.spend(key, rows=1_400, size=1)

    with pytest.raises(RateLimited, match="'cash desk' may send 100 rows a second") as caught:
        flow.require(key)
    assert caught.value.retry_after_seconds == pytest.approx(4.0)
    clock[0] = 4.0
    flow.require(key)


def test_bytes_are_limited_apart_from_rows_and_keys_from_each_other():
    """One limit does not stand for the other, and a key without limits is never told to wait."""
    flow = Flow(seconds=lambda: 0.0)
    limited, free = a_key(bytes_per_second=10), a_key()
    for key in (limited, free):
        flow.spend(key, rows=1, size=1_000)

    flow.require(free)
    with pytest.raises(RateLimited, match="10 bytes a second"):
        flow.require(limited)


def test_bodies_share_a_bounded_room():
    """What does not fit is told to come again; a lone body may be as large as it likes."""
    room = Room(100)
    with room.share() as one:
        one.grow(150)
        with room.share() as other, pytest.raises(Unavailable, match="100 bytes"):
            other.grow(1)
    with room.share() as alone:
        alone.grow(60)
        with room.share() as other:
            other.grow(40)
