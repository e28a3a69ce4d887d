"""Prediction ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper.sdk.ids import new_id, time_of_id

# Hypothesis takes naive bounds and adds the zone itself.
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOMENTS)
def test_an_id_carries_its_time(moment):
    """The time of an id is the moment it was made for, to the millisecond."""
    found = time_of_id(new_id(moment))

    assert found is not None
    assert timedelta(0) <= moment - found < timedelta(milliseconds=1.5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_seven(moment):
    """Other libraries recognise the id."""
    parsed = uuid.UUID(new_id(moment))

    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_ids_of_one_moment_differ():
    """A thousand ids of the same moment are a thousand ids."""
    moment = datetime(2013, 3, 1, tzinfo=UTC)

    assert len({new_id(moment) for _ in range(1000)}) == 1000


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40))
def test_foreign_text_carries_no_time(text):
    """What is no UUIDv7 has no time, and asking never fails."""
    assert time_of_id(text) is None
