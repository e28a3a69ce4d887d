"""The lake: appended to exactly once, read by day, as known then."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import Conflict, InvalidInput, NotFound, UnsupportedTable
from watchkeeper.lake import (
    Lake,
    LakeTable,
    ProfilePart,
    label_schema,
    open_delta,
    prediction_schema,
)
from watchkeeper.lake.layout import table_uri

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = Granularity.parse("1d").window_of(NOON)
MODEL = Model(
    "m",
    Task.BINARY,
    (Column("x", ColumnType.NUMERIC), Column("y", ColumnType.CATEGORICAL, Role.LABEL)),
)
P, L = LakeTable.PREDICTIONS, LakeTable.LABELS


def predictions(*rows, model=MODEL):
    """Rows of (id, time, x)."""
    made = [
        {"_wk_id": i, "_wk_time": t, "_wk_known_at": t, "_wk_day": t.date(), "x": x}
        for i, t, x in rows
    ]
    return pa.Table.from_pylist(made, schema=prediction_schema(model))


def labels(*rows):
    """Rows of (id, truth, known at, day of the prediction)."""
    made = [{"_wk_id": i, "_wk_label": y, "_wk_known_at": k, "_wk_day": d} for i, y, k, d in rows]
    return pa.Table.from_pylist(made, schema=label_schema(MODEL))


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return Lake(tmp_path / "lake")


def put(lake, table, rows, sequence):
    return lake.append("m", table, rows, app_id="test", sequence=sequence)


def test_an_empty_lake_has_empty_answers(lake):
    """What was never appended has no rows, and the joined table has its columns all the same."""
    joined = lake.joined(MODEL, TODAY)

    assert joined.num_rows == 0
    assert {"_wk_id", "x", "y", "_wk_label_known_at"} <= set(joined.schema.names)
    assert lake.rows("m", P, start=NOON, end=NOON + DAY).num_rows == 0
    assert lake.profiles("m", NOON, NOON + DAY).num_rows == 0
    assert (lake.version("m", P), lake.schema("m", P), lake.sequence("m", P, "a")) == (None,) * 3


def test_an_append_is_seen_by_its_sequence(lake, tmp_path):
    """A sequence that was appended is a no-op, from another process's lake too."""
    assert put(lake, P, predictions(("a", NOON, 1.0)), 5) == 1
    assert put(lake, P, predictions(("b", NOON, 1.0)), 5) == 1
    assert put(Lake(tmp_path / "lake"), P, predictions(("b", NOON, 1.0)), 4) == 1
    assert put(lake, P, predictions(("c", NOON, 1.0)), 6) == 2

    assert lake.sequence("m", P, "test") == 6
    assert lake.joined(MODEL, TODAY).column("_wk_id").to_pylist() == ["a", "c"]


def test_writers_at_once_lose_nothing(tmp_path):
    """Appends of many writers to one new table are all there, each once."""
    together = threading.Barrier(4)

    def write(place):
        lake = Lake(tmp_path / "lake")
        together.wait()
        for sequence in range(3):
            rows = predictions((f"{place}-{sequence}", NOON, 1.0))
            lake.append("m", P, rows, app_id=f"writer-{place}", sequence=sequence)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ids = Lake(tmp_path / "lake").joined(MODEL, TODAY).column("_wk_id").to_pylist()
    assert sorted(ids) == sorted(f"{n}-{s}" for n in range(4) for s in range(3))


def test_a_window_is_half_open(lake):
    """A row at the end belongs to the next window; rows come in the order of event time."""
    times = [TODAY.start, TODAY.end - timedelta(microseconds=1), TODAY.end]
    put(lake, P, predictions(*((str(n), t, 1.0) for n, t in reversed(list(enumerate(times))))), 1)

    assert lake.joined(MODEL, TODAY).column("_wk_id").to_pylist() == ["0", "1"]
    found = lake.rows("m", P, start=times[1], end=times[2])
    assert found.column("_wk_id").to_pylist() == ["1"]


def test_a_window_may_span_days_or_part_of_one(lake):
    """Weeks and hours are read as well as days."""
    put(lake, P, predictions(*((str(n), TODAY.start + n * DAY / 2, 1.0) for n in range(8))), 1)
    put(lake, L, labels(("3", "yes", NOON, (TODAY.start + 1.5 * DAY).date())), 1)
    three_days = Window(TODAY.start, TODAY.start + 3 * DAY)
    morning = Window(TODAY.start, TODAY.start + DAY / 4)

    assert (
        lake.joined(MODEL, three_days).column("y").to_pylist() == [None] * 3 + ["yes"] + [None] * 2
    )
    assert lake.joined(MODEL, morning).num_rows == 1


def test_an_id_that_was_stored_twice_counts_once(lake):
    """The row that was moved first wins."""
    put(lake, P, predictions(("a", NOON, 1.0), ("a", NOON - DAY / 4, 2.0)), 1)
    put(lake, P, predictions(("a", NOON, 3.0), ("b", NOON, 4.0)), 2)

    assert lake.joined(MODEL, TODAY).column("x").to_pylist() == [1.0, 4.0]


def test_a_label_of_unknown_day_is_found(lake):
    """Labels whose prediction was unknown when they came are read for every window."""
    put(lake, L, labels(("a", "yes", NOON, None), ("z", "no", NOON, None)), 1)
    put(lake, P, predictions(("a", NOON, 1.0)), 1)

    assert lake.joined(MODEL, TODAY).column("y").to_pylist() == ["yes"]
    assert lake.rows("m", L, start=NOON, end=NOON + DAY).num_rows == 2


def test_a_type_that_changed_is_refused(lake):
    """A column keeps the type it is stored with; a new column is added."""
    put(lake, P, predictions(("a", NOON, 1.0)), 1)
    rows = predictions(("b", NOON, 1.0))

    with pytest.raises(Conflict, match=r"x \(stored as double, got string"):
        put(lake, P, rows.set_column(9, "x", pa.array(["1"])), 2)
    with pytest.raises(Conflict, match="differs in case alone"):
        put(lake, P, rows.append_column("X", pa.array([1.0])), 2)
    assert put(lake, P, rows.append_column("new", pa.array([1.0])), 2) == 2


def test_a_column_whose_definition_changed_reads_as_it_says_now(lake):
    """Values are cast where they can be, else missing: they were accepted under another type."""
    put(lake, P, predictions(("a", NOON, 1.0)), 1)
    as_text = Model("m", Task.NONE, (Column("x", ColumnType.CATEGORICAL),))
    as_time = Model("m", Task.NONE, (Column("x", ColumnType.EMBEDDING),))

    assert lake.joined(as_text, TODAY).column("x").to_pylist() == ["1"]
    assert lake.joined(as_time, TODAY).column("x").to_pylist() == [None]


def test_older_versions_can_be_read_until_vacuumed(lake):
    """Compaction changes no row; old versions are there until their files are deleted."""
    for n in range(10):
        put(lake, P, predictions((str(n), NOON + n * DAY * (n > 7), 1.0)), n)

    care = lake.care("m", P)
    assert [care.merge(place) for place in care.crowded(min_files=8)] == [8]
    assert care.crowded(min_files=8) == []
    ever = {"start": NOON - DAY, "end": NOON + 20 * DAY}
    assert lake.rows("m", P, **ever).num_rows == 10
    assert lake.rows("m", P, **ever, as_of=3).num_rows == 3
    assert care.vacuum(hours=0) == 8
    assert lake.rows("m", P, **ever).num_rows == 10
    with pytest.raises(NotFound, match="vacuumed"):
        lake.rows("m", P, **ever, as_of=3)
    with pytest.raises(NotFound, match="no version 99"):
        lake.rows("m", P, **ever, as_of=99)


def test_a_reader_outlives_a_compaction_and_a_vacuum(tmp_path):
    """A reader whose files were replaced and deleted meanwhile reads the newer ones."""
    reader, other = Lake(tmp_path), Lake(tmp_path)
    for n in range(4):
        put(other, P, predictions((str(n), NOON, 1.0)), n)
    table = reader._table("m", P)
    latest = table._latest

    def stale():
        found = latest()
        if not stale.done:
            stale.done = True
            care = other.care("m", P)
            assert care.merge(*care.crowded(min_files=2)) == 4
            care.vacuum(hours=0)
        return found

    stale.done = False
    table._latest = stale
    assert reader.joined(MODEL, TODAY).num_rows == 4


def test_a_day_reads_only_its_own_files(lake):
    """Files of other days are pruned before anything is opened."""
    for n in range(20):
        put(lake, P, predictions((str(n), NOON + n * DAY, 1.0)), n)
    table = lake._table("m", P)._latest()

    assert len(table.file_uris(file_pruning_predicate=f"_wk_day = '{NOON.date()}'")) == 1


class TestProfiles:
    """Encoded profiles with their revisions."""

    @staticmethod
    def part(text, window=TODAY, *, known_at=NOON, revision=1):
        rows = pa.table({"payload": pa.array([text, text + "!"]), "blob": pa.array([b"a", b"b"])})
        return ProfilePart(window, known_at, revision, rows)

    @staticmethod
    def texts(table):
        return table.column("payload").to_pylist()

    def test_the_latest_revision_counts_and_then_is_kept(self, lake):
        """As known now, as known then, and before anything was known."""
        lake.append_profiles("m", [self.part("old")])
        later = self.part("new", known_at=NOON + DAY, revision=2)
        lake.append_profiles("m", [later, self.part("other", Window(TODAY.end, TODAY.end + DAY))])
        day = (TODAY.start, TODAY.end)

        assert self.texts(lake.profiles("m", *day)) == ["new", "new!"]
        assert self.texts(lake.profiles("m", *day, known_at=NOON)) == ["old", "old!"]
        assert lake.profiles("m", *day, known_at=NOON - DAY).num_rows == 0
        both = lake.profiles("m", TODAY.start, TODAY.end + DAY)
        assert self.texts(both) == ["new", "new!", "other", "other!"]
        assert both.schema.names == ["payload", "blob"]

    def test_a_part_that_was_appended_twice_counts_once(self, lake):
        """A writer that crashed and repeats itself adds nothing."""
        for _ in range(2):
            lake.append_profiles("m", [self.part("same")])

        assert self.texts(lake.profiles("m", TODAY.start, TODAY.end)) == ["same", "same!"]

    def test_baselines_are_apart_from_windows(self, lake):
        """Each reference is found by its name."""
        lake.append_profiles("m", [self.part("ref", None)], reference="reference-1")
        lake.append_profiles("m", [self.part("ref2", None)], reference="reference-2")

        assert self.texts(lake.reference_profiles("m", "reference-1")) == ["ref", "ref!"]
        assert lake.reference_profiles("m", "reference-9").num_rows == 0
        assert lake.profiles("m", TODAY.start, TODAY.end).num_rows == 0

    def test_nothing_to_append_is_refused(self, lake):
        """No parts is a mistake of the caller."""
        with pytest.raises(InvalidInput, match="at least one"):
            lake.append_profiles("m", [])


class TestOpenDelta:
    """Tables that others wrote."""

    @staticmethod
    def table(folder, **metadata):
        log = folder / "_delta_log"
        log.mkdir(parents=True)
        schema = {"type": "struct", "fields": [
            {"name": "x", "type": "long", "nullable": True, "metadata": metadata.pop("column", {})}
        ]}  # fmt: skip
        actions = [
            {"protocol": metadata.pop("protocol", {"minReaderVersion": 1, "minWriterVersion": 2})},
            {"metaData": {"id": "t", "format": {"provider": "parquet", "options": {}},
                          "schemaString": json.dumps(schema), "partitionColumns": [],
                          "configuration": metadata, "createdTime": 0}},
        ]  # fmt: skip
        (log / f"{0:020}.json").write_text("\n".join(json.dumps(action) for action in actions))
        return folder

    def test_a_plain_table_opens_at_any_version(self, lake, tmp_path):
        """The latest by default, an older one by its number."""
        for n in range(2):
            put(lake, P, predictions((str(n), NOON, 1.0)), n)
        path = table_uri(str(tmp_path / "lake"), "m", P)

        assert (open_delta(path).version(), open_delta(path, 1).version()) == (2, 1)

    def test_no_table_is_not_found(self, tmp_path):
        """An empty folder and a missing one."""
        for path in (tmp_path, tmp_path / "none"):
            with pytest.raises(NotFound, match="Delta table"):
                open_delta(path)

    @pytest.mark.parametrize(
        ("feature", "options"),
        [
            ("deletionVectors", {"delta.enableDeletionVectors": "true"}),
            ("columnMapping", {"delta.columnMapping.mode": "name",
                               "delta.columnMapping.maxColumnId": "1",
                               "column": {"delta.columnMapping.id": 1,
                                          "delta.columnMapping.physicalName": "col-1"}}),
            ("v2Checkpoint", {}),
            ("neverHeardOf", {}),
        ],
    )  # fmt: skip
    def test_features_that_were_never_proven_are_refused(self, tmp_path, feature, options):
        """Better no answer than a wrong one, and it says which feature."""
        protocol = {
            "minReaderVersion": 3, "minWriterVersion": 7,
            "readerFeatures": [feature], "writerFeatures": [feature],
        }  # fmt: skip
        path = self.table(tmp_path / "t", protocol=protocol, **options)

        with pytest.raises(UnsupportedTable, match=feature):
            open_delta(path)

    def test_column_mapping_of_the_older_protocol_is_refused(self, tmp_path):
        """Reader version 2 means column mapping, without a list of features."""
        options = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "1"}
        column = {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-1"}
        protocol = {"minReaderVersion": 2, "minWriterVersion": 5}
        path = self.table(tmp_path / "t", protocol=protocol, column=column, **options)

        with pytest.raises(UnsupportedTable, match="columnMapping"):
            open_delta(path)


@pytest.mark.parametrize("name", ["", "x" * 300, "名" * 100])
def test_a_name_that_fits_no_folder_is_refused(name):
    """Empty and endless names are refused, with what to do."""
    with pytest.raises(InvalidInput, match="folder"):
        table_uri("/lake", name, P)


def test_different_names_never_share_a_folder():
    """What is escaped cannot be confused with what is not."""
    names = ["a", "A", "a.b", "a~2eb", "a/b", "a b", "..", "~", "é"]

    assert len({table_uri("/lake", name, P) for name in names}) == len(names)
