"""Receiving: what is acknowledged, what repeats, what is told apart."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.errors import Conflict, InvalidInput, RateLimited
from watchkeeper.ingest import Reason, Receiver, RowKind
from watchkeeper.sdk.ids import time_of_id

from .conftest import NOON, Installation


def row(identity="a", **values):
    return {"id": identity, "time": NOON.isoformat(), "wind": 3.5, "carrier": "AA", **values}


def test_every_row_is_accounted_for(place):
    """Received is the sum of accepted, rejected and duplicate, row by row."""
    receipt = place.send([row("a"), row("a"), row("b", wind="strong"), row("c")])

    assert (
        receipt.received,
        receipt.accepted,
        receipt.rejected,
        receipt.duplicate,
    ) == (4, 2, 1, 1)
    assert [(r.row, r.reason) for r in receipt.rejections] == [(2, Reason.BAD_TYPE)]


def test_the_same_batch_again_gets_the_same_receipt(place):
    """A retry of a batch stores nothing and answers as before, minted ids included."""
    rows = [{"wind": 1.0}, {"wind": 2.0, "time": "yesterday"}]
    first = place.send(rows, batch="b")
    again = place.send(rows, batch="b", known_at=NOON + timedelta(hours=1))

    assert again.repeated
    assert not first.repeated
    assert (first.ids, first.accepted, first.rejections) == (
        again.ids,
        again.accepted,
        again.rejections,
    )
    assert len(place.joined()) == 1


def test_a_batch_name_with_other_rows_is_refused(place):
    """A sender that reuses a batch name would lose rows, so it is told."""
    place.send([row("a")], batch="b")

    with pytest.raises(Conflict, match="acknowledged with other rows"):
        place.send([row("b")], batch="b")


def test_batch_names_of_two_kinds_and_keys_are_apart(place):
    """The same name by another key, or for labels, is another batch."""
    place.send([row("a")], batch="b")
    place.label([{"id": "a", "label": True}], batch="b")
    other = place.receiver.receive(
        place.model, RowKind.PREDICTIONS, [row("c")], batch_id="b", key="key-2", known_at=NOON
    )

    assert other.accepted == 1


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "a\x00b"])
def test_a_bad_batch_name_is_refused(place, name):
    """A batch name must be printable and of sane length."""
    with pytest.raises(InvalidInput, match="batch_id"):
        place.receiver.receive(
            place.model, RowKind.PREDICTIONS, [], batch_id=name, key="k", known_at=NOON
        )


def test_an_id_with_other_content_is_quarantined(place):
    """One id stands for one prediction: the second content is rejected, the first stays."""
    place.send([row("a", wind=1.0)])
    second = place.send([row("a", wind=2.0), row("b")])

    assert (second.accepted, second.rejected, second.duplicate) == (1, 1, 0)
    assert Reason.ID_REUSED is second.rejections[0].reason
    assert [item["wind"] for item in place.joined()] == [1.0, 3.5]


def test_the_same_prediction_in_another_batch_is_a_duplicate(place):
    """A row that is sent again under another batch name is counted, not stored."""
    place.send([row("a")])
    second = place.send([row("a")], known_at=NOON + timedelta(hours=1))

    assert (second.accepted, second.duplicate) == (0, 1)
    assert len(place.joined()) == 1
    assert (
        place.window().accounting.received,
        place.window().accounting.accepted,
        place.window().accounting.duplicate,
    ) == (2, 1, 1)


def test_json_and_arrow_say_the_same(place):
    """The same rows as JSON and as Arrow are duplicates of each other."""
    rows = [row("a", pred=1, proba=0.25), row("b", wind=None, carrier=None)]
    place.send(rows)
    table = pa.Table.from_pylist(rows).set_column(
        1, "time", pa.array([NOON, NOON], pa.timestamp("ns", "America/New_York"))
    )
    again = place.send(table)

    assert (again.accepted, again.duplicate) == (0, 2)


def test_minted_ids_carry_the_event_time(place):
    """A prediction without id gets a UUIDv7 of its own time."""
    (identity,) = place.send([{"time": "2013-03-01T08:00:00+01:00", "wind": 1}]).ids

    assert time_of_id(identity).isoformat() == "2013-03-01T07:00:00+00:00"


def test_rows_of_the_sdk_keep_features_apart(place):
    """Nested features are columns, whatever they are called; the plain words beside are ours."""
    place.send(
        [
            {
                "id": "a",
                "time": NOON.isoformat(),
                "version": "3",
                "arm": "canary",
                "features": {"wind": 2, "version": "mine"},
                "prediction": True,
                "score": 0.75,
                "latency_ms": 12,
            }
        ]
    )
    (stored,) = place.joined()

    assert (
        stored["_wk_version"],
        stored["_wk_arm"],
        stored["_wk_latency_ms"],
    ) == ("3", "canary", 12.0)
    assert (stored["wind"], stored["pred"], stored["proba"]) == (2.0, "true", 0.75)
    notes = place.catalog.windows.notes("flights", start=NOON - timedelta(days=1), end=NOON)
    assert [(note.column, note.note) for note in notes] == [
        ("carrier", "missing"),
        ("origin", "missing"),
        ("version", "unknown"),
    ]


def test_a_label_in_a_prediction_row_is_a_label(place):
    """Tables that hold both are taken whole; sent again with the truth filled in, it is added."""
    place.send([row("a"), row("b", late=True)])
    again = place.send([row("a", late=False), row("b", late=True)])

    assert (again.accepted, again.duplicate) == (0, 2)
    assert [item["late"] for item in place.joined()] == ["false", "true"]


def test_empty_batches_are_receipted(place):
    """A batch without rows is fine, as JSON and as Arrow."""
    assert place.send([]).received == 0
    assert place.send(pa.table({})).received == 0
    assert tuple(place.joined()) == ()


def test_a_full_inbox_asks_senders_to_wait(place):
    """Where the mover cannot keep up, nothing more is acknowledged until it has."""
    receiver = Receiver(place.catalog, most_waiting_bytes=1)

    def send(name):
        return receiver.receive(
            place.model, RowKind.PREDICTIONS, [row(name)], batch_id=name, key="k", known_at=NOON
        )

    send("a")
    with pytest.raises(RateLimited, match="wait for the lake"):
        send("b")
    place.mover.move()
    assert send("b").accepted == 1


def test_a_receive_time_has_a_time_zone(place):
    """A naive receive time is a mistake of the caller."""
    with pytest.raises(InvalidInput, match="time zone"):
        place.send([row("a")], known_at=NOON.replace(tzinfo=None))


def test_ids_are_remembered_for_the_label_horizon(tmp_path, migrated):
    """After that and an eighth of it, and a week at least, an id may come again: its row is counted
    once in the join.
    """
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    place = Installation(tmp_path)
    place.send([row("a")])
    now = datetime.now(UTC)

    assert place.catalog.inbox.forget(now + timedelta(days=29)) == 0
    assert place.catalog.inbox.forget(now + timedelta(days=34)) == 1
    assert place.send([row("a")]).accepted == 1
    assert len(place.joined()) == 1
    place.catalog.close()
