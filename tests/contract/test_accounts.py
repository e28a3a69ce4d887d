"""Accounts and clients in the catalog, on each database that it supports."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from watchkeeper.catalog.accounting import BatchAccount, read_account, write_account
from watchkeeper.catalog.windows import Move, Tally, WindowState
from watchkeeper.domain.sending import Sending, SentCounts
from watchkeeper.domain.window import Granularity

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOURS = Granularity.parse("1h")


class Moves:
    """Batches that are moved into the catalog, one move each."""

    def __init__(self, catalog):
        self.catalog, self.number = catalog, 0

    def batch(self, *, rows=10, at=NOON, known_at=None, kind="predictions", sending=None, **counts):
        """A batch whose rows were made and received at the same moment."""
        self.number += 1
        known_at = known_at or at
        account = BatchAccount(
            kind, known_at, at, **{"received": rows, "accepted": rows, **counts}, since=at, until=at
        )
        account = replace(account, sending=sending)
        tally = Tally(HOURS.window_of(at), received=rows, accepted=account.accepted)
        self.move = Move(
            "inbox", "m", self.number, known_at, tallies=[tally] if rows else [], accounts=[account]
        )
        assert self.catalog.windows.record(self.move)
        return self

    def client(self, first, last, *, name="c", minutes=0, ahead=timedelta(0), **options):
        """A batch of one client; ``ahead`` is how far its clock is."""
        counts = SentCounts(**{"spooled": last or 0, **options.pop("counts", {})})
        at = NOON + minutes * MINUTE
        said = Sending(
            name, at + ahead, first, last, counts, host="web-1", pid=7, **options.pop("said", {})
        )
        return self.batch(rows=said.rows, at=at, sending=said, **options)

    def settle(self, minutes):
        """Time passes."""
        at = NOON + minutes * MINUTE
        self.catalog.clients.settle(at, known_at=lambda _: at)
        return self

    @property
    def charged(self):
        """What clients answer for, by window."""
        return {
            (found.start, found.client_id): (found.missing, found.dropped, found.sampled)
            for found in self.catalog.clients.windows("m")
        }

    @property
    def dirty(self):
        """The windows that are to be judged."""
        found = self.catalog.windows.pending(WindowState.DIRTY)
        return {item.window.start for item in found}

    def judge(self):
        """Say that every window was profiled and judged."""
        for item in self.catalog.windows.pending(WindowState.DIRTY):
            self.catalog.windows.profiled(item, joined=0)
            self.catalog.windows.judged(item)
        return self


@pytest.fixture
def moves(catalog):
    """Moves into an empty catalog."""
    return Moves(catalog)


class TestDays:
    """What became of rows, by day and kind."""

    def test_batches_add_up_by_day_and_kind(self, moves):
        """A day holds what came to be known on it, kinds apart; a batch without rows is none."""
        moves.batch(rows=10, accepted=7, duplicate=2, rejected=1).batch(rows=5)
        moves.batch(rows=3, kind="labels").batch(rows=4, at=NOON + DAY).batch(rows=0)

        found = moves.catalog.accounts.days("m")

        assert [(item.day, item.kind, item.received, item.accepted) for item in found] == [
            (date(2026, 3, 2), "predictions", 4, 4),
            (date(2026, 3, 1), "labels", 3, 3),
            (date(2026, 3, 1), "predictions", 15, 12),
        ]
        assert (found[2].duplicate, found[2].rejected, found[2].batches) == (2, 1, 2)

    def test_a_move_that_is_recorded_again_counts_once(self, moves):
        """A crash repeats the move, not its counts, and not what clients said."""
        moves.client(1, 10).client(15, 20)

        assert not moves.catalog.windows.record(moves.move)

        assert [item.received for item in moves.catalog.accounts.days("m")] == [16]
        assert [s.stream.missing for s in moves.catalog.clients.page("m").items] == [4]

    def test_a_checked_day_that_grows_is_to_be_checked_again(self, moves):
        """A comparison holds for what was counted when it was made."""
        accounts = moves.batch().catalog.accounts
        assert accounts.unchecked(date(2026, 3, 2)) == (("m", date(2026, 3, 1)),)
        assert accounts.checked("m", accounts.days("m")[0], at=NOON + DAY, fault="")
        assert accounts.unchecked(date(2026, 3, 2)) == ()

        before = accounts.days("m")[0]
        moves.batch()

        assert accounts.unchecked(date(2026, 3, 2)) == (("m", date(2026, 3, 1)),)
        assert not accounts.checked("m", before, at=NOON + DAY, fault="")

    def test_a_fault_is_charged_to_the_window_where_its_day_ended(self, moves):
        """A day's fault makes its last window dirty; so does its end, when it is mended."""
        accounts = moves.batch().batch(at=NOON + 8 * HOURS.length).judge().catalog.accounts
        last = NOON + 8 * HOURS.length
        accounts.checked("m", accounts.days("m")[0], at=NOON + DAY, fault="a row too many")

        assert [found.fault for found in accounts.faults("m", last)] == ["a row too many"]
        assert accounts.faults("m", NOON) == ()
        assert moves.dirty == {last}

        moves.judge()
        accounts.checked("m", accounts.days("m")[0], at=NOON + DAY, fault="")
        assert accounts.faults("m", last) == ()
        assert moves.dirty == {last}

    def test_totals_are_by_model_and_kind(self, moves):
        """What was ever received, in a handful of figures."""
        moves.batch(rows=10).batch(rows=5, at=NOON + DAY).batch(rows=2, kind="labels")

        found = moves.catalog.accounts.totals()

        assert {key: item.received for key, item in found.items()} == {
            ("m", "predictions"): 15,
            ("m", "labels"): 2,
        }


class TestClients:
    """Which of their rows arrived, and what windows are charged with."""

    def test_a_gap_is_charged_to_its_window_and_taken_back(self, moves):
        """What is missing makes its window dirty, and so does its arrival."""
        moves.client(1, 10).client(15, 20, minutes=70).judge()
        assert moves.settle(79).charged == {}
        assert moves.dirty == set()

        assert moves.settle(80).charged == {(NOON, "c"): (4, 0, 0)}
        assert moves.dirty == {NOON}

        moves.judge().client(11, 14, minutes=90)
        assert moves.charged == {(NOON, "c"): (0, 0, 0)}
        assert NOON in moves.dirty

    def test_clients_and_kinds_are_apart(self, moves):
        """Two processes with the same numbers, and labels beside predictions, are no duplicates."""
        moves.client(1, 10).client(1, 10, name="d").client(3, 4, kind="labels")

        found = moves.catalog.clients.page("m").items

        assert {(s.stream.client_id, s.stream.kind): s.stream.missing for s in found} == {
            ("c", "labels"): 2,
            ("c", "predictions"): 0,
            ("d", "predictions"): 0,
        }
        assert {(s.stream.host, s.stream.pid) for s in found} == {("web-1", 7)}

    def test_what_is_dropped_and_sampled_is_charged_where_it_was_said(self, moves):
        """Counts grow: each window has its own part of them."""
        moves.client(1, 2, counts={"dropped": 3}).client(
            3, 4, minutes=60, counts={"dropped": 5, "sampled": 90}
        )

        assert moves.charged == {
            (NOON, "c"): (0, 3, 0),
            (NOON + 60 * MINUTE, "c"): (0, 2, 90),
        }
        assert moves.catalog.clients.totals() == {("m", "predictions"): (0, 5, 90)}

    def test_a_client_that_ended_is_settled(self, moves):
        """What a client gave out and never sent is charged to where it broke off."""
        moves.client(1, 10, counts={"spooled": 12}, said={"closed": True}).settle(11)

        assert moves.charged == {(NOON, "c"): (2, 0, 0)}

    def test_a_clock_that_stands_out_is_noted_in_the_window(self, moves):
        """A clock a day ahead leaves its delays with the window; a right one leaves nothing."""
        moves.client(1, 10, minutes=5).client(1, 10, name="d", minutes=6, ahead=DAY)

        (found,) = moves.catalog.clients.windows("m")

        assert (found.client_id, found.delays, found.start) == ("d", (-86_400.0,), NOON)

    def test_without_a_window_nothing_is_charged_and_nothing_forgotten(self, catalog):
        """Labels of predictions that never came have no window; the gap waits for one."""
        account = BatchAccount("labels", NOON, NOON, 1, 1, sending=Sending("e", NOON, 2, 2))
        catalog.windows.record(Move("inbox", "n", 1, NOON, accounts=[account]))
        later = NOON + 30 * MINUTE
        catalog.clients.settle(later, known_at=lambda _: later)

        assert catalog.clients.windows("n") == ()
        assert catalog.clients.page("n").items[0].stream.missing == 1

    def test_telling_and_moving_at_once_lose_nothing(self, moves):
        """While moves open and fill gaps another thread tells them: charges and gaps agree."""
        moves.client(1, 1)
        stopped, failures = threading.Event(), []

        def tell():
            while not stopped.is_set():
                try:
                    moves.settle(10_000)
                except Exception as error:  # noqa: BLE001  shown by the assertion
                    failures.append(error)

        telling = threading.Thread(target=tell)
        telling.start()
        for first in range(5, 125, 5):
            moves.client(first, first + 1, minutes=first)
            moves.client(first + 2, first + 2, minutes=first)
        stopped.set()
        telling.join()
        moves.settle(10_000)

        (held,) = moves.catalog.clients.page("m").items
        assert failures == []
        assert held.stream.lost == held.stream.missing == 3 + 23 * 2
        assert sum(missing for missing, _, _ in moves.charged.values()) == held.stream.lost

    def test_pages_show_who_was_heard_last(self, moves):
        """Every client is on one page exactly, the latest first."""
        for number in range(5):
            moves.client(1, 1, name=f"c{number}", minutes=number // 2)
        names, cursor = [], None
        while True:
            page = moves.catalog.clients.page("m", cursor=cursor, limit=2)
            names += [item.stream.client_id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert names == ["c4", "c3", "c2", "c1", "c0"]

    def test_old_clients_are_forgotten_not_what_was_charged(self, moves):
        """Windows keep what was charged when the client is long gone."""
        moves.client(1, 10).client(15, 20).settle(20)
        moves.client(1, 1, name="d", minutes=60)

        assert moves.catalog.clients.forget(NOON + 30 * MINUTE) == 1

        assert [s.stream.client_id for s in moves.catalog.clients.page("m").items] == ["d"]
        assert moves.charged == {(NOON, "c"): (4, 0, 0)}


def test_an_account_waits_in_the_inbox_as_it_is():
    """What is written into the inbox is read as it was, with and without a client."""
    bare = BatchAccount("labels", NOON, NOON + MINUTE, 5, 3, 1, 1, labels=3, quarantined=1)
    said = replace(bare, since=NOON, until=NOON, sending=Sending("c", NOON, 1, 5))

    assert read_account(write_account(bare)) == bare
    assert read_account(write_account(said)) == said


@pytest.mark.parametrize(
    ("kind", "predictions", "labels", "expected"),
    [
        ("predictions", True, False, {"accepted": 0, "rejected": 11, "set_aside": 10}),
        ("predictions", False, True, {"accepted": 10, "rejected": 1, "set_aside": 0}),
        ("labels", False, True, {"accepted": 0, "rejected": 11, "set_aside": 10}),
    ],
)
def test_what_a_table_refuses_is_accounted_for(kind, predictions, labels, expected):
    """Rows that their table refuses are rejected; labels that came with predictions are not rows."""
    truths = 10 if kind == "labels" else 4
    account = BatchAccount(kind, NOON, NOON, 11, 10, 0, 1, labels=truths, quarantined=1)

    found = account.refused(predictions=predictions, labels=labels)

    assert {name: getattr(found, name) for name in expected} == expected
    assert found.received == found.accepted + found.duplicate + found.rejected
    assert found.labels == (0 if labels else truths)
    assert found.quarantined == 1 + (10 if predictions else 0) + (truths if labels else 0)
