"""The catalog's stores hold to their word on every database."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from watchkeeper.catalog import (
    Catalog,
    ColumnNote,
    Move,
    RejectionCount,
    StoredBaseline,
    Tally,
    VerdictFilter,
    WindowState,
)
from watchkeeper.catalog.database import Database, within
from watchkeeper.catalog.id_runs import Run
from watchkeeper.catalog.inbox import BatchKey, InboxBatch, StoredReceipt
from watchkeeper.catalog.migrate import GROUPS, migrate
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.key import Scope
from watchkeeper.domain.outbox import Settled
from watchkeeper.domain.verdict import Inputs, Severity, Status, Verdict
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import Conflict, InvalidInput, NotFound, Unauthorized, Unavailable

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = Granularity.parse("1d").window_of(NOW)
YESTERDAY = Granularity.parse("1d").window_of(NOW - DAY)


class TestMigrations:
    """Schema and migrations never part."""

    def test_migrations_make_the_tables_that_the_code_uses(self, urls):
        """Comparing the migrated database with the tables in code finds no difference."""
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        database = Database(urls[0])
        for group, tables in GROUPS.items():
            migrate(database, group)
            with database.read() as connection:
                options = {
                    "version_table": f"{group}_migration",
                    "include_name": lambda name, kind, _, t=tables: (
                        kind != "table" or name in t.tables
                    ),
                }
                context = MigrationContext.configure(connection, opts=options)
                assert compare_metadata(context, tables) == []
        database.close()

    def test_opening_again_changes_nothing(self, urls):
        """A start on a migrated database finds its records and its identity."""
        first = Catalog.open(*urls)
        first.models.put("m", "text", by="ann", now=NOW)
        again = Catalog.open(*urls)

        assert again.models.get("m").text == "text"
        assert again.inbox.identity == first.inbox.identity
        first.close()
        again.close()

    def test_replicas_that_start_at_once_agree(self, urls):
        """Many starts on an empty database leave one schema and one identity."""
        opened, failures = [], []

        def start():
            try:
                opened.append(Catalog.open(*urls))
            except Exception as error:  # noqa: BLE001  shown by the assertion
                failures.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert len({catalog.inbox.identity for catalog in opened}) == 1
        for catalog in opened:
            catalog.close()


class TestDocuments:
    """Definitions with every revision kept."""

    def test_the_same_text_is_no_new_revision(self, catalog):
        """Applying twice is applying once; another text is the next revision."""
        first = catalog.models.put("m", "one", by="ann", now=NOW)
        same = catalog.models.put("m", "one", by="bob", now=NOW + DAY)
        second = catalog.models.put("m", "two", by="bob", now=NOW + DAY)

        assert same == first
        assert (second.revision, second.created_by, second.created_at) == (2, "bob", NOW + DAY)
        assert [item.text for item in catalog.models.revisions("m")] == ["one", "two"]
        assert catalog.models.get("m", 1) == first

    def test_a_change_of_a_changed_document_is_refused(self, catalog):
        """Who read revision 1 must not overwrite revision 2 unseen."""
        catalog.models.put("m", "one", by="ann", now=NOW, expected=0)
        catalog.models.put("m", "two", by="ann", now=NOW, expected=1)

        with pytest.raises(Conflict, match="revision 1"):
            catalog.models.put("m", "three", by="bob", now=NOW, expected=1)

    def test_kinds_are_apart_and_pages_follow_each_other(self, catalog):
        """Pages hold the latest revision of each document by name."""
        for name in "cab":
            catalog.models.put(name, "old", by="ann", now=NOW)
            catalog.models.put(name, f"new {name}", by="ann", now=NOW)
        catalog.routes.put("a", "route", by="ann", now=NOW)
        first = catalog.models.page(limit=2)
        second = catalog.models.page(limit=2, cursor=first.next_cursor)

        assert [item.text for item in first.items + second.items] == ["new a", "new b", "new c"]
        assert second.next_cursor is None
        assert [item.name for item in catalog.routes.all()] == ["a"]

    def test_what_is_not_there_is_said(self, catalog):
        """A missing document and a strange cursor are clear errors."""
        with pytest.raises(NotFound, match="no Model named 'x'"):
            catalog.models.get("x")
        with pytest.raises(InvalidInput, match="cursor"):
            catalog.models.page(cursor="!!")
        with pytest.raises(InvalidInput, match="limit"):
            catalog.models.page(limit=0)


def test_the_latest_baseline_is_current(catalog):
    """Every revision of a reference is kept; the last added counts."""
    made = StoredBaseline("m", 1, 100, 3, True, "{}", NOW, "ann", start=NOW - DAY, end=NOW)
    assert catalog.baselines.current("m") is None
    first = catalog.baselines.add(made)
    second = catalog.baselines.add(replace(made, timed=False, start=None, end=None))

    assert (first.reference, second.reference) == ("reference-1", "reference-2")
    assert catalog.baselines.current("m") == second
    assert catalog.baselines.current_of_all() == {"m": second}
    assert catalog.baselines.next_revision("m") == 3


class TestKeys:
    """Who may do what."""

    def test_a_key_is_known_by_its_secret_until_revoked(self, catalog):
        """The secret is shown once; nothing stored holds it."""
        assert not catalog.keys.any()
        key, secret = catalog.keys.create("ann", [Scope.READ, Scope.INGEST], now=NOW)

        assert catalog.keys.verify(secret) == key
        assert catalog.keys.any()
        revoked = catalog.keys.revoke(key.id, now=NOW + DAY)
        assert revoked.revoked_at == NOW + DAY
        assert catalog.keys.all() == (revoked,)
        assert not catalog.keys.any()
        with pytest.raises(Unauthorized):
            catalog.keys.verify(secret)

    @pytest.mark.parametrize("secret", ["", "wk_", "wk_guess", "\x00", "\ud800", "ü" * 1000])
    def test_other_secrets_open_nothing(self, catalog, secret):
        """Guesses of any shape are refused alike."""
        catalog.keys.create("ann", [Scope.READ], now=NOW)

        with pytest.raises(Unauthorized):
            catalog.keys.verify(secret)

    def test_a_session_stands_for_its_key_while_it_lasts(self, catalog):
        """Sessions end by time, by signing out, and with their key."""
        key, _ = catalog.keys.create("ann", [Scope.READ], now=NOW)
        kept, closed = (catalog.sessions.open(key, now=NOW, lifetime=DAY) for _ in range(2))
        catalog.sessions.close(closed)

        assert catalog.sessions.find(kept, now=NOW) == (key, NOW + DAY)
        for token, now in ((kept, NOW + DAY), (closed, NOW), ("guess", NOW)):
            with pytest.raises(Unauthorized):
                catalog.sessions.find(token, now=now)
        catalog.keys.revoke(key.id, now=NOW)
        with pytest.raises(Unauthorized):
            catalog.sessions.find(kept, now=NOW)

    def test_a_secret_is_made_once(self, catalog, migrated_urls):
        """An installation's own secrets are random and lasting."""
        other = Catalog.open(*migrated_urls)
        assert catalog.secrets.get("a") == other.secrets.get("a") != catalog.secrets.get("b")
        other.close()


def move(number, *tallies, **more):
    """A move of model m."""
    return Move("inbox-1", "m", number, NOW + number * DAY, tallies, **more)


class TestWindows:
    """What became of rows, and what is to be done."""

    def test_a_move_is_recorded_once(self, catalog):
        """Counts add up over moves, and not over repeats of one."""
        first = move(1, Tally(TODAY, 5, 3, 1, 1), predictions_version=7)
        assert catalog.windows.record(first)
        assert not catalog.windows.record(first)
        catalog.windows.record(move(2, Tally(TODAY, 2, 2), Tally(YESTERDAY, 1, 1)))
        assert not catalog.windows.record(first)
        stored = catalog.windows.get("m", TODAY)

        done = stored.accounting
        assert (done.received, done.accepted, done.rejected, done.duplicate) == (7, 5, 1, 1)
        assert (stored.known_at, stored.predictions_version) == (NOW + 2 * DAY, None)
        assert catalog.windows.clocks() == {"m": NOW + 2 * DAY}

    def test_another_inbox_has_numbers_of_its_own(self, catalog):
        """A new inbox that counts from 1 again is not taken for the old one."""
        catalog.windows.record(move(5, Tally(TODAY, 1, 1)))

        assert catalog.windows.record(replace(move(1, Tally(TODAY, 1, 1)), inbox="inbox-2"))

    def test_labels_mark_the_window_of_their_prediction(self, catalog):
        """Labels make a known window dirty and never make a window."""
        catalog.windows.record(move(1, Tally(TODAY, 1, 1), predictions_version=1))
        catalog.windows.record(
            move(2, Tally(TODAY, labels=1), Tally(YESTERDAY, labels=1), labels_version=3)
        )
        (stored,) = catalog.windows.pending(WindowState.DIRTY)

        assert (stored.window, stored.predictions_version, stored.labels_version) == (TODAY, 1, 3)

    def test_a_window_goes_from_dirty_to_judged(self, catalog):
        """Each state is listed, oldest window first, and counted."""
        catalog.windows.record(move(1, Tally(TODAY, 1, 1), Tally(YESTERDAY, 1, 1)))
        old, new = catalog.windows.pending(WindowState.DIRTY)
        assert (old.window, catalog.windows.count(WindowState.DIRTY)) == (YESTERDAY, {"m": 2})

        assert catalog.windows.profiled(old, joined=1) == 1
        assert [w.window for w in catalog.windows.pending(WindowState.PROFILED)] == [YESTERDAY]
        catalog.windows.judged(old)
        assert [w.state for w in catalog.windows.page("m").items] == [
            WindowState.DIRTY,
            WindowState.JUDGED,
        ]
        assert catalog.windows.get("m", YESTERDAY).accounting.joined == 1
        assert catalog.windows.pending(WindowState.DIRTY, model="other") == ()
        assert new.window == TODAY

    def test_rows_that_come_meanwhile_are_not_missed(self, catalog):
        """A window that changed while it was profiled or judged stays to be done."""
        catalog.windows.record(move(1, Tally(TODAY, 1, 1)))
        (seen,) = catalog.windows.pending(WindowState.DIRTY)
        catalog.windows.record(move(2, Tally(TODAY, 1, 1)))
        catalog.windows.profiled(seen, joined=0)
        assert catalog.windows.get("m", TODAY).state is WindowState.DIRTY

        (seen,) = catalog.windows.pending(WindowState.DIRTY)
        catalog.windows.profiled(seen, joined=0)
        catalog.windows.record(move(3, Tally(TODAY, 1, 1)))
        catalog.windows.judged(seen)
        assert catalog.windows.get("m", TODAY).state is WindowState.DIRTY

    def test_windows_are_paged_newest_first(self, catalog):
        """Pages are bounded, follow each other, and can be limited to a time."""
        days = [Granularity.parse("1d").window_of(NOW + n * DAY) for n in range(5)]
        catalog.windows.record(move(1, *(Tally(day, 1, 1) for day in days)))
        first = catalog.windows.page("m", limit=3)
        second = catalog.windows.page("m", limit=3, cursor=first.next_cursor)
        some = catalog.windows.page("m", start=days[1].start, end=days[3].start)

        assert [w.window for w in first.items + second.items] == days[::-1]
        assert [w.window for w in some.items] == [days[2], days[1]]
        assert [w.window for w in catalog.windows.latest(per_model=2)["m"]] == days[3:]

    def test_windows_can_be_marked_to_be_done_again(self, catalog):
        """A new reference makes every window of a time dirty."""
        catalog.windows.record(move(1, Tally(TODAY, 1, 1), Tally(YESTERDAY, 1, 1)))
        for window in catalog.windows.pending(WindowState.DIRTY):
            catalog.windows.profiled(window, joined=0)

        assert catalog.windows.touch("m", start=TODAY.start, end=TODAY.end) == 1
        assert [w.window for w in catalog.windows.pending(WindowState.DIRTY)] == [TODAY]

    def test_rejections_and_notes_add_up(self, catalog):
        """Counts of quarantine and of strange columns are kept by day and window."""
        rejected = RejectionCount("2026-03-01", "predictions", "bad_type", 2)
        note = ColumnNote(TODAY.start, "wind speed\U0001f32c", "unknown", 3)
        for number in (1, 2):
            catalog.windows.record(move(number, rejections=[rejected], notes=[note]))

        assert catalog.windows.rejections("m") == (replace(rejected, rows=4),)
        assert catalog.windows.notes("m", start=TODAY.start, end=TODAY.end) == (
            replace(note, rows=6),
        )

    def test_an_unknown_window_is_said(self, catalog):
        """A window that never got a row is not found."""
        with pytest.raises(NotFound, match="nothing was received"):
            catalog.windows.get("m", TODAY)


def verdict(name, **more):
    """A verdict of model m today."""
    given = {"window": TODAY, "status": Status.OK, "what": "drift", "message": "fine", **more}
    return Verdict(id=name, monitor=given.pop("monitor", "drift"), model="m", **given)


class TestVerdicts:
    """Judgements, superseded ones kept."""

    def test_a_verdict_comes_back_as_it_went_in(self, catalog):
        """Every field survives, odd numbers and NUL in a segment's value included."""
        given = verdict(
            "v1", version="3", arm="a", column='q"', segment="origin=a", severity=Severity.CRITICAL,
            provisional=True, value=1e308, low=float("-inf"), high=0.5, n=7, maturity=0.25,
            effect={"psi": 0.1, "top": ["a", None]}, inputs=Inputs(("p1",), "c", "k"),
        )  # fmt: skip
        (stored,) = catalog.verdicts.record("m", TODAY, [given], known_at=NOW)

        assert stored == replace(given, revision=1, known_at=NOW)
        assert catalog.verdicts.get("v1") == stored
        odd = replace(given, id="v2", segment="origin=\x00")
        catalog.verdicts.record("m", TODAY, [odd], known_at=NOW)
        assert catalog.verdicts.get("v2").segment == "origin=\ufffd"

    def test_a_judgement_supersedes_the_one_before(self, catalog):
        """Now, then, and everything ever said are three questions with three answers."""
        catalog.verdicts.record("m", TODAY, [verdict("a"), verdict("b")], known_at=NOW)
        catalog.verdicts.record("m", TODAY, [verdict("a", status=Status.ALERT)], known_at=NOW + DAY)

        def asked(**wanted):
            found = catalog.verdicts.series(VerdictFilter(model="m", **wanted))
            return [(item.id, item.revision, item.status.value) for item in found]

        assert asked() == [("a", 2, "alert")]
        assert asked(known_at=NOW) == [("a", 1, "ok"), ("b", 1, "ok")]
        assert asked(known_at=NOW - DAY) == []
        assert asked(all_revisions=True) == [("a", 1, "ok"), ("b", 1, "ok"), ("a", 2, "alert")]

    def test_verdicts_are_paged_both_ways(self, catalog):
        """Pages follow each other without gap or repeat while new verdicts come in."""
        names = [f"v{number}" for number in range(5)]
        catalog.verdicts.record("m", TODAY, [verdict(name) for name in names], known_at=NOW)
        wanted = VerdictFilter(model="m")
        first = catalog.verdicts.page(wanted, limit=3)
        other = Granularity.parse("1d").window_of(NOW + DAY)
        catalog.verdicts.record("m", other, [verdict("new", window=other)], known_at=NOW)
        second = catalog.verdicts.page(wanted, limit=3, cursor=first.next_cursor)
        oldest = catalog.verdicts.page(wanted, limit=2, newest_first=False)

        assert [item.id for item in first.items + second.items] == names[::-1]
        assert [item.id for item in oldest.items] == names[:2]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"column": "wind"}, ["a"]),
            ({"column": ""}, ["b", "c"]),
            ({"segment": "origin=JFK"}, ["b"]),
            ({"segment": "", "column": ""}, ["c"]),
            ({"monitors": ("quality", "none")}, ["c"]),
            ({"what": ("missing",)}, ["c"]),
            ({"statuses": (Status.ALERT, Status.ERROR)}, ["b"]),
            ({"version": "3"}, ["a"]),
            ({"end": TODAY.start}, []),
            ({"start": TODAY.end}, []),
            ({"start": TODAY.start, "end": TODAY.end}, ["a", "b", "c"]),
            ({"model": "other"}, []),
        ],
        ids=str,
    )
    def test_verdicts_are_found_by_what_they_are_of(self, catalog, wanted, found):
        """Filters combine, and an empty text asks for those without."""
        catalog.verdicts.record(
            "m",
            TODAY,
            [
                verdict("a", column="wind", version="3"),
                verdict("b", segment="origin=JFK", status=Status.ALERT),
                verdict("c", monitor="quality", what="missing"),
            ],
            known_at=NOW,
        )
        stored = catalog.verdicts.series(VerdictFilter(**wanted))

        assert [item.id for item in stored] == found

    def test_judgements_count_statuses(self, catalog):
        """A window's latest judgement in numbers."""
        found = [verdict("a"), verdict("b", status=Status.ALERT), verdict("c")]
        catalog.verdicts.record("m", TODAY, found, known_at=NOW)
        catalog.verdicts.record("m", TODAY, found[:2], known_at=NOW + DAY)
        (judged,) = catalog.verdicts.judgements(VerdictFilter(model="m"))

        assert (judged.window, judged.revision, judged.known_at) == (TODAY, 2, NOW + DAY)
        assert judged.counts == {Status.OK: 1, Status.ALERT: 1}

    def test_a_judgement_is_of_one_window(self, catalog):
        """Verdicts of another window or model do not belong to it."""
        with pytest.raises(InvalidInput, match="one window"):
            catalog.verdicts.record("m", YESTERDAY, [verdict("a")], known_at=NOW)
        with pytest.raises(NotFound):
            catalog.verdicts.get("a")


def alert(name, **more):
    """An alert of model m."""
    given = {"state": AlertState.OPEN, "incident": "i1", "opened_at": NOW, **more}
    return Alert(
        id=name, key=name, model="m", monitor="drift", severity=Severity.WARNING,
        what="drift", message="moved", updated_at=NOW, **given,
    )  # fmt: skip


def incident(name, **more):
    """An incident of model m."""
    given = {"state": AlertState.OPEN, "opened_at": NOW, **more}
    return Incident(
        id=name, model=given.pop("model", "m"), severity=Severity.WARNING, title="t",
        cause="unknown", updated_at=NOW, alerts=("a1",), facts={"n": 3}, **given,
    )  # fmt: skip


def notice(name, of=None):
    """A notice of an incident."""
    return Notice(
        key=name, kind=NoticeKind.OPENED, route="r", sink=0, incident=of or incident("i1"),
        alerts=(alert("a1"),), created_at=NOW, link="http://x/",
    )  # fmt: skip


class TestAlerts:
    """Alerts, incidents and the outbox."""

    def test_alerts_are_saved_changed_and_forgotten(self, catalog):
        """One transaction saves, replaces and forgets."""
        pending = alert("a2", state=AlertState.PENDING, incident=None, opened_at=NOW + DAY)
        catalog.alerts.record(
            alerts=[alert("a1"), pending], forgotten=[], incidents=[incident("i1")], notices=[]
        )
        assert catalog.alerts.live_alerts("m") == (alert("a1"), pending)

        done = alert("a1", state=AlertState.RESOLVED, resolved_at=NOW)
        catalog.alerts.record(alerts=[done], forgotten=["a2"], incidents=[], notices=[])
        assert catalog.alerts.live_alerts("m") == ()
        assert catalog.alerts.alerts_of("i1") == (done,)
        assert catalog.alerts.resolved_alerts_since("m", NOW) == (done,)

    def test_incidents_count_while_they_live_and_a_while_after(self, catalog):
        """Open ones always, resolved ones from a moment on."""
        old = incident("i2", state=AlertState.RESOLVED, resolved_at=NOW - DAY)
        other = incident("i3", model="other")
        catalog.alerts.record(
            alerts=[], forgotten=[], incidents=[incident("i1"), old, other], notices=[]
        )

        assert catalog.alerts.incidents_since("m", NOW - 2 * DAY) == (incident("i1"), old)
        assert catalog.alerts.incidents_since("m", NOW - DAY) == (incident("i1"),)
        assert catalog.alerts.incident("i3") == other
        assert catalog.alerts.open_counts() == {"m": 1, "other": 1}
        with pytest.raises(NotFound):
            catalog.alerts.incident("i4")

    def test_incidents_are_paged_latest_first(self, catalog):
        """Incidents of one moment keep one order over pages."""
        made = [incident(f"i{n}", opened_at=NOW + (n // 2) * DAY) for n in range(5)]
        catalog.alerts.record(alerts=[], forgotten=[], incidents=made, notices=[])
        first = catalog.alerts.page(model="m", limit=2)
        second = catalog.alerts.page(model="m", limit=3, cursor=first.next_cursor)

        assert first.items + second.items == tuple(made[::-1])
        assert catalog.alerts.page(states=[AlertState.RESOLVED]).items == ()

    def test_what_became_of_notices(self, catalog):
        """However often one is recorded it is sent once; `test_outbox.py` holds the rest."""
        given = [notice("n1"), notice("n2"), notice("n3")]
        for _ in range(2):
            catalog.alerts.record(alerts=[], forgotten=[], incidents=[], notices=given)
        outbox, until = catalog.outbox, NOW + DAY
        outbox.sent(outbox.claim("n1", NOW, until=until), Settled(NOW, "250 ok"))
        outbox.refused(outbox.claim("n2", NOW, until=until), reason="no such address", at=NOW)
        outbox.delayed(outbox.claim("n3", NOW, until=until), reason="away", next_attempt_at=until)

        assert outbox.due(NOW, limit=10) == ()
        assert outbox.due(until, limit=10) == (given[2],)
        fates = catalog.alerts.notices_of("i1")
        assert [(f.sent_at, f.refused_at, f.reason, f.answer, f.attempts) for f in fates] == [
            (NOW, None, None, "250 ok", 1),
            (None, NOW, "no such address", None, 1),
            (None, None, "away", None, 1),
        ]


def batch(name="b", size=10, model="m"):
    """A batch with so many bytes of rows."""
    return InboxBatch(
        model, name, NOW, b"p" * size, None, b"q",
        (Tally(TODAY, 3, 2, 1),), (ColumnNote(TODAY.start, "x", "unknown", 3),),
    )  # fmt: skip


def put(catalog, name, size=10, model="m"):
    """Acknowledge a batch."""
    receipt = StoredReceipt(7, NOW, 3, 2, 1, 0)
    with catalog.inbox.write() as inbox:
        key = BatchKey(model, "predictions", "k", name)
        return inbox.put(key, receipt, batch(name, size, model), until=NOW + DAY)


PAGES = {0: b"a", 1: b"b"}


def run(level, until=2**62):
    """A run of three ids."""
    return Run(0, timed=True, level=level, entries=3, low=1, high=9, expires_at=until)


class TestInbox:
    """Acknowledged batches and remembered ids."""

    def test_a_batch_is_put_in_once(self, catalog):
        """The second batch of a name is refused and leaves nothing."""
        assert put(catalog, "b")
        assert not put(catalog, "b")

        assert catalog.inbox.waiting() == (1, 11)
        assert catalog.inbox.receipt(BatchKey("m", "predictions", "k", "b")).accepted == 2
        assert catalog.inbox.receipt(BatchKey("m", "labels", "k", "b")) is None

    def test_a_claim_never_changes(self, catalog):
        """Batches that come after it was made belong to the next one."""
        put(catalog, "b1")
        claim = catalog.inbox.claim("m")
        put(catalog, "b2")

        assert catalog.inbox.claim("m") == claim
        assert claim.batches == (batch("b1"),)
        catalog.inbox.finish(claim)
        following = catalog.inbox.claim("m")
        assert (following.number, [b.batch for b in following.batches]) == (2, ["b2"])
        catalog.inbox.finish(following)
        assert catalog.inbox.claim("m") is None
        assert catalog.inbox.waits() == ()

    def test_rejected_rows_are_read_while_they_wait(self, catalog):
        """They are a model's own, claimed or not, until their claim is finished."""
        put(catalog, "b1")
        claim = catalog.inbox.claim("m")
        put(catalog, "b2")

        assert catalog.inbox.quarantine("m") == (b"q", b"q")
        assert catalog.inbox.quarantine("other") == ()
        catalog.inbox.finish(claim)
        assert catalog.inbox.quarantine("m") == (b"q",)

    def test_tidying_changes_nothing(self, catalog):
        """What is in the log of a database is in its file, and all there as before."""
        put(catalog, "b1")
        catalog.tidy()
        catalog.tidy()

        assert catalog.inbox.waiting() == (1, 11)

    def test_claims_are_bounded_and_by_model(self, catalog):
        """A claim takes the oldest batches up to a size, and one at least."""
        for name in ("b1", "b2", "b3"):
            put(catalog, name, size=100)
        put(catalog, "c1", model="other")

        assert [b.batch for b in catalog.inbox.claim("m", most_bytes=150).batches] == ["b1", "b2"]
        assert len(catalog.inbox.claim("other", most_bytes=0).batches) == 1
        assert [wait.model for wait in catalog.inbox.waits()] == ["m", "other"]

    def test_ids_are_remembered_and_forgotten(self, catalog):
        """A run of ids counts from its commit until its time is over, and its pages go with it."""
        now = NOW.timestamp() * 1e6
        until = [int(now), int(now) + 1]
        with catalog.inbox.write() as inbox:
            runs = [
                inbox.ids.add(run(level=0, until=end), PAGES, live=True, now=NOW) for end in until
            ]
            assert [held.run for held in inbox.ids.live()] == runs
            assert inbox.ids.pages(runs[1], [0, 1, 7]) == PAGES

        assert catalog.inbox.forget(NOW) == 3
        with catalog.inbox.ids.read() as store:
            assert [held.run for held in store.live()] == runs[1:]
            assert store.pages(runs[0], [0, 1]) == {}

    def test_merged_runs_take_the_place_of_their_parts_once(self, catalog):
        """Who comes second changes nothing, and what was never made live is forgotten."""
        with catalog.inbox.ids.write() as store:
            parts = [store.add(run(level=0), PAGES, live=True, now=NOW) for _ in range(2)]
            merged = [store.add(run(level=1), PAGES, live=False, now=NOW) for _ in range(2)]
            assert store.replace(merged[0], parts)
            assert not store.replace(merged[1], parts)
            assert [held.run for held in store.live()] == merged[:1]

        catalog.inbox.forget(NOW + DAY)
        with catalog.inbox.ids.read() as store:
            assert store.pages(merged[1], [0]) == {}
            assert store.pages(merged[0], [0]) == {0: b"a"}

    def test_what_fails_is_not_acknowledged(self, catalog):
        """A transaction that breaks leaves neither batch nor ids; a step that breaks, only the rest."""

        def fail():
            with catalog.inbox.write() as inbox:
                inbox.ids.add(run(level=0), PAGES, live=True, now=NOW)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        with catalog.inbox.write() as inbox:
            inbox.ids.add(run(level=0), PAGES, live=True, now=NOW)
            with suppress(RuntimeError), inbox.step():
                inbox.ids.add(run(level=0), PAGES, live=True, now=NOW)
                raise RuntimeError
            assert len(inbox.ids.live()) == 1

    def test_many_writers_lose_nothing(self, catalog):
        """Batches put in from many threads at once are all there."""
        threads = [
            threading.Thread(target=lambda n=n: [put(catalog, f"b{n}-{i}") for i in range(5)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert catalog.inbox.waiting()[0] == 20


def test_lists_need_a_constant_number_of_statements(catalog):
    """However many rows a list has, it is one statement."""
    days = [Granularity.parse("1d").window_of(NOW + n * DAY) for n in range(30)]
    catalog.windows.record(move(1, *(Tally(day, 1, 1) for day in days)))
    for n in range(3):
        catalog.models.put(f"m{n}", "x", by="ann", now=NOW)
    found = [verdict(f"v{n}") for n in range(50)]
    catalog.verdicts.record("m", TODAY, found, known_at=NOW)
    statements = []
    engine = catalog.windows._database.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    lists = [
        catalog.models.page,
        lambda: catalog.windows.page("m"),
        catalog.windows.latest,
        lambda: catalog.verdicts.page(VerdictFilter(model="m")),
        lambda: catalog.verdicts.judgements(VerdictFilter(model="m")),
        catalog.alerts.page,
        catalog.baselines.current_of_all,
        catalog.keys.all,
    ]
    for ask in lists:
        ask()

    selects = [text for text in statements if text.lstrip().upper().startswith("SELECT")]
    assert len(selects) == len(lists)


def test_a_database_that_is_away_is_unavailable():
    """No server behind the URL: the error says which database, without its password."""
    with pytest.raises(Unavailable, match=r"\*\*\*@127.0.0.1") as caught:
        Catalog.open("postgresql+psycopg://keeper:secret@127.0.0.1:9/none?connect_timeout=1")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
def test_other_databases_are_refused(url):
    """What was never tested is refused with what to do."""
    with pytest.raises(InvalidInput, match="SQLite"):
        Database(url)


@pytest.mark.parametrize("values", [[], [2], range(40_000)])
def test_within_takes_any_list(catalog, values):
    """Looking for nothing finds nothing, and thousands of numbers are one parameter."""
    from watchkeeper.catalog.schema import inbox as table

    for name in ("b1", "b2", "b3"):
        put(catalog, name)
    asked = sa.select(table.c.position)
    with catalog.inbox._database.read() as connection:
        found = connection.execute(asked.where(within(connection, table.c.position, values)))
        assert set(found.scalars()) == set(values) & {1, 2, 3}


def test_expected_windows_are_made_once(catalog):
    """A window for which nothing came is made, and counted, the first time only."""
    assert catalog.windows.expect("m", [YESTERDAY, TODAY]) == 2
    assert catalog.windows.expect("m", [YESTERDAY, TODAY]) == 0
