"""The doctor: every fault, made for real, is found by its check, and mended where it can be."""

from __future__ import annotations

import fcntl
import io
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watchkeeper.errors import NotFound
from watchkeeper.governance.backup import take_backup
from watchkeeper.governance.checks import records
from watchkeeper.governance.checks.finding import Health
from watchkeeper.governance.doctor import CHECKS, examine, mend
from watchkeeper.governance.mending import bring_back
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.lake.stores import Files
from watchkeeper.settings import Settings

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
P, F = LakeTable.PREDICTIONS, LakeTable.PROFILES


def now():
    return datetime.now(UTC)


@pytest.fixture
def home(house):
    """The installation's folder, closed to others as a server leaves it."""
    folder = house.settings.home
    folder.chmod(0o700)
    (folder / "admin.key").chmod(0o600)
    return folder


def ill(house, *, at=None):
    """What is not well: the check, how bad, and the message."""
    found = examine(house.settings, now=at or now())
    return [(item.check, item.health.value, item.message) for item in found if item.health != "ok"]


def checks(house, **options):
    """Which checks are not content, and how bad it is."""
    return {(check, health) for check, health, _ in ill(house, **options)}


def repair(house, *, at=None):
    """Mend, and look again."""
    done = mend(examine(house.settings, now=at or now()))
    return done, checks(house)


def folder(house, table=P):
    return Path(table_uri(house.parts.lake.root, "loans", table))


def edit(house, file, statement):
    """Change a database behind everybody's back."""
    with sqlite3.connect(house.settings.home / file) as connection:
        connection.execute(statement)
    connection.close()


def commit(house, version, table=P):
    return folder(house, table) / "_delta_log" / f"{version:020}.json"


def data_file(house, table=P):
    return min(folder(house, table).glob("**/*.parquet"))


def test_a_sound_installation_is_told_so(house, home):
    """Every check says what it looked at, and nothing is wrong."""
    found = examine(house.settings, now=now())

    assert [item for item in found if item.health != "ok"] == []
    told = {item.check for item in found}
    assert told == {*CHECKS} - {"tables"} | {"lake"}


def test_windows_without_rows_and_without_a_verdict_are_sound(house, home, monkeypatch):
    """Silence is judged too; what could not be judged has no profile, and that is told elsewhere."""
    from watchkeeper.server.watching import Watcher

    house.live(6)

    def fail(*_):
        raise ValueError("a monitor failed")

    with monkeypatch.context() as failing:
        failing.setattr(Watcher, "judge", fail)
        house.live(7)

    assert checks(house) == set()


def test_no_installation_is_not_found(tmp_path):
    """And none is made by looking."""
    with pytest.raises(NotFound, match="--home"):
        examine(Settings(home=tmp_path), now=now())
    assert list(tmp_path.iterdir()) == []


class TestTheLake:
    """Files and logs."""

    def test_a_file_that_is_gone(self, house, home, tmp_path):
        """It is named, and brought back from a backup."""
        backup = Files(tmp_path / "backup")
        installation = house.installation()
        take_backup(installation, backup, now=now(), code="1")
        installation.close()
        data_file(house).unlink()

        assert ("files", "fail") in checks(house)
        assert len(bring_back(backup, Files(house.parts.lake.root))) == 1
        assert checks(house) == set()

    def test_a_file_that_is_cut_short(self, house, home):
        """Its size is not what the log says."""
        path = data_file(house)
        path.write_bytes(path.read_bytes()[:-10])

        assert ("files", "fail") in checks(house)

    def test_a_file_whose_bytes_changed(self, house, home, tmp_path):
        """Only reading it all finds it; its checksum tells which copy is right."""
        backup = Files(tmp_path / "backup")
        installation = house.installation()
        take_backup(installation, backup, now=now(), code="1")
        installation.close()
        path = data_file(house, F)
        content = bytearray(path.read_bytes())
        content[100:400] = b"\x00" * 300
        path.write_bytes(bytes(content))
        lake = Files(house.parts.lake.root)

        found = examine(house.settings, now=now(), deep=True)
        assert "files" in {item.check for item in found if item.health is Health.FAIL}
        assert bring_back(backup, lake) == []
        assert len(bring_back(backup, lake, deep=True)) == 1
        found = examine(house.settings, now=now(), deep=True)
        assert [item for item in found if item.health is Health.FAIL] == []

    def test_a_log_with_a_gap(self, house, home):
        """A missing version is named."""
        commit(house, 2).unlink()

        (found,) = [message for check, _, message in ill(house) if check == "logs"]
        assert "lacks version 2" in found

    @pytest.mark.parametrize("cut", [lambda text: text[: len(text) // 2], lambda _: b"\x00" * 100])
    def test_a_commit_that_is_cut_short(self, house, home, tmp_path, cut):
        """It is told from a whole one, and brought back from a backup."""
        backup = Files(tmp_path / "backup")
        installation = house.installation()
        take_backup(installation, backup, now=now(), code="1")
        installation.close()
        commit(house, 1).write_bytes(cut(commit(house, 1).read_bytes()))

        assert ("logs", "fail") in checks(house)
        bring_back(backup, Files(house.parts.lake.root))
        assert checks(house) == set()

    def test_a_log_that_is_gone(self, house, home):
        """Data files without a log are no table."""
        for path in (folder(house) / "_delta_log").iterdir():
            path.unlink()

        assert ("logs", "fail") in checks(house)

    def test_what_a_dead_writer_left(self, house, home):
        """Files of no version go when they are a day old; a young one may be about to be named."""
        orphan = data_file(house).with_name("part-0.parquet")
        orphan.write_bytes(b"x")

        assert checks(house) == set()
        old = now().timestamp() - 2 * 86_400
        os.utime(orphan, (old, old))
        done, left = repair(house)
        assert (len(done), left, orphan.exists()) == (1, set(), False)

    def test_replaced_files_are_nobodys_orphans(self, house, home):
        """What was merged away can be read as of then; it is left to upkeep."""
        house.live(4)
        house.receive(house.loans(START, 5).drop_columns(["repaid"]), START + 9 * DAY)
        care = house.parts.lake.care("loans", P)
        for place in care.crowded(min_files=1):
            care.merge(place)

        assert ("orphans", "warn") not in checks(house, at=now() + 3 * DAY)

    def test_what_a_backup_has_and_the_lake_let_go_stays_gone(self, house, home, tmp_path):
        """Rows that were deleted on purpose do not come back."""
        backup = Files(tmp_path / "backup")
        installation = house.installation()
        take_backup(installation, backup, now=now(), code="1")
        installation.close()
        care = house.parts.lake.care("loans", P)
        care.forget(START + 2 * DAY)
        care.vacuum(hours=0)

        assert bring_back(backup, Files(house.parts.lake.root)) == []

    def test_a_folder_of_no_model(self, house, home):
        """It is shown, never deleted."""
        Files(house.parts.lake.root).write("strange/file.parquet", io.BytesIO(b"x"))

        assert checks(house) == {("lake", "warn")}
        assert repair(house) == ([], {("lake", "warn")})


class TestCounts:
    """Catalog against lake."""

    def test_a_catalog_that_counts_another_number(self, house, home):
        """The windows of the day are counted anew, and judged again."""
        then = house.told()["windows"]
        edit(house, "catalog.db", "UPDATE windows SET accepted = accepted + 7 WHERE received > 0")

        assert checks(house) == {("counts", "fail")}
        done, left = repair(house)
        assert left == set()
        assert "counted anew" in done[0]
        house.parts.worker().step()
        found = house.told()["windows"]
        assert [w[1].accepted for w in found] == [w[1].accepted for w in then]

    def test_a_window_that_the_catalog_lost(self, house, home):
        """It is made again from its rows."""
        edit(
            house,
            "catalog.db",
            "DELETE FROM windows WHERE start = (SELECT min(start) FROM windows)",
        )

        assert ("counts", "fail") in checks(house)
        assert ("counts", "fail") not in repair(house)[1]
        assert house.told()["windows"][-1][1].accepted == 60

    def test_rows_that_the_lake_lost(self, house, home):
        """The lake holds less than was counted: that is told, whoever deleted them."""
        house.parts.lake.care("loans", P).forget(START + 3 * DAY)

        assert ("counts", "fail") in checks(house)

    def test_rows_that_retention_deleted_are_not_missed(self, house, home):
        """What was let go by its chore is no fault."""
        cutoff = int((START + 3 * DAY).timestamp() * 1e6)
        edit(
            house,
            "catalog.db",
            "INSERT INTO chores (task, model, name, done_at, before) "
            f"VALUES ('retain', 'loans', 'predictions', {cutoff}, {cutoff})",
        )
        house.parts.lake.care("loans", P).forget(START + 3 * DAY)

        assert checks(house) == set()

    def test_a_profile_that_is_gone(self, house, home):
        """Its window is profiled anew; verdicts that cite the old one are named."""
        house.parts.lake.care("loans", F).forget_profiles(START + 2 * DAY, cited=())

        found = ill(house)
        assert {check for check, _, _ in found} == {"profiles"}
        assert len(found) == 2
        mend(examine(house.settings, now=now()))
        house.parts.worker().step()
        assert not [m for check, _, m in ill(house) if "have no profile" in m]

    def test_an_id_that_is_stored_twice(self, house, home):
        """The same row again under its own place is our fault; it is counted once."""
        lake = house.parts.lake
        rows = lake.rows("loans", P, start=START, end=START + DAY).slice(0, 3)
        lake._table("loans", P).append(rows)

        assert {("ids", "fail"), ("counts", "fail")} == checks(house)


class TestRecords:
    """Databases, inbox, positions."""

    def test_rows_that_wait_without_a_server(self, house, home):
        """They are moved on request; whoever comes first moves them."""
        house.receive(house.loans(START + 4 * DAY).drop_columns(["repaid"]), START + 5 * DAY)

        assert checks(house) == {("inbox", "warn")}
        assert repair(house)[1] == set()
        assert len(house.ids()) == 300

    def test_rows_that_wait_for_a_mover_that_stands(self, house, home, monkeypatch):
        """A server that runs and does not move is told apart from one that is about to."""
        monkeypatch.setattr(records, "_PATIENCE_SECONDS", 0.01)
        house.receive(house.loans(START + 4 * DAY).drop_columns(["repaid"]), START + 5 * DAY)
        with (home / "serve.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (found,) = [message for check, _, message in ill(house) if check == "inbox"]

        assert "wait" in found

    def test_a_claim_that_is_half_done(self, house, home, monkeypatch):
        """It is gone through again from its start, and changes nothing twice."""
        house.receive(house.loans(START + 4 * DAY).drop_columns(["repaid"]), START + 5 * DAY)
        mover = house.parts.worker().mover

        def die(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as dying:
            dying.setattr(type(mover._inbox), "finish", die)
            with pytest.raises(KeyboardInterrupt):
                mover.move()

        (found,) = [message for check, _, message in ill(house) if check == "inbox"]
        assert "half done" in found
        assert repair(house)[1] == set()
        assert len(house.ids()) == 300

    def test_an_inbox_that_is_older_than_the_lake(self, house, home):
        """Its next moves would be taken for known: they go on after those that were made."""
        edit(house, "inbox.db", "UPDATE claims SET number = 1")

        assert checks(house) == {("positions", "fail")}
        assert repair(house)[1] == set()
        house.live(4)
        assert len(house.ids()) == 300

    def test_a_schema_that_is_not_the_newest(self, house, home):
        """Nothing is compared before the tables are as they should be."""
        edit(house, "inbox.db", "UPDATE inbox_migration SET version_num = 'zzz'")

        assert checks(house) == {("migrations", "fail"), ("records", "warn")}
        (found,) = [message for check, _, message in ill(house) if check == "migrations"]
        assert "zzz" in found

    def test_a_database_that_is_damaged(self, house, home):
        """SQLite's own check finds it."""
        house.parts.close()
        path = home / "catalog.db"
        content = bytearray(path.read_bytes())
        content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
        path.write_bytes(bytes(content))

        assert ("databases", "fail") in checks(house)


class TestTheMachine:
    """Permissions, room, time."""

    def test_a_home_that_others_can_read(self, house, home):
        """It is closed on request."""
        home.chmod(0o755)
        (home / "admin.key").chmod(0o644)

        assert checks(house) == {("permissions", "warn")}
        done, left = repair(house)
        assert (len(done), left) == (2, set())

    @pytest.mark.parametrize(("free", "health"), [(2**29, "fail"), (2**32, "warn"), (2**34, None)])
    def test_a_disk_that_is_nearly_full(self, house, home, monkeypatch, free, health):
        """Before nothing can be acknowledged any more."""
        import shutil

        usage = type(shutil.disk_usage(home))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40 - free, free))

        assert checks(house) == ({("disk", health)} if health else set())

    def test_a_clock_that_was_set_back(self, house, home):
        """What is due daily would wait until the time comes again."""
        house.parts.upkeep().step()

        assert ("clock", "fail") in checks(house, at=START)

    def test_upkeep_that_is_not_done(self, house, home):
        """Only where a server runs that should do it."""
        house.parts.upkeep().step()
        assert checks(house) == set()
        with (home / "serve.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert ("upkeep", "warn") in checks(house)


def test_a_check_that_fails_is_a_finding(house, home, monkeypatch):
    """What cannot be looked at is not taken for sound."""
    from watchkeeper.errors import Unavailable
    from watchkeeper.lake.lake import Lake

    def away(*_):
        raise Unavailable("the store is away")

    monkeypatch.setattr(Lake, "files", away)
    found = [item for item in examine(house.settings, now=now()) if item.health is Health.FAIL]

    assert ["the store is away" in item.message for item in found] == [True]
