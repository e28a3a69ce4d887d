"""Care of tables, in a folder and on a real S3 server: no row changes, old ones go."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput, NotFound, Unavailable
from watchkeeper.lake import Lake, LakeTable, Place, ProfilePart, Seen
from watchkeeper.lake import care as cares
from watchkeeper.lake.log import _made_at
from watchkeeper.lake.stores import Files, store_options

P, L, F = LakeTable.PREDICTIONS, LakeTable.LABELS, LakeTable.PROFILES
HOUR = timedelta(hours=1)


def test_small_files_of_a_day_become_one(shelf):
    """No row changes; a day of few files stays; again there is nothing to do."""
    for number in range(8):
        shelf.put((str(number), shelf.noon))
    shelf.put(("other", shelf.noon + shelf.day))
    care = shelf.lake.care("m", P)

    assert care.crowded(min_files=8) == [Place(shelf.noon.date())]
    assert care.merge(Place(shelf.noon.date())) == 8
    assert care.crowded(min_files=2) == []
    assert shelf.ids() == ["0", "1", "2", "3", "4", "5", "6", "7", "other"]


def test_two_that_care_at_once(shelf):
    """Of two that rewrite the same files one gives way; no row is lost or doubled."""
    for number in range(6):
        shelf.put((str(number), shelf.noon + number * HOUR), (f"{number}+", shelf.noon + 6 * HOUR))
    place, together = Place(shelf.noon.date()), threading.Barrier(3)
    failed = []

    def tend(act):
        together.wait()
        try:
            act(shelf.lake.care("m", P))
        except Exception as error:  # noqa: BLE001  told below
            failed.append(error)

    acts = (
        lambda care: care.merge(place),
        lambda care: care.order(place, "_wk_time"),
        lambda care: care.vacuum(hours=1),
    )
    threads = [threading.Thread(target=tend, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert shelf.ids() == sorted(f"{n}{end}" for n in range(6) for end in ("", "+"))


def test_labels_of_unknown_day_are_merged_too(shelf):
    """They lie together, whatever is said of them later."""
    for number in range(4):
        shelf.put((str(number), "yes", None), table=L)
    care = shelf.lake.care("m", L)

    assert [care.merge(place) for place in care.crowded(min_files=4)] == [4]
    assert shelf.ids(L) == ["0", "1", "2", "3"]


def test_a_day_whose_files_lie_across_each_other_is_put_in_the_order_of_time(shelf):
    """They become one in which every row comes after those that happened before."""
    for number in (2, 0, 1):
        shelf.put(*((str(n), shelf.noon + n * HOUR) for n in (number, number + 3)))
    care = shelf.lake.care("m", P)

    assert care.order(Place(shelf.noon.date()), "_wk_time") == 3
    rows = shelf.lake.rows("m", P, start=shelf.noon, end=shelf.noon + shelf.day)
    assert rows.column("_wk_id").to_pylist() == ["0", "1", "2", "3", "4", "5"]
    assert care.order(Place(shelf.noon.date()), "_wk_time") == 0


def test_a_day_in_order_is_not_written_anew(shelf, monkeypatch):
    """Its small files are merged, which costs less; so is a day too large to be sorted."""
    for number in range(3):
        shelf.put(*((str(n), shelf.noon + n * HOUR) for n in (3 * number, 3 * number + 2)))
    care, place = shelf.lake.care("m", P), Place(shelf.noon.date())

    assert care.order(place, "_wk_time") == 3
    assert shelf.lake._table("m", P)._latest().history(1)[0]["operation"] == "OPTIMIZE"
    shelf.put(("0", shelf.noon), ("9", shelf.noon + 9 * HOUR))
    monkeypatch.setattr(cares, "_MOST_SORTED_BYTES", 0)
    assert care.order(place, "_wk_time") == 2


def test_days_that_are_over_or_got_rows_are_told(shelf):
    """Since they were seen; what was rewritten does not count, nor a day that is not over."""
    first = shelf.put(("a", shelf.noon))
    shelf.put(("b", shelf.noon + shelf.day))
    shelf.put(("c", shelf.noon + 9 * shelf.day))
    care = shelf.lake.care("m", P)
    before = (shelf.noon + 5 * shelf.day).date()
    days = [Place((shelf.noon + n * shelf.day).date()) for n in range(2)]

    assert care.finished(before=before) == days
    assert care.finished(before=before, seen=Seen(first, before)) == days[1:]
    assert care.finished(before=before, seen=Seen(3, days[1].day)) == days[1:]
    shelf.put(("d", shelf.noon))
    seen = Seen(care.version(), before)
    care.order(days[0], "_wk_time")
    assert care.finished(before=before, seen=seen) == []


def test_without_a_log_every_day_may_have_got_rows(shelf):
    """A commit that was cleaned away tells nothing: look at all."""
    for number in range(3):
        shelf.put((str(number), shelf.noon))
    Files(f"{shelf.lake.root}/m/predictions", shelf.lake.options).delete(
        "_delta_log/00000000000000000002.json"
    )

    assert shelf.lake.care("m", P)._appended(1, 3) is None


def test_old_rows_are_forgotten_and_then_their_files(shelf):
    """What happened, and came, before a moment is gone; late news of an old day stays."""
    shelf.put(("old", shelf.noon))
    shelf.put(("late", shelf.noon), known_at=shelf.noon + 40 * shelf.day)
    shelf.put(("new", shelf.noon + 40 * shelf.day))
    care = shelf.lake.care("m", P)
    moment = shelf.noon + 30 * shelf.day

    assert care.forget(moment) == 1
    assert shelf.ids() == ["late", "new"]
    assert care.forget(moment) == 0
    assert shelf.ids(as_of=3) == ["late", "new", "old"]
    care.vacuum(hours=0)
    assert len(shelf.files()) == 2


def test_a_table_remembers_as_long_as_it_is_told(shelf):
    """Its log is kept as long as the files that its versions need, from the first vacuum on."""
    shelf.put(("a", shelf.noon))
    shelf.lake.care("m", P).vacuum(hours=24 * 30)

    held = shelf.lake._table("m", P)._latest().metadata().configuration
    kept = {name: value for name, value in held.items() if name.endswith("RetentionDuration")}
    assert set(kept.values()) == {"interval 720 hours"}
    assert len(kept) == 2
    version = shelf.lake.version("m", P)
    shelf.lake.care("m", P).vacuum(hours=24 * 30)
    assert shelf.ids() == ["a"]
    assert shelf.lake.version("m", P) == version


def test_labels_of_unknown_day_are_forgotten_by_their_receipt(shelf):
    """An orphan that nobody claimed goes when it is old enough."""
    shelf.put(("a", "yes", None), ("b", "no", shelf.noon.date()), table=L)
    shelf.put(("c", "yes", None), table=L, known_at=shelf.noon + 40 * shelf.day)

    assert shelf.lake.care("m", L).forget(shelf.noon + 30 * shelf.day) == 2
    assert shelf.ids(L) == ["c"]


def test_a_profile_that_is_cited_is_never_forgotten(shelf):
    """Of old windows the revisions that a verdict names stay, whole; baselines stay too."""

    def part(name, start, revision=1):
        rows = pa.table({"id": [name, f"{name}-segment"], "payload": [name, name]})
        return ProfilePart(Window(start, start + shelf.day), start, revision, rows)

    noon = shelf.noon
    for made in (part("cited", noon), part("superseded", noon, 2), part("new", noon + 99 * shelf.day)):  # fmt: skip
        shelf.lake.append_profiles("m", [made])
    shelf.lake.append_profiles("m", [part("baseline", noon)], reference="reference-1")
    care = shelf.lake.care("m", F)

    assert care.forget_profiles(noon + 50 * shelf.day, cited={"cited-segment"}) == 2
    assert care.forget_profiles(noon + 50 * shelf.day, cited={"cited-segment"}) == 0
    held = shelf.lake.profiles("m", noon, noon + 200 * shelf.day)
    assert held.column("payload").to_pylist() == ["cited", "cited", "new", "new"]
    assert shelf.lake.reference_profiles("m", "reference-1").num_rows == 2


def test_care_of_what_is_not_there_does_nothing(shelf):
    """A model without rows has no tables yet."""
    care, place = shelf.lake.care("m", P), Place(shelf.noon.date())

    assert (care.version(), care.crowded(min_files=1)) == (None, [])
    assert care.finished(before=shelf.noon.date()) == []
    assert (care.merge(place), care.order(place, "_wk_time"), care.forget(shelf.noon)) == (0, 0, 0)
    assert (care.forget_profiles(shelf.noon, cited=()), care.vacuum(hours=0)) == (0, 0)


def wait_for_the_clock_to_pass(moment):
    """Commits are told apart by the millisecond."""
    while datetime.now(UTC) < moment + timedelta(milliseconds=1):
        pass


def test_rows_as_of_a_moment(shelf):
    """As stored then; nothing before the table was; later than now is now."""
    shelf.put(("a", shelf.noon))
    files = Files(f"{shelf.lake.root}/m/predictions", shelf.lake.options)
    then = _made_at(files, 1)
    wait_for_the_clock_to_pass(then)
    shelf.put(("b", shelf.noon))

    assert shelf.ids(as_of=then - timedelta(days=1)) == []
    assert shelf.ids(as_of=then) == ["a"]
    assert shelf.ids(as_of=then + timedelta(days=1)) == ["a", "b"]
    files.delete("_delta_log/00000000000000000000.json")
    with pytest.raises(NotFound, match="log begins"):
        shelf.ids(as_of=then - timedelta(days=1))


def test_files_of_a_lake_are_read_and_written(shelf):
    """Walked, sized, opened, replaced and deleted, one by one."""
    import io

    files = shelf.lake.files()
    files.write("m/new/file.bin", io.BytesIO(b"x" * 10))
    files.write("m/new/file.bin", io.BytesIO(b"y" * 12))

    (found,) = files.walk("m/new")
    assert (found.path, found.size, files.size("m/new/file.bin")) == ("m/new/file.bin", 12, 12)
    assert (files.folders(), files.folders("m")) == (["m"], ["new"])
    assert files.read("m/new/file.bin") == b"y" * 12
    files.delete("m/new/file.bin")
    files.delete("m/new/file.bin")
    assert [item for item in files.walk("m") if item.size] == []
    assert files.size("m/new/file.bin") is None
    with pytest.raises(NotFound, match="found none"):
        files.read("m/new/file.bin")


class TestOptions:
    """What a store is opened with."""

    def test_several_writers_are_safe_on_s3_unless_said_otherwise(self):
        """A commit is a conditional put; whoever names another lock has it."""
        assert store_options("s3://b/lake", {"a": "b"}) == {"a": "b", "aws_conditional_put": "etag"}
        assert store_options("s3://b", {"AWS_S3_LOCKING_PROVIDER": "dynamodb"}) == {
            "AWS_S3_LOCKING_PROVIDER": "dynamodb"
        }
        assert store_options("gs://b", {"a": "b"}) == {"a": "b"}
        assert store_options("/folder", None) is None

    def test_a_scheme_that_no_lake_lies_in_is_refused(self):
        """At once, not at the first row."""
        with pytest.raises(InvalidInput, match="gs://"):
            Lake("ftp://host/lake")

    @pytest.mark.parametrize(
        ("uri", "options", "said"),
        [
            ("gs://bucket/lake", {"google_service_account": "/none.json"}, "/none.json"),
            ("abfss://c@acc.dfs.core.windows.net/lake", {"azure_storage_account_key": "?"}, "Azure|azure|base64|Invalid"),
            ("s3://bucket/lake", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "r"}, "HTTP|http"),
        ],
    )  # fmt: skip
    def test_options_reach_the_store_and_what_it_says_is_told(self, uri, options, said):
        """Each store reads its own options: what is wrong with them is said by it, and where."""
        with pytest.raises(Unavailable, match=f"(?s)cannot be reached.*({said})"):
            Lake(uri, options).version("m", P)
