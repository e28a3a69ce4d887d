"""Which windows a table is cut into."""
# ruff: noqa: DTZ001 - times without a zone are what is tested

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.definitions.granularity import Span, choose
from watchkeeper.errors import InvalidInput


def span(days, rows, start=datetime(2024, 1, 1, tzinfo=UTC)):
    return Span(start, start + timedelta(days=days), rows)


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        (span(300, 300_000), None, "1d"),
        (span(300, 50_000), None, "1w"),  # 165 a day: weeks
        (span(30, 1_000), None, "None"),  # 33 a day, and too few weeks
        (span(2, 100_000), None, "1h"),  # too short for days
        (span(2, 1_000), None, "None"),
        (span(7, 10_000), None, "1d"),  # few days, and no hours instead
        (span(0, 10_000), None, "None"),  # one moment
        (span(30, 1_000_000), span(30, 1_000), "None"),  # the current one is too thin for days
        (span(300, 300_000), span(0.5, 600), "1d"),  # a current table shorter than a window
        (span(300, 300_000), span(60, 6_000), "1w"),
        (span(20_000, 20_000_000), None, "None"),  # more windows than anyone reads
        (span(6_000, 6_000_000), None, "1w"),
        (None, None, "None"),
        (span(300, 300_000), span(0, 0), "None"),
    ],
)
def test_windows_hold_enough_rows_and_are_enough(reference, current, expected):
    """Days first, hours for short tables, weeks for thin ones, the whole where none fits."""
    assert expected == str(choose(reference, current))


def test_a_span_has_an_order():
    """A span that ends before it starts, or has no zone, is refused."""
    with pytest.raises(InvalidInput, match="aware times in order"):
        span(-1, 10)
    with pytest.raises(InvalidInput, match="aware times"):
        Span(datetime(2024, 1, 1), datetime(2024, 1, 2), 5)
