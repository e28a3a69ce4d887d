"""Ingest on every database: many at once, and nothing lost or counted twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.errors import Conflict
from watchkeeper.ingest import Mover, Receiver, RowKind
from watchkeeper.lake import Lake

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
MODEL = Model(
    "m",
    Task.BINARY,
    (Column("x", ColumnType.NUMERIC), Column("y", ColumnType.CATEGORICAL, Role.LABEL)),
)


def rows(numbers):
    return [{"id": str(n), "time": NOON.isoformat(), "x": n} for n in numbers]


def at_once(*jobs):
    """Run all jobs at the same time; what they returned or raised, in order."""
    results = [None] * len(jobs)
    together = threading.Barrier(len(jobs))

    def run(place, job):
        together.wait()
        try:
            results[place] = job()
        except Conflict as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def receive(catalog, batch, numbers, key="k"):
    receiver = Receiver(catalog)
    return receiver.receive(
        MODEL, RowKind.PREDICTIONS, rows(numbers), batch_id=batch, key=key, known_at=NOON
    )


def test_predictions_sent_by_many_at_once_count_once(catalog, tmp_path):
    """Four senders with overlapping rows, in opposite order: each id is accepted exactly once."""
    numbers = list(range(40))
    jobs = [
        lambda n=n: receive(catalog, f"b{n}", numbers[::-1] if n % 2 else numbers) for n in range(4)
    ]
    receipts = at_once(*jobs)

    assert sum(receipt.accepted for receipt in receipts) == 40
    assert sum(receipt.duplicate for receipt in receipts) == 120
    lake = Lake(tmp_path / "lake")
    Mover(catalog, lake).move()
    assert lake.joined(MODEL, MODEL.granularity.window_of(NOON)).num_rows == 40


def test_one_batch_sent_twice_at_once_is_acknowledged_once(catalog):
    """The second gets the same receipt, or is told to send again; never a second count."""
    results = at_once(*[lambda: receive(catalog, "b", range(20)) for _ in range(4)])

    first = [r for r in results if not isinstance(r, Conflict) and not r.repeated]
    assert len(first) == 1
    assert receive(catalog, "b", range(20)).repeated
    assert catalog.inbox.waiting()[0] == 1


def test_movers_at_once_move_once(catalog, tmp_path):
    """Replicas that move the same inbox at once store every row once."""
    for n in range(6):
        receive(catalog, f"b{n}", range(n * 10, n * 10 + 10))
    movers = [Mover(catalog, Lake(tmp_path / "lake")) for _ in range(3)]
    at_once(*[mover.move for mover in movers])

    lake = Lake(tmp_path / "lake")
    window = MODEL.granularity.window_of(NOON)
    assert lake.rows("m", "predictions", start=window.start, end=window.end).num_rows == 60
    assert catalog.windows.get("m", window).accounting.accepted == 60
    assert catalog.inbox.waiting() == (0, 0)
