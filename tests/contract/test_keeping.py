"""What is kept, on every database: chores, what verdicts cite, and copies of one moment."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from watchkeeper.catalog import Catalog, Move, Tally, WindowState
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.catalog.database import Database
from watchkeeper.catalog.inbox import BatchKey, InboxBatch, StoredReceipt
from watchkeeper.catalog.migrate import GROUPS, revisions
from watchkeeper.catalog.schema import claims
from watchkeeper.catalog.snapshots import copy_records, frozen
from watchkeeper.domain.verdict import Inputs, Status, Verdict
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import Conflict, Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = Granularity.parse("1d").window_of(NOW)
_NAMES = itertools.count()


def verdict(name, *profiles):
    return Verdict(
        id=name, monitor="drift", model="m", status=Status.OK, what="share", message="fine",
        window=TODAY, known_at=NOW, inputs=Inputs(profiles, "c", "1"),
    )  # fmt: skip


def move(number, *, tallies=(), inbox="x"):
    return Move(inbox=inbox, model="m", number=number, known_at=NOW, tallies=tallies)


def put(catalog, name):
    """Acknowledge an empty batch."""
    receipt = StoredReceipt(1, NOW, 0, 0, 0, 0)
    with catalog.inbox.write() as writing:
        key = BatchKey("m", "predictions", "k", name)
        batch = InboxBatch("m", name, NOW, b"rows", None, None)
        assert writing.put(key, receipt, batch, until=NOW + DAY)


@pytest.fixture
def databases(migrated_urls):
    """Records and inbox, as a backup opens them."""
    records, inbox = migrated_urls
    first = Database(records)
    both = (first, first if inbox == records else Database(inbox))
    yield both
    for database in set(both):
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """Empty databases elsewhere, as a restore wants them."""
    if request.param == "sqlite":
        made = [Database(f"sqlite:///{tmp_path}/new/{name}.db") for name in ("catalog", "inbox")]
    else:
        url, name = request.getfixturevalue("postgresql"), f"restored{next(_NAMES)}"
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        server.dispose()
        made = [Database(url.replace("/postgres?", f"/{name}?"))] * 2
    yield tuple(made)
    for database in set(made):
        database.close()


class TestChores:
    """What is done again and again."""

    def test_a_chore_is_remembered_as_it_stands(self, catalog):
        """The latest record of each counts; chores of other tables are apart."""
        key, other = ChoreKey("order", "m", "predictions"), ChoreKey("order", "m", "labels")
        catalog.chores.record(key, Chore(NOW, 3))
        catalog.chores.record(key, Chore(NOW + DAY, 5, NOW))
        catalog.chores.record(other, Chore())

        assert catalog.chores.all() == {key: Chore(NOW + DAY, 5, NOW), other: Chore()}

    def test_windows_whose_rows_are_let_go_are_not_pending(self, catalog):
        """Those of other models are, and those that came to be known later."""
        late = Tally(TODAY, 1, 1, since=NOW + 9 * DAY, until=NOW + 9 * DAY)
        catalog.windows.record(move(1, tallies=[Tally(TODAY, 1, 1)]))
        catalog.windows.record(Move("x", "late", 1, NOW + 9 * DAY, [late]))
        for model in ("m", "late"):
            catalog.chores.record(ChoreKey("retain", model, "labels"), Chore(before=NOW + DAY))

        assert ["late"] == [found.model for found in catalog.windows.pending(WindowState.DIRTY)]


def test_every_profile_that_a_verdict_names_is_cited(catalog):
    """Superseded verdicts count as well; another model's do not."""
    catalog.verdicts.record("m", TODAY, [verdict("v1", "a", "b")], known_at=NOW)
    catalog.verdicts.record("m", TODAY, [verdict("v2", "c"), verdict("v3")], known_at=NOW + DAY)

    assert catalog.verdicts.cited("m") == {"a", "b", "c"}
    assert catalog.verdicts.cited("other") == frozenset()


class TestSnapshots:
    """Records and inbox of one moment, and copies of them from any database to any other."""

    def test_a_copy_holds_every_row_of_every_table(self, catalog, databases, empty, tmp_path):
        """And goes on counting where the original stopped."""
        catalog.models.put("m", "text", by="t", now=NOW)
        catalog.verdicts.record("m", TODAY, [verdict("v1", "a")], known_at=NOW)
        put(catalog, "b1")
        identity = catalog.inbox.identity
        with frozen(*databases) as held:
            held.save(tmp_path / "c.db", tmp_path / "i.db")
            assert (held.identity, held.models, held.claimed) == (identity, ("m",), {})
        copy_records(tmp_path / "c.db", tmp_path / "i.db", empty)

        for group, source, target in zip(GROUPS, databases, empty, strict=True):
            assert revisions(target, group)[0] == revisions(source, group)[1]
            for table in GROUPS[group].sorted_tables:
                with source.read() as one, target.read() as two:
                    rows = [sorted(map(str, c.execute(sa.select(table)))) for c in (one, two)]
                assert rows[0] == rows[1], table.name
        again = Catalog(*empty)
        again.verdicts.record("m", TODAY, [verdict("v9")], known_at=NOW + DAY)
        put(again, "b2")
        assert again.inbox.identity == identity
        assert again.inbox.waiting()[0] == 2

    def test_a_database_that_holds_rows_is_not_written_to(self, databases, catalog, tmp_path):
        """Nothing is mixed."""
        catalog.models.put("m", "text", by="t", now=NOW)
        with frozen(*databases) as held:
            held.save(tmp_path / "c.db", tmp_path / "i.db")

        with pytest.raises(Conflict, match="documents"):
            copy_records(tmp_path / "c.db", tmp_path / "i.db", databases)

    def test_what_others_write_meanwhile_is_not_in_it(self, catalog, databases, tmp_path):
        """The moment is that of the first look, however long the copying takes."""
        put(catalog, "b1")
        with frozen(*databases) as held:
            put(catalog, "b2")
            catalog.models.put("later", "text", by="t", now=NOW)
            held.save(tmp_path / "c.db", tmp_path / "i.db")

        saved = Catalog(*(Database(f"sqlite:///{tmp_path}/{name}.db") for name in "ci"))
        assert saved.inbox.waiting()[0] == 1
        assert saved.models.all() == ()
        saved.close()

    def test_a_claim_between_its_steps_is_a_moment_too(self, catalog, databases):
        """Claimed, recorded, deleted: records and inbox agree at each."""
        put(catalog, "b1")
        claim = catalog.inbox.claim("m")
        with frozen(*databases) as held:
            assert held.claimed == {"m": 1}
        catalog.windows.record(move(1, inbox=catalog.inbox.identity))
        with frozen(*databases):
            pass
        catalog.inbox.finish(claim)
        with frozen(*databases) as held:
            assert held.claimed == {"m": 1}

    @pytest.mark.parametrize("number", [1, 3])
    def test_records_and_inbox_that_never_agree_are_refused(self, databases, catalog, number):
        """Whoever restored one of them alone is told so, and nothing is copied."""
        with databases[1].write() as connection:
            connection.execute(sa.insert(claims).values(model="m", number=number))
        catalog.windows.record(move(2, inbox=catalog.inbox.identity))

        with pytest.raises(Unavailable, match="did not agree"), frozen(*databases):
            pass

    def test_an_older_schema_is_not_copied(self, urls):
        """Its tables are not those that a restore makes."""
        database = Database(urls[0])
        with pytest.raises(Conflict, match="newest schema"), frozen(database, database):
            pass
        database.close()
