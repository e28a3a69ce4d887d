"""The timeline of monitor families."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from watchkeeper.catalog.verdicts import Tally
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.server.views.timeline import timeline

FIRST = datetime(2013, 3, 1, tzinfo=UTC)
DAYS = [Window(FIRST + timedelta(days=n), FIRST + timedelta(days=n + 1)) for n in range(2)]


def tally(
    monitor: str,
    status: Status,
    *,
    day: int = 0,
    severity: Severity = Severity.INFO,
    number: int = 1,
) -> Tally:
    """A tally of one of the two days."""
    return Tally(DAYS[day], monitor, "figure", status, severity, number)


def test_worst_status_of_a_family_stands_for_it() -> None:
    """An alert outweighs what is fine, and the counts say how many fired of how many."""
    found = timeline(
        [
            tally("drift", Status.OK, number=20),
            tally("drift", Status.ALERT, severity=Severity.WARNING, number=2),
            tally("drift", Status.ALERT, severity=Severity.CRITICAL),
        ]
    )

    (cell,) = found.cells

    assert (cell.status, cell.severity) == (Status.ALERT, Severity.CRITICAL)
    assert (cell.alerts, cell.series) == (3, 23)


def test_severity_is_of_alerts_alone() -> None:
    """A family that did not fire has no severity, whatever its verdicts carry."""
    found = timeline([tally("quality", Status.OK, severity=Severity.CRITICAL)])

    assert found.cells[0].severity is None


def test_little_data_in_some_series_does_not_hide_the_others() -> None:
    """A family lacks data only where all of its series do."""
    mixed = [tally("drift", Status.INSUFFICIENT_DATA, number=9), tally("drift", Status.OK)]

    assert timeline(mixed).cells[0].status is Status.OK
    assert timeline(mixed[:1]).cells[0].status is Status.INSUFFICIENT_DATA


def test_families_are_named_before_the_dot_and_windows_stand_once() -> None:
    """Parts of a family share its row; each window is listed once, oldest first."""
    found = timeline(
        [
            tally("quality.missing", Status.OK),
            tally("quality.range", Status.ERROR),
            tally("quality.range", Status.OK, day=1),
            tally("drift", Status.OK, day=1),
        ]
    )

    assert found.families == ["drift", "quality"]
    assert [window.start for window in found.windows] == [day.start for day in DAYS]
    assert [cell.status for cell in found.cells] == [Status.ERROR, Status.OK, Status.OK]


def test_slow_departure_is_a_family_of_its_own() -> None:
    """What creeps away for months does not hide the days on which something broke."""
    creeping = Tally(DAYS[0], "drift", "creep", Status.ALERT, Severity.WARNING, 1)

    found = timeline([creeping, tally("drift", Status.OK)])

    assert {cell.family: cell.status for cell in found.cells} == {
        "creep": Status.ALERT,
        "drift": Status.OK,
    }
