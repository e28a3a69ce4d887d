"""Backup and restore: the same answers as then, whatever happens meanwhile."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from watchkeeper.errors import Conflict, InvalidInput, NotFound
from watchkeeper.governance import backup as backups
from watchkeeper.governance.backup import prune, take_backup, verify
from watchkeeper.governance.doctor import examine
from watchkeeper.governance.points import FILES, list_points, point_at
from watchkeeper.governance.restore import Target, restore
from watchkeeper.lake.stores import Files

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + 100 * DAY


def save(house, place, number=0):
    """Add a point, some hours after the one before."""
    installation = house.installation()
    try:
        return take_backup(installation, place, now=NOW + number * timedelta(hours=1), code="1")
    finally:
        installation.close()


@pytest.fixture
def place(tmp_path):
    """An empty backup."""
    return Files(tmp_path / "backup")


def bring_back(place, home, moment=None):
    """Restore the point of a moment into a home folder."""
    restore(place, point_at(place, moment), Target(home, Files(home / "lake")))
    return home


def test_a_restored_installation_answers_as_then(house, place, tmp_path, reopen):
    """Verdicts, counts, rows and profiles of the point, not of what came after it."""
    then = house.told()
    save(house, place)
    house.live(4)

    found = reopen(bring_back(place, tmp_path / "again"))

    assert found.told() == then
    assert then["verdicts"]
    assert (tmp_path / "again" / "admin.key").read_text() == "the key\n"
    assert house.told() != then


def test_each_point_can_be_asked_for(house, place, tmp_path, reopen):
    """The latest at or before a moment; before the first there is none."""
    told = [house.told()]
    save(house, place)
    house.live(4)
    told.append(house.told())
    save(house, place, 1)

    first = reopen(bring_back(place, tmp_path / "first", NOW + timedelta(minutes=59)))
    last = reopen(bring_back(place, tmp_path / "last"))
    assert [first.told(), last.told()] == told
    with pytest.raises(NotFound, match="its first is of"):
        point_at(place, NOW - DAY)


def test_a_restored_installation_goes_on(house, place, tmp_path, reopen):
    """New rows are taken and judged, old ones sent again are duplicates."""
    save(house, place)
    found = reopen(bring_back(place, tmp_path / "again"))
    before = found.ids()

    found.receive(
        house.loans(START + 3 * DAY).drop_columns(["repaid"]), START + 5 * DAY, batch="again"
    )
    found.live(4)

    assert sorted({*before, *house.loans(START + 4 * DAY)["loan"].to_pylist()}) == found.ids()


def test_only_new_files_are_copied(house, place):
    """What an earlier point brought is named, not copied; a file that is damaged is copied anew."""
    first, second = save(house, place), save(house, place, 1)
    house.live(4)
    third = save(house, place, 2)

    assert (first.copied, second.copied) == (first.files, 0)
    assert 0 < third.copied < third.files
    path = next(iter(third.point.data_files()))
    place.write(f"{FILES}/{path}", io.BytesIO(b"short"))
    assert save(house, place, 3).copied == 1
    assert verify(place, point_at(place)) == []


def test_rows_that_wait_are_moved_after_the_restore(house, place, tmp_path, reopen):
    """Acknowledged means kept: also what was not in the lake yet."""
    house.receive(house.loans(START + 4 * DAY).drop_columns(["repaid"]), START + 5 * DAY)
    save(house, place)
    found = reopen(bring_back(place, tmp_path / "again"))
    assert len(found.ids()) == 240

    found.parts.worker().step()

    assert len(found.ids()) == 300


@pytest.mark.parametrize("step", ["_append", "record", "finish"])
def test_a_backup_between_the_steps_of_a_move(house, place, tmp_path, reopen, monkeypatch, step):
    """Whether or not the lake or the catalog has the claim already: each row is there once."""
    mover = house.parts.worker().mover
    owner = {"_append": mover, "record": mover._windows, "finish": mover._inbox}[step]
    plain = getattr(type(owner), step)

    def back_up_first(*given):
        save(house, place)
        return plain(*given)

    house.receive(house.loans(START + 4 * DAY).drop_columns(["repaid"]), START + 5 * DAY)
    with monkeypatch.context() as between:
        between.setattr(type(owner), step, back_up_first)
        mover.move()
    found = reopen(bring_back(place, tmp_path / "again"))
    found.parts.worker().mover.move()

    assert found.ids() == house.ids()
    assert found.told()["windows"] == house.told()["windows"]
    assert len(found.ids()) == 300


def test_what_comes_while_a_backup_runs_is_in_the_next(house, place, tmp_path, reopen, monkeypatch):
    """Claims that were made after the records were read are not in the lake of the point."""
    pinned = backups._pinned

    def live_meanwhile(lake, held):
        house.live(4)
        return pinned(lake, held)

    then = house.told()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(backups, "_pinned", live_meanwhile)
        save(house, place)
    found = reopen(bring_back(place, tmp_path / "again"))
    assert found.told()["rows"] == then["rows"]
    assert found.told()["windows"] == then["windows"]
    found.live(4)
    assert found.told()["rows"] == house.told()["rows"]


def test_backups_beside_a_busy_mover_lose_and_double_nothing(house, place, tmp_path, reopen):
    """Many points under load: each is whole, counts equal rows, and what waits is moved once."""
    stopping = threading.Event()

    def work():
        for number in range(40):
            if stopping.is_set():
                return
            table = (
                house.loans(START + 4 * DAY, 400).slice(number * 10, 10).drop_columns(["repaid"])
            )
            house.receive(table, START + 5 * DAY, batch=f"busy-{number}")
            house.parts.worker().mover.move()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(3):
            save(house, place, number)
    finally:
        stopping.set()
        thread.join()

    for number, moment in enumerate(list_points(place)):
        found = reopen(bring_back(place, tmp_path / f"again-{number}", moment))
        found.parts.worker().mover.move()
        ids = found.ids()
        counted = sum(
            w.accounting.accepted for w in found.parts.catalog.windows.page("loans").items
        )
        assert len(ids) == len(set(ids)) == counted


def test_a_backup_that_was_killed_leaves_the_earlier_ones_whole(house, place, monkeypatch):
    """Before its manifest is written a point is none."""
    save(house, place)
    house.live(4)

    def die(*_):
        raise KeyboardInterrupt

    for name in ("write_point", "_copy_tables", "_pack_logs"):
        with monkeypatch.context() as dying:
            dying.setattr(backups, name, die)
            with pytest.raises(KeyboardInterrupt):
                save(house, place, 1)
    assert list_points(place) == [NOW]
    assert verify(place, point_at(place)) == []


def test_a_restore_needs_an_empty_place(house, place, tmp_path):
    """Neither a folder nor a lake that holds something is written to."""
    save(house, place)
    with pytest.raises(Conflict, match="empty folder"):
        bring_back(place, house.settings.home)
    lake = Files(house.parts.lake.root)
    with pytest.raises(Conflict, match="empty lake"):
        restore(place, point_at(place), Target(tmp_path / "new", lake))


def test_a_restore_that_was_cut_short_is_repeated(house, place, tmp_path, reopen, monkeypatch):
    """Where it stopped no installation is left behind, and the same call goes on."""
    from watchkeeper.governance import restore as restores

    save(house, place)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(restores, "_place_records", die)
        with pytest.raises(KeyboardInterrupt):
            bring_back(place, tmp_path / "again")
    assert not (tmp_path / "again" / "catalog.db").exists()

    assert reopen(bring_back(place, tmp_path / "again")).told() == house.told()


def test_a_damaged_backup_is_not_restored(house, place, tmp_path):
    """Each file is held against its checksum, and `verify` tells all of them."""
    point = save(house, place).point
    path = f"{FILES}/{next(iter(point.data_files()))}"
    content = bytearray(place.read(path))
    content[len(content) // 2] ^= 1
    place.write(path, io.BytesIO(bytes(content)))
    place.delete(f"{point.folder}/inbox.db")

    assert len(verify(place, point)) == 2
    with pytest.raises(InvalidInput, match="as it was written"):
        bring_back(place, tmp_path / "again")


def test_old_points_go_with_the_files_that_only_they_need(house, place, tmp_path, reopen):
    """What is left can be restored; young files of nobody stay, a backup may be bringing them."""
    save(house, place)
    house.live(4)
    care = house.parts.lake.care("loans", "predictions")
    for day in care.finished(before=(START + 99 * DAY).date()):
        care.merge(day)
    save(house, place, 1)
    place.write("files/nobody.parquet", io.BytesIO(b"x"))
    held = {item.path for item in place.walk(FILES)}

    assert prune(place, keep=1, now=point_time(place)) == 1
    assert list_points(place) == [NOW + timedelta(hours=1)]
    assert {item.path for item in place.walk(FILES)} == held
    assert prune(place, keep=1, now=point_time(place) + 2 * DAY) == 0
    needed = {f"{FILES}/{path}" for path in point_at(place).data_files()}
    assert {item.path for item in place.walk(FILES)} == needed
    assert reopen(bring_back(place, tmp_path / "again")).told() == house.told()


def point_time(place):
    """When the youngest file was written."""
    return max(item.modified_at for item in place.walk())


def test_from_files_to_postgresql_and_back(house, place, tmp_path, reopen, postgresql):
    """Records of either kind are restored to either; the doctor finds nothing wrong with them."""
    server = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS keeping"))
        connection.execute(sa.text("CREATE DATABASE keeping"))
    server.dispose()
    url, home = postgresql.replace("/postgres?", "/keeping?"), tmp_path / "there"
    then = house.told()
    save(house, place)
    restore(place, point_at(place), Target(home, Files(home / "lake"), url))

    there = reopen(home, database_url=url)
    assert there.told() == then
    assert not (home / "catalog.db").exists()
    found = examine(there.settings, now=datetime.now(UTC))
    assert [item for item in found if item.health != "ok"] == []
    there.live(4)
    save(there, place, 1)
    back = reopen(bring_back(place, tmp_path / "back"))
    assert back.told() == there.told()
    assert back.told() != then


@pytest.mark.slow
@pytest.mark.xdist_group("s3")
def test_a_backup_on_an_object_store(house, object_store, tmp_path, reopen):
    """Points are added, checked, deleted and restored there as in a folder."""
    place = Files(object_store.folder(f"{tmp_path.name}-backup"), object_store.options)
    assert list_points(place) == []
    first = save(house, place)
    house.live(4)
    second = save(house, place, 1)

    assert second.copied < first.copied
    assert verify(place, point_at(place)) == []
    assert prune(place, keep=1, now=point_time(place) + 2 * DAY) == 1
    assert list_points(place) == [NOW + timedelta(hours=1)]
    assert reopen(bring_back(place, tmp_path / "again")).told() == house.told()
