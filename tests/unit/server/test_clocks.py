"""Which clock a model goes by, where several processes say so."""

from __future__ import annotations

from datetime import timedelta

from watchkeeper.server.clocks import Clocks


def test_what_another_process_said_does_not_hold_for_ever(parts, clock):
    """A worker that pulls rows of now brings a model back from a backfill at the door."""
    door, worker = (
        Clocks(parts.catalog.clocks, parts.catalog.windows, wall=clock) for _ in range(2)
    )
    worker.driven_by_data("loans", data=False, by="source")
    door.driven_by_data("loans", data=True, by="history")
    worker.driven_by_data("loans", data=False, by="source")
    assert parts.catalog.clocks.get("loans").text == "data"

    clock.advance(timedelta(minutes=2))
    worker.driven_by_data("loans", data=False, by="source")

    assert parts.catalog.clocks.get("loans").text == "wall"
