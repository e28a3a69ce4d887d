"""`kill -9` of anything at any time, under load, as the checker sees it. 500 times in the benchmark."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from checker import check
from deltalake import write_deltalake
from place import Place, cycles


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_every_row_that_was_taken_is_stored_once(place):
    """Door, worker, server and writers are killed in turn; then journals and lake agree."""
    cycles(place, 8, seed=8)

    found = place.settle()

    assert [each.problems for each in found.values()] == [(), ()]
    assert all(each.taken for each in found.values())
    windows = place.windows()
    assert sum(window["accepted"] for window in windows) == found["predictions"].stored
    assert all(w["received"] == w["accepted"] + w["duplicate"] + w["rejected"] for w in windows)


def journal(path, *lines):
    told = [{"what": what, "kind": "predictions", "ids": ids} for what, ids in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "predictions"
    for ids in (["a", "b"], ["c"]):
        write_deltalake(path, pa.table({"_wk_id": ids}), mode="append")
    return path


@pytest.mark.parametrize(
    ("taken", "meant", "said"),
    [
        ("abcd", "abcd", "1 ids were taken, and not stored: ['d']"),
        ("ab", "ab", "1 ids were stored, and never meant: ['c']"),
    ],
)
def test_the_checker_sees_what_is_lost_and_what_is_foreign(table, tmp_path, taken, meant, said):
    """A row that is missing, and one that nobody wrote."""
    told = journal(tmp_path / "w.journal", ("intent", list(meant)), ("taken", list(taken)))

    assert check(table, [told], kind="predictions").problems == (said,)


def test_the_checker_sees_what_is_doubled(table, tmp_path):
    """The same id in two files."""
    write_deltalake(table, pa.table({"_wk_id": ["a"]}), mode="append")
    told = journal(tmp_path / "w.journal", ("intent", ["a", "b", "c"]))

    found = check(table, [told], kind="predictions")

    assert found.problems == ("1 ids were stored more than once: ['a']",)


def test_the_checker_sees_torn_files_and_gaps_in_the_log(table, tmp_path):
    """A file that is shorter than the log says, and a version that is gone."""
    told = journal(tmp_path / "w.journal", ("intent", ["a", "b", "c"]))
    files = sorted(table.glob("*.parquet"))
    files[0].write_bytes(files[0].read_bytes()[:-10])

    (torn,) = check(table, [told], kind="predictions").problems
    (table / "_delta_log" / f"{0:020d}.json").unlink()
    gap = check(table, [told], kind="predictions").problems[0]

    assert "bytes, the log says" in torn
    assert "has gaps after version -1" in gap


def test_the_checker_reads_on_from_a_checkpoint(table, tmp_path):
    """What a checkpoint sums up is looked for too, and commits before it may be gone."""
    from deltalake import DeltaTable

    DeltaTable(table).create_checkpoint()
    write_deltalake(table, pa.table({"_wk_id": ["d"]}), mode="append")
    (table / "_delta_log" / f"{0:020d}.json").unlink()
    told = journal(tmp_path / "w.journal", ("intent", ["a", "b", "c", "d"]), ("taken", ["a", "d"]))

    assert check(table, [told], kind="predictions").problems == ()
