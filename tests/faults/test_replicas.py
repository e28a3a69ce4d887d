"""Two real servers over one PostgreSQL: the same rows to both at the same time count once."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from checker import check
from place import Place
from writer import Journal, row

from waiting import PATIENCE_SECONDS, until
from watchkeeper.errors import Conflict


@pytest.fixture
def replicas(tmp_path, postgresql):
    """Two servers with one database and one lake; the second is told the key of the first."""
    server = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE replicas"))
    shared = {
        "WATCHKEEPER_DATABASE_URL": postgresql.replace("/postgres?", "/replicas?"),
        "WATCHKEEPER_LAKE": str(tmp_path / "lake"),
    }
    made = []
    try:
        for name in ("one", "two"):
            home = tmp_path / name / "home"
            home.mkdir(parents=True)
            if made:
                shutil.copy(made[0].home / "admin.key", home)
            made.append(Place(tmp_path / name, **shared))
        yield made
    finally:
        for place in made:
            place.close()
        with server.connect() as connection:
            connection.execute(sa.text("DROP DATABASE replicas WITH (FORCE)"))
        server.dispose()


def send(places, jobs):
    """Batches of rows, all at once, one after another to each server; what was acknowledged."""
    together = threading.Barrier(len(jobs))

    def run(place, name, rows):
        try:
            with place.client() as client:
                together.wait(PATIENCE_SECONDS)
                return client.log_predictions("loans", rows, batch=name)
        except BaseException:
            together.abort()  # nobody waits for one that failed
            raise

    with ThreadPoolExecutor(len(jobs)) as pool:
        done = [pool.submit(run, places[at % len(places)], *job) for at, job in enumerate(jobs)]
    errors = [each.exception() for each in done]
    assert not any(errors), errors
    return [each.result() for each in done]


@pytest.mark.slow
def test_the_same_rows_to_both_at_once_count_once(replicas, tmp_path):
    """One batch sent to both is acknowledged by both and stored once, and so are rows that lie in
    batches of different names; another batch of the same name is refused by either.
    """
    import random

    chance = random.Random(3)
    rows = [{"loan": f"r{n}", **row(chance)} for n in range(1_500)]
    journal = Journal(tmp_path / "all.journal")
    journal.say("intent", "predictions", [one["loan"] for one in rows])
    same = send(replicas, [("same", rows[:500])] * 6)
    mixed = send(replicas, [(f"m{n}", chance.sample(rows[500:], 700)) for n in range(6)])
    with replicas[0].client() as one, replicas[1].client() as two:
        one.log_predictions("loans", rows, batch="rest")
        with pytest.raises(Conflict, match="acknowledged with other rows"):
            two.log_predictions("loans", rows[:7], batch="rest")

    journal.say("taken", "predictions", [one["loan"] for one in rows])
    assert {receipt.accepted for receipt in same} == {500}
    assert [receipt.data["repeated"] for receipt in same].count(False) == 1
    assert all(receipt.rejected == 0 for receipt in mixed)
    lake = tmp_path / "lake" / "loans" / "predictions"

    def look():
        return check(lake, [tmp_path / "all.journal"], kind="predictions").problems

    until(look, lambda problems: problems == (), what="all is stored once")
    windows = replicas[1].windows()
    counts = [sum(w[name] for w in windows) for name in ("received", "accepted", "duplicate")]
    assert counts == [500 + 6 * 700 + 1_500, 1_500, 4_700]
