"""Many acknowledgements in one transaction: each bears its own faults alone."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from waiting import PATIENCE_SECONDS, until
from watchkeeper.errors import Conflict, Unavailable
from watchkeeper.ingest.together import Together


class Work:
    """Jobs that are done while a first one holds the transaction open, so that they share one."""

    def __init__(self, inbox):
        self.inbox = inbox
        self.together = Together(inbox)
        self.results = {}

    def run(self, **jobs):
        """Run all jobs at once; results and errors by name."""
        begun, go_on = threading.Event(), threading.Event()

        def first(writing, _):
            begun.set()
            assert go_on.wait(PATIENCE_SECONDS)

        threads = [threading.Thread(target=self._one, args=("first", first))]
        threads[0].start()
        assert begun.wait(PATIENCE_SECONDS)
        threads += [threading.Thread(target=self._one, args=job) for job in jobs.items()]
        for thread in threads[1:]:
            thread.start()
        until(lambda: len(self.together._waiting) == len(jobs), what="all jobs wait")
        go_on.set()
        for thread in threads:
            thread.join()
        return {name: self.results[name] for name in jobs}

    def _one(self, name, job):
        try:
            self.results[name] = self.together.run(job)
        except (Conflict, Unavailable, sa.exc.SQLAlchemyError) as error:
            self.results[name] = type(error)

    def commits(self):
        """Counts transactions that were committed from now on."""
        seen = []
        sa.event.listen(self.inbox._database.engine, "commit", lambda _: seen.append(1))
        return seen


@pytest.fixture
def work(place):
    """Jobs on an empty inbox."""
    return Work(place.catalog.inbox)


def count(writing, _):
    """How many batches were acknowledged before, and one more."""
    claims = writing.connection.execute(sa.text("SELECT count(*) FROM claims")).scalar()
    writing.connection.execute(sa.text("INSERT INTO claims VALUES (:n, 0)"), {"n": str(claims)})
    return claims


def refuse(writing, session):
    """Does something, and then finds that it must not."""
    count(writing, session)
    raise Conflict("not like this")


def test_work_that_comes_together_is_committed_together(work):
    """One transaction for the first, one for all that came meanwhile; each gets its own result."""
    commits = work.commits()
    found = work.run(a=count, b=count, c=count)

    assert sorted(found.values()) == [0, 1, 2]
    assert len(commits) == 2


def test_what_is_refused_undoes_itself_alone(work):
    """The others stand as if it had never been."""
    found = work.run(a=count, b=refuse, c=count)

    assert found.pop("b") is Conflict
    assert sorted(found.values()) == [0, 1]


def test_who_breaks_the_transaction_breaks_it_alone(work):
    """Where the commit of several fails, each is tried by itself."""

    def broken(writing, _):
        sa.event.listen(writing.connection, "commit", fail, once=True)

    def fail(_):
        raise sa.exc.IntegrityError("at commit", {}, Exception("deferred"))

    found = work.run(a=count, b=broken, c=count)

    assert found.pop("b") is sa.exc.IntegrityError
    assert sorted(found.values()) == [0, 1]


def test_without_a_database_nobody_is_told_otherwise(work):
    """All that waited learn that it does not answer, once: nothing is tried again for each."""
    tries = []

    def away(writing, _):
        tries.append(1)
        raise AssertionError("not reached")

    def gone():
        raise Unavailable("the database is away")

    work.together._commit = lambda jobs: gone()
    with pytest.raises(Unavailable):
        work.together.run(away)
    assert tries == []
