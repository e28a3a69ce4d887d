"""Time intervals, by Alertmanager's rules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watchkeeper.definitions.document import document_from_dict, document_to_dict
from watchkeeper.errors import InvalidDefinition


def interval(**entry):
    """The time interval of one entry, read as from a document."""
    head = {"kind": "TimeInterval", "apiVersion": "watchkeeper/v1", "name": "i"}
    return document_from_dict({**head, "time_intervals": [entry]})


@pytest.mark.parametrize(
    ("entry", "moment", "inside"),
    [
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-03-02T09:00", True),
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-03-02T17:00", False),
        ({"times": [{"start_time": "20:00", "end_time": "24:00"}]}, "2026-03-02T23:59", True),
        ({"weekdays": ["monday:friday"]}, "2026-03-06T12:00", True),
        ({"weekdays": ["monday:friday"]}, "2026-03-07T12:00", False),
        ({"weekdays": ["sunday", "Saturday"]}, "2026-03-07T12:00", True),
        ({"days_of_month": ["1:5"]}, "2026-03-05T12:00", True),
        ({"days_of_month": ["-3:-1"]}, "2026-02-26T12:00", True),
        ({"days_of_month": ["-3:-1"]}, "2026-02-25T12:00", False),
        ({"days_of_month": ["-1"]}, "2028-02-29T12:00", True),
        ({"days_of_month": ["31"]}, "2026-04-30T12:00", False),
        ({"days_of_month": ["29:31"]}, "2026-04-30T12:00", True),
        ({"days_of_month": ["25:-1"]}, "2026-04-30T12:00", True),
        ({"months": ["january:march", "12"]}, "2026-12-24T12:00", True),
        ({"months": ["january:march"]}, "2026-04-01T12:00", False),
        ({"years": ["2025:2026"]}, "2027-01-01T00:00", False),
        ({"weekdays": ["monday"], "months": ["may"]}, "2026-03-02T12:00", False),
        ({}, "2026-03-02T12:00", True),
    ],
)
def test_a_moment_lies_within_where_all_that_is_stated_holds(entry, moment, inside):
    """Times are half open, ranges include both ends, negative days count from the month's end."""
    assert (datetime.fromisoformat(moment).replace(tzinfo=UTC) in interval(**entry)) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-03-28T07:59", False),  # 08:59 in winter
        ("2026-03-28T08:00", True),
        ("2026-03-29T07:00", True),  # 09:00 in summer, a day later
        ("2026-10-25T07:59", False),
        ("2026-10-25T08:00", True),
    ],
)
def test_the_clocks_of_the_place_change(moment, inside):
    """Nine o'clock is nine o'clock on either side of the change."""
    office = interval(
        times=[{"start_time": "09:00", "end_time": "17:00"}], location="Europe/Berlin"
    )

    assert (datetime.fromisoformat(moment).replace(tzinfo=UTC) in office) is inside


def test_a_repeated_hour_is_there_twice():
    """02:15 to 02:45 on the night when the clocks go back, in both of its hours."""
    night = interval(times=[{"start_time": "02:15", "end_time": "02:45"}], location="Europe/Berlin")
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]

    assert [moment in night for moment in moments] == [True, True, False]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"times": [{"start_time": "22:00", "end_time": "06:00"}]}, "passes midnight"),
        ({"times": [{"start_time": "9:00", "end_time": "17:00"}]}, "time of the day"),
        ({"weekdays": ["friday:monday"]}, "in order"),
        ({"days_of_month": ["0"]}, "one of them or a range"),
        ({"days_of_month": ["-1:-3"]}, "in their order"),
        ({"months": ["13"]}, "one of them or a range"),
        ({"location": "Mars/Olympus"}, "time zone"),
    ],
)
def test_what_is_wrong_is_said(entry, says):
    """With the place in the document and what must stand there."""
    with pytest.raises(InvalidDefinition, match=says):
        interval(**entry)


def test_a_document_and_its_value_are_one():
    """What is read and written again is the same."""
    entry = {
        "times": [{"start_time": "09:00", "end_time": "17:30"}],
        "weekdays": ["monday:friday", "sunday"],
        "days_of_month": ["1:5", "-3:-1"],
        "months": ["january:march", "december"],
        "years": ["2026"],
        "location": "Europe/Berlin",
    }
    found = interval(**entry)

    assert document_to_dict(found)["time_intervals"] == [entry]
    assert document_from_dict(document_to_dict(found)) == found
