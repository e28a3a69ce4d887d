"""New files, each once, whatever happens between."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from watchkeeper.errors import NotFound, RateLimited, Unavailable
from watchkeeper.ingest.pull.files import FilePuller
from watchkeeper.lake.layout import LakeTable

AT = "2024-05-06T10:00:00Z"


def loans(*numbers):
    return pa.table(
        {
            "loan": [f"l{n}" for n in numbers],
            "at": [AT] * len(numbers),
            "income": [float(n) for n in numbers],
            "region": ["north"] * len(numbers),
        }
    )


def lines(table):
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist())


def write_csv(table, path):
    pacsv.write_csv(table, path)


def write_arrow(table, path):
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def write_stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table)


WRITERS = {
    "a.parquet": pq.write_table,
    "a.csv": write_csv,
    "a.jsonl": lambda table, path: path.write_text(lines(table)),
    "a.ndjson.gz": lambda table, path: path.write_bytes(gzip.compress(lines(table).encode())),
    "deep/er/a.PARQUET": pq.write_table,
    "a.arrow": lambda table, path: write_arrow(table, str(path)),
    "a.arrows": lambda table, path: write_stream(table, str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_same_rows(name, keep, folder, source, drain):
    """The ending says the format, and the lake has what the file says."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    WRITERS[name](loans(1, 2), folder / name)

    drain(keep.puller(source()))

    found = keep.rows(LakeTable.PREDICTIONS, "_wk_id", "income", "region")
    assert sorted(map(str, found)) == [
        "{'_wk_id': 'l1', 'income': 1.0, 'region': 'north'}",
        "{'_wk_id': 'l2', 'income': 2.0, 'region': 'north'}",
    ]


def test_a_file_is_taken_once(keep, folder, source, drain):
    """Neither a second look nor another worker takes it again."""
    pq.write_table(loans(1, 2), folder / "a.parquet")
    puller = keep.puller(source())

    drain(puller)
    drain(puller)
    drain(keep.puller(source()))

    assert keep.rows().num_rows == 2
    assert (keep.counts().events, keep.counts().received, keep.counts().accepted) == (1, 2, 2)


def test_the_same_content_under_another_name_is_taken_once(keep, folder, source, drain):
    """A copy is told of, and not read."""
    pq.write_table(loans(1), folder / "a.parquet")
    drain(keep.puller(source()))
    (folder / "b.parquet").write_bytes((folder / "a.parquet").read_bytes())

    drain(keep.puller(source()))

    states = {file.path: file.state for file in keep.catalog.source_files.latest("src")}
    assert states == {"a.parquet": "taken", "b.parquet": "repeated"}
    assert keep.counts().received == 1


def test_a_touched_file_is_not_read_again(keep, folder, source, drain):
    """Another time of change with the same content is no change."""
    pq.write_table(loans(1), folder / "a.parquet")
    drain(keep.puller(source()))
    os.utime(folder / "a.parquet", (1, 1))

    drain(keep.puller(source()))

    assert (keep.counts().received, keep.quarantined()) == (1, [])


def test_a_changed_file_is_refused(keep, folder, source, drain):
    """It is told, and its rows are not taken, because some of them may have been."""
    pq.write_table(loans(1), folder / "a.parquet")
    drain(keep.puller(source()))
    pq.write_table(loans(1, 2), folder / "a.parquet")

    drain(keep.puller(source()))

    assert (keep.rows().num_rows, keep.quarantined()) == (1, ["changed_file"])


def test_a_changed_file_is_read_again_where_the_source_says_so(keep, folder, source, drain):
    """Rows that were taken are known by their ids."""
    pq.write_table(loans(1), folder / "a.parquet")
    drain(keep.puller(source(changed="read")))
    pq.write_table(loans(1, 2), folder / "a.parquet")

    drain(keep.puller(source(changed="read")))

    assert (keep.rows().num_rows, keep.counts().duplicate, keep.quarantined()) == (2, 1, [])


@pytest.mark.parametrize("name", [".a.parquet", "_a.parquet", "a.parquet.tmp", "_spark/a.parquet"])
def test_unfinished_files_are_left_alone(name, keep, folder, source, drain):
    """Until they are renamed."""
    (folder / name).parent.mkdir(exist_ok=True)
    pq.write_table(loans(1), folder / name)
    puller = keep.puller(source())
    drain(puller)
    assert keep.catalog.ledger.totals() == {}

    (folder / name).rename(folder / "whole.parquet")
    drain(puller)

    assert keep.counts().accepted == 1


def test_a_file_that_still_grows_waits(keep, folder, source):
    """It is read when it has looked the same for as long as the source says."""
    seconds = iter(range(0, 1000, 10))
    puller = keep.puller(source(settle=25.0))
    assert isinstance(puller, FilePuller)
    puller.seconds = lambda: next(seconds)
    path = folder / "a.jsonl"
    path.write_text(lines(loans(1)))
    first = [puller.step().events for _ in range(2)]
    path.write_text(lines(loans(1, 2)))

    then = [puller.step().events for _ in range(5)]

    assert (first, then) == ([0, 0], [0, 0, 0, 1, 0])
    assert keep.counts().accepted == 2


def test_a_bad_file_does_not_hold_up_the_others(keep, folder, source, drain):
    """It goes to quarantine with the reason; mended, it is taken."""
    (folder / "a.parquet").write_bytes(b"PAR1 broken off")
    pq.write_table(loans(1), folder / "b.parquet")

    drain(keep.puller(source()))

    assert (keep.rows().num_rows, keep.quarantined()) == (1, ["unreadable"])
    pq.write_table(loans(7), folder / "a.parquet")
    drain(keep.puller(source()))
    assert keep.rows().num_rows == 2


def test_bad_lines_do_not_hold_up_the_others(keep, folder, source, drain):
    """Of JSON lines and of CSV alike, each bad one is kept with its reason."""
    (folder / "a.jsonl").write_text(lines(loans(1)) + '{"loan": \n[1]\n' + lines(loans(2)))
    (folder / "b.csv").write_text(
        f"loan,at,income,region\nc1,{AT},1.5,\nc2,{AT},much,south\nc3,{AT},1\nc4,{AT},,south\n"
    )

    drain(keep.puller(source()))

    assert sorted(keep.quarantined()) == ["bad_row", "bad_type", "unreadable", "unreadable"]
    found = {row["_wk_id"]: row for row in keep.rows().to_pylist()}
    assert set(found) == {"l1", "l2", "c1", "c4"}
    assert (found["c1"]["income"], found["c1"]["region"]) == (1.5, None)
    assert found["c4"]["income"] is None


def test_names_of_theirs_become_ours(keep, folder, source, drain):
    """Columns are renamed, also those inside of nested objects; what stands for missing is told."""
    (folder / "a.jsonl").write_text(json.dumps({"rid": 7, "ts": AT, "in": {"income": 5}}) + "\n")
    (folder / "a.csv").write_text(f"rid,ts,in.income\n8,{AT},NA\n")
    columns = {"loan": "rid", "at": "ts", "income": "in.income"}

    drain(keep.puller(source(columns=columns, null_values=["NA"])))

    found = keep.rows(LakeTable.PREDICTIONS, "_wk_id", "income")
    assert sorted(map(str, found)) == [
        "{'_wk_id': '7', 'income': 5.0}",
        "{'_wk_id': '8', 'income': None}",
    ]


def test_labels_come_from_files_too(keep, folder, source, drain):
    """A source's rows are what it says they are."""
    (folder / "a.csv").write_text("loan,repaid\nl1,yes\n,no\n")

    drain(keep.puller(source(rows="labels")))

    found = keep.rows(LakeTable.LABELS, "_wk_id", "_wk_label")
    assert found == [{"_wk_id": "l1", "_wk_label": "yes"}]
    assert keep.quarantined() == ["missing_id"]


def test_a_large_file_is_taken_in_parts_and_continued(keep, folder, source, drain, monkeypatch):
    """Where the worker died in mid-file, the next goes on behind what is durable."""
    pq.write_table(loans(*range(45_000)), folder / "a.parquet")
    puller = keep.puller(source())
    take, calls = type(puller.door).take, []

    def dies(self, rows, **options):
        calls.append(options["batch"])
        if len(calls) == 2:
            raise ConnectionError("killed")
        return take(self, rows, **options)

    monkeypatch.setattr(type(puller.door), "take", dies)
    with pytest.raises(ConnectionError):
        drain(puller)
    drain(keep.puller(source()))

    assert len(calls) == 4  # three parts, the second twice
    assert (keep.rows().num_rows, keep.counts().accepted, keep.counts().events) == (
        45_000,
        45_000,
        1,
    )


def test_nothing_is_taken_while_too_much_waits(keep, folder, source, drain):
    """The source says so, and goes on when the lake has caught up."""
    pq.write_table(loans(1), folder / "a.parquet")
    drain(keep.puller(source()))
    pq.write_table(loans(2), folder / "b.parquet")
    keep.most_waiting = 1

    with pytest.raises(RateLimited):
        drain(keep.puller(source()))
    keep.move()
    drain(keep.puller(source()))

    assert keep.rows().num_rows == 2


def test_a_folder_that_is_not_there_is_no_empty_one(keep, folder, source):
    """A drive that is not mounted must not look as if nothing came."""
    with pytest.raises(NotFound, match="must exist"):
        keep.puller(source(path=str(folder / "gone"))).step()


def test_what_a_killed_worker_left_behind_is_deleted(keep, folder, source, drain):
    """A copy that was being read is of no use to the next."""
    left = keep.scratch / "src" / "pull-x"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    pq.write_table(loans(1), folder / "a.parquet")

    drain(keep.puller(source()))

    assert (list(left.parent.iterdir()), keep.counts().accepted) == ([], 1)


@pytest.mark.slow
def test_files_of_an_object_store(keep, source, drain, object_store):
    """The same over a real S3 server: each once, changed ones refused, wrong keys told."""
    from pyarrow.fs import S3FileSystem

    given = object_store.options
    endpoint = given["AWS_ENDPOINT_URL"]
    keys = {"access_key": given["AWS_ACCESS_KEY_ID"], "secret_key": "secret"}
    store = S3FileSystem(**keys, endpoint_override=endpoint.removeprefix("http://"), scheme="http")
    place = {"url": f"{object_store.uri}/pulled/rows", "endpoint": endpoint, "region": "us-east-1"}
    wanted = source("object_store", **place, **keys, poll=0.0)
    keep.clock.now = datetime.now(UTC)
    drain(keep.puller(wanted))
    bucket = object_store.uri.removeprefix("s3://")
    for name, numbers in {"2024/a.parquet": (1, 2), "b.parquet": (3,)}.items():
        pq.write_table(loans(*numbers), f"{bucket}/pulled/rows/{name}", filesystem=store)

    drain(keep.puller(wanted))
    drain(keep.puller(wanted))
    assert (keep.rows().num_rows, keep.counts().events) == (3, 2)
    pq.write_table(loans(4), f"{bucket}/pulled/rows/b.parquet", filesystem=store)
    keep.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    drain(keep.puller(wanted))

    assert keep.quarantined() == ["changed_file"]
    with pytest.raises(Unavailable, match="cannot be reached"):
        keep.puller(source("object_store", **{**place, **keys, "secret_key": "no"})).step()
