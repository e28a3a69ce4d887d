"""`watchkeeper compare` on tables made to break it: a report that holds, or one clear sentence."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.cli.main import main

ROWS = 400
EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE rows; --",
    "../../etc/passwd",
    "{{7*7}} %s%n {x}",
    "[bold red]x[/] [/nothing]",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "</style></svg>",
    "javascript:alert(1)",
    "😀 ünïcode",
)
UNSPEAKABLE = ("nul\x00 bell\x07 \x1b[31m", "line\nbreak", "n" * 600)
KEYWORDS = (
    *("select", "from", "order", "group", "table", "window", "rows", "count", "null", "where"),
    *("case", "end", "index", "user", "n", "t0", "slice", "item", "cell", "value", "label"),
    *("prediction", "score", "version", "volume", "drift", "schema", "performance", "roc_auc"),
    *("_wk_time", "_wk_version", "_wk_id", "_wk_latency_ms", "_wk_known_at"),
)
_ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "article", "div"),
    *("h1", "h2", "h3", "p", "span", "br", "table", "tr", "th", "td"),
    *("svg", "rect", "path", "g", "text", "line", "circle", "polyline"),
}


class _Page(HTMLParser):
    """Collects whatever a page holds that it must not."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in _ALLOWED:
            self.foreign.append(tag)
        self.foreign += [name for name, _ in attrs if name.startswith("on") or name == "href"]


@pytest.fixture
def run(tmp_path, capsys, told):
    """Run ``watchkeeper compare``: its exit code, its report (None without) and its last words."""

    def compare(reference, current, *options):
        page, data = tmp_path / "report.html", tmp_path / "report.json"
        outputs = ("--html", str(page), "--json", str(data))
        data.unlink(missing_ok=True)
        with pytest.raises(SystemExit) as stopped:
            main(["compare", str(reference), str(current), *outputs, *map(str, options)])
        words = capsys.readouterr()
        assert "Traceback" not in words.err
        if not data.exists():
            return int(stopped.value.code or 0), None, words.err
        reader = _Page()
        reader.feed(page.read_text(encoding="utf-8"))
        assert reader.foreign == []
        assert words.out
        return int(stopped.value.code or 0), told(data.read_text(encoding="utf-8")), words.err

    return compare


@pytest.fixture
def saved(tmp_path):
    """Write a table to a file of that name."""

    def save(table, name):
        path = tmp_path / name
        if isinstance(table, (bytes, str)):
            path.write_bytes(table if isinstance(table, bytes) else table.encode())
        elif isinstance(table, pa.Table):
            pq.write_table(table, path)
        elif name.endswith(".csv"):
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path)
        return path

    return save


def frame(seed: int = 0, rows: int = ROWS, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made = pd.DataFrame({"x": rng.normal(size=rows), "g": rng.choice(list("abc"), rows)})
    return made.assign(**columns)


def _alarms(report) -> set[tuple[str | None, str]]:
    return {(v["column"], v["what"]) for v in report["verdicts"] if v["status"] == "alert"}


def test_a_string_of_ten_megabytes(run, saved):
    """One monstrous value costs neither the others nor the size of the report."""
    calm, loud = frame(text="short"), frame(1, text=["short"] * (ROWS - 1) + ["A" * 10_000_000])

    for name in ("{}.parquet", "{}.csv"):
        a, b = saved(calm, name.format("a")), saved(loud, name.format("b"))
        for pair in ((a, b), (b, a)):
            code, report, _ = run(*pair)

            assert code == 0
            assert len(json.dumps(report)) < 100_000


def test_the_largest_and_the_smallest_numbers(run, saved):
    """Numbers at the ends of what a double holds neither overflow a figure nor stop one."""
    ends = [1.7e308, -1.7e308, 1e308, 5e-324, -0.0, 1e-300, np.inf, -np.inf, np.nan]
    huge = frame(x=np.resize(ends, ROWS), y=np.full(ROWS, 1e308), z=np.full(ROWS, 2**63 - 1))
    some = frame(1)
    some.loc[:8, "x"] = ends

    assert run(saved(huge, "a.parquet"), saved(huge, "b.parquet"))[0] == 0
    code, report, _ = run(saved(frame(), "c.parquet"), saved(some, "d.parquet"))
    assert code == 1
    assert ("x", "outlier_rate") in _alarms(report)


def test_missing_keys_times_and_outputs(run, saved):
    """Ids, times, labels, predictions and scores may all be missing here and there."""
    rng = np.random.default_rng(1)
    at = np.arange(8000)
    table = frame(rows=8000, ts=pd.date_range("2024-01-01", periods=8000, freq="4min"))
    table["id"] = np.where(at % 3 == 0, np.nan, at)
    table["label"] = np.where(at % 5 == 0, np.nan, at % 2)
    table["prediction"] = np.where(at % 4 == 0, np.nan, at % 2)
    table["score"] = np.where(at % 6 == 0, np.nan, rng.random(8000))
    table.loc[::50, "ts"] = pd.NaT

    code, report, _ = run(
        saved(table, "a.parquet"),
        saved(table.assign(ts=table.ts + pd.Timedelta(days=28)), "b.parquet"),
    )

    assert code == 0
    assert report["accounting"]["current"]["judged"] == 7840


def test_markup_in_names_and_values(run, saved):
    """Whatever a name or value says, it is text: in the page, on the terminal, in SQL."""
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(size=ROWS) for name in EVIL}
    then = frame(place=rng.choice(EVIL[6:], ROWS), **columns)
    moved = {name: values + 3.0 for name, values in columns.items()}
    now = frame(2, place=rng.choice([*EVIL[:8], *UNSPEAKABLE], ROWS), **moved)

    code, report, _ = run(saved(then, "a.parquet"), saved(now, "b.parquet"))

    assert code == 1
    assert {(name, "drift") for name in EVIL} | {("place", "unseen_rate")} <= _alarms(report)


def test_names_that_no_definition_can_hold(run, saved):
    """A column whose name cannot be written down is left out, and the report says so."""
    table = saved(frame(**dict.fromkeys(UNSPEAKABLE[1:], 1.0)), "t.parquet")

    code, report, _ = run(table, table)

    assert code == 0
    assert "2 left out" in report["accounting"]["notes"][0]


def test_markup_in_a_path(run, saved, tmp_path):
    """The name of a file is text too."""
    folder = tmp_path / "[bold]<img src=x>'; --"
    folder.mkdir()
    path = saved(frame(), f"{folder.name}/<script>.parquet")

    assert run(path, path)[0] == 0
    code, _, said = run(path, folder / "absent.parquet")
    assert (code, said.count("\n")) == (2, 1)
    assert "absent.parquet" in said


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_names_that_mean_something_elsewhere(run, saved, kind):
    """Keywords of SQL, names of this project's own columns and figures are names like others."""
    rng = np.random.default_rng(1)
    columns = {
        n: rng.normal(size=ROWS) if kind == "numbers" else rng.choice(list("ab"), ROWS)
        for n in KEYWORDS
    }
    table = pd.DataFrame(columns)

    code, _, _ = run(
        saved(table, "a.parquet"), saved(table.sample(frac=1.0, random_state=1), "b.parquet")
    )

    assert code == 0


def _zoned(start: str, rows: int) -> list[str]:
    """Moments five minutes apart, written in four zones in turn."""
    zones = [("+00:00", 0.0), ("+05:30", 5.5), ("-08:00", -8.0), ("Z", 0.0)]
    moments = pd.date_range(start, periods=rows, freq="5min")
    return [
        f"{moment + pd.Timedelta(hours=zones[i % 4][1]):%Y-%m-%dT%H:%M:%S}{zones[i % 4][0]}"
        for i, moment in enumerate(moments)
    ]


def test_zones_and_changes_of_clocks(run, saved):
    """Text of mixed zones and times in zones, across a change of clocks, fill the same windows."""
    texts = [
        frame(i, 8000, ts=_zoned(day, 8000)) for i, day in enumerate(("2024-03-20", "2024-04-20"))
    ]
    times = [
        table.assign(ts=pd.to_datetime(table.ts, utc=True, format="ISO8601")) for table in texts
    ]
    cities = ("America/New_York", "Asia/Kolkata")
    zoned = [t.assign(ts=t.ts.dt.tz_convert(city)) for t, city in zip(times, cities, strict=True)]

    reports = [
        run(saved(pair[0], f"a{name}"), saved(pair[1], f"b{name}"))[1]
        for pair, name in ((texts, ".csv"), (texts, ".parquet"), (zoned, ".parquet"))
    ]

    figures = [[(v["window"], v["what"], v["n"]) for v in r["verdicts"]] for r in reports]
    assert figures[0] == figures[1] == figures[2]
    assert reports[0]["accounting"]["granularity"] == "1d"


@pytest.mark.slow
def test_five_thousand_columns(run, saved):
    """Width is no reason to fail, nor to print a page that nobody can open."""
    rng = np.random.default_rng(1)
    tables = []
    for _ in range(2):
        numbers = pd.DataFrame(rng.normal(size=(300, 5000)), columns=[f"c{i}" for i in range(5000)])
        words = {f"c{i}": rng.choice(list("abc"), 300) for i in range(0, 5000, 10)}
        tables.append(numbers.assign(**words))
    tables[1]["c1"] += 2.0

    code, report, _ = run(saved(tables[0], "a.parquet"), saved(tables[1], "b.parquet"))

    assert code == 1
    assert ("c1", "drift") in _alarms(report)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("sizes", [(1, 1), (1, 500), (500, 1), (2, 2)])
def test_hardly_any_rows(run, saved, sizes, suffix):
    """One row is little, and is said to be; it is no failure and no alarm."""
    paths = [saved(frame(i, rows), f"{i}.{suffix}") for i, rows in enumerate(sizes)]

    assert run(*paths)[0] == 0


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_columns_without_a_value(run, saved, suffix):
    """All null against all null is silent; against values it is told, as missing values alone."""
    nulls = frame(x=None, g=None, y=np.nan)
    a, b = saved(nulls, f"a.{suffix}"), saved(frame(1, y=1.0), f"b.{suffix}")

    assert run(a, a)[0] == 0
    code, report, _ = run(b, a)
    assert code == 1
    assert {("x", "missing_rate"), ("g", "missing_rate"), ("y", "missing_rate")} <= _alarms(report)
    assert not [v for v in report["verdicts"] if v["what"] == "schema" and v["status"] == "alert"]


def test_a_column_of_everything(run, saved):
    """Numbers, words, dates and nothing in one column are read as text, or as invalid numbers."""
    mixed = np.resize(["1", "two", "3.5", "", "2024-01-01", "true", "NaN", "inf"], ROWS)
    clean = saved(frame(m=np.arange(float(ROWS))), "clean.parquet")

    assert run(saved(frame(m=mixed), "a.csv"), saved(frame(1, m=mixed), "b.csv"))[0] == 0
    code, report, _ = run(clean, saved(frame(m=mixed), "b.parquet"))
    assert code == 1
    assert {("m", "schema"), ("m", "invalid_rate")} <= _alarms(report)


def test_lines_of_json_that_agree_on_nothing(run, saved):
    """Each line may hold another type under the same name."""
    values = [1, "a", None, {"k": 1}, [1, 2], True, 1.5]
    lines = "\n".join(json.dumps({"x": values[i % 7], "y": i}) for i in range(ROWS))

    assert run(*[saved(lines, "a.jsonl")] * 2)[0] == 0


def test_every_type_that_a_file_can_hold(run, saved):
    """Lists, records, maps, bytes and the rarer numbers are looked at as far as they can be."""
    one = pa.array([1] * ROWS)
    table = pa.table(
        {
            "list": pa.array([[1, 2], None] * (ROWS // 2)),
            "struct": pa.array([{"a": 1}] * ROWS),
            "map": pa.array([[("k", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
            "bytes": pa.array([b"\xff\x00"] * ROWS),
            "decimal": one.cast(pa.decimal128(38, 10)),
            "unsigned": pa.array([2**64 - 1] * ROWS, pa.uint64()),
            "duration": one.cast(pa.duration("s")),
            "time": one.cast(pa.int32()).cast(pa.time32("s")),
            "half": pa.array(np.ones(ROWS, np.float16)),
            "words": pa.array(["a", "b"] * (ROWS // 2)).dictionary_encode(),
            "x": pa.array(np.random.default_rng(1).normal(size=ROWS)),
        }
    )

    assert run(saved(table, "a.parquet"), saved(table, "b.parquet"))[0] == 0


def _refusals() -> dict[str, tuple[str, bytes, str]]:
    """File name, content, and what the one sentence must hold."""
    words = "x,g\n" + "\n".join(f"{i},café" for i in range(ROWS))
    noise = np.random.default_rng(1).bytes(50_000)
    return {
        "latin_1": ("t.csv", words.encode("latin-1"), "UTF-8"),
        "utf_16": ("t.csv", words.encode("utf-16"), "UTF-8"),
        "binary_csv": ("t.csv", noise, "must be readable as a table"),
        "binary_parquet": ("t.parquet", noise, "must be a Parquet file"),
        "cut_short": ("t.parquet", b"PAR1" + noise[:2000], "must be a Parquet file"),
        "empty": ("t.csv", b"", "at least its column names"),
        "no_rows": ("t.csv", b"x,g\n", "must hold rows"),
        "ragged": ("t.csv", b"a,b\n1,2\n3\n" + b"4,5\n" * 50, "got 1 in line 3"),
        "broken_json": ("t.jsonl", b'{"x": 1}\n{bad\n', "must be readable as a table"),
        "twice": ("t.csv", b"x,x,X\n" + b"1,2,3\n" * 50, "column names must be unique"),
        "workbook": ("t.xlsx", b"PK\x03\x04" + noise[:100], "must end in one of"),
    }


@pytest.mark.parametrize("name", _refusals())
def test_files_that_are_no_tables(run, saved, name):
    """A file that cannot be read is refused in one sentence that names it."""
    file, content, words = _refusals()[name]

    code, report, said = run(saved(content, file), saved(content, file))

    assert (code, report) == (2, None)
    assert words in said
    assert "reference" in said or file in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize("path", ["", "nothing.parquet", "*.parquet", "empty"])
def test_paths_where_nothing_is(run, saved, tmp_path, path):
    """No file, no match, a folder without files: told, with what may stand there."""
    (tmp_path / "empty").mkdir()
    table = saved(frame(), "t.csv")

    code, report, said = run(tmp_path / (path or "empty/deeper"), table)

    assert (code, report) == (2, None)
    assert re.search(r"must name a file, a folder or a glob", said)


def test_tables_without_a_column_in_common(run, saved):
    """Nothing to compare is told with what each side holds."""
    paths = [saved(pd.DataFrame({name: [1.0, 2.0] * 50}), f"{name}.parquet") for name in "pq"]

    code, _, said = run(*paths)

    assert code == 2
    assert "['p']" in said
    assert "['q']" in said


@pytest.mark.parametrize(
    "content",
    [
        b"kind: Model\n: [",
        b"\xff\xfe\x00",
        b"",
        b"a: &a [*a]",
        b"kind: Model\nname: m\ncolumns: {x: {role: time, type: numeric}}",
    ],
)
def test_definitions_that_are_none(run, saved, content):
    """A definition that cannot be read is refused as one, whatever it is."""
    table, spec = saved(frame(), "t.parquet"), saved(content, "m.yaml")

    code, report, said = run(table, table, "--model", spec)

    assert (code, report) == (2, None)
    assert "definition" in said or "m.yaml" in said


def test_a_folder_of_files_that_differ(run, saved, tmp_path):
    """Columns that only some of a folder's files hold are missing in the others' rows."""
    (tmp_path / "many").mkdir()
    saved(frame(), "many/a.parquet")
    saved(frame(1)[["x"]].assign(z=1.0), "many/b.parquet")

    code, report, _ = run(tmp_path / "many", saved(frame(2), "t.parquet"))

    assert code == 1
    assert ("g", "missing_rate") in _alarms(report)
    assert Path(tmp_path / "report.html").stat().st_size < 100_000
