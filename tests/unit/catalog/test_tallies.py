"""How often each monitor said what of each window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import Tally, VerdictFilter
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

FIRST = datetime(2013, 3, 1, tzinfo=UTC)
DAY = Window(FIRST, FIRST + timedelta(days=1))


def verdict(number: int, monitor: str, status: Status) -> Verdict:
    """A verdict of the day."""
    return Verdict(f"v{number}", monitor, "flights", status, "figure", "a message", window=DAY)


def test_tallies_count_what_is_known_now(tmp_path: Path) -> None:
    """Verdicts of one monitor and status are counted together; superseded ones are not."""
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    drifted = [verdict(1, "drift", Status.ALERT), verdict(2, "drift", Status.ALERT)]
    catalog.verdicts.record("flights", DAY, drifted, known_at=DAY.end)
    calm = [
        verdict(3, "drift", Status.OK),
        verdict(4, "drift", Status.OK),
        verdict(5, "quality", Status.OK),
    ]
    catalog.verdicts.record("flights", DAY, calm, known_at=DAY.end + timedelta(hours=1))

    found = catalog.verdicts.tallies(VerdictFilter(model="flights"))

    assert found == (
        Tally(DAY, "drift", "figure", Status.OK, Severity.INFO, 2),
        Tally(DAY, "quality", "figure", Status.OK, Severity.INFO, 1),
    )
    assert catalog.verdicts.tallies(VerdictFilter(model="other")) == ()
    catalog.close()
