"""What is told at /metrics, to whom, and within which bounds; and the page about ourselves."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from watchkeeper.interop.prometheus.families import FAMILIES, Origin
from watchkeeper.server.api.app import create_app
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings

OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5"}


def samples(text, parse=plain):
    """Every sample of a scrape: (name, labels) to value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def value(found, name, **labels):
    """One sample."""
    return found[name, tuple(sorted(labels.items()))]


@pytest.fixture
def opened(lived, tmp_path):
    """Opens the installation that judged a week with other settings."""
    made = []

    def open_with(**settings):
        home = tmp_path / f"home{len(made)}"
        shutil.copytree(lived.parts.settings.home, home)
        made.append(open_parts(Settings(home=home, **settings), now=lived.parts.now))
        return made[-1]

    yield open_with
    for parts in made:
        parts.close()


def test_openmetrics_and_text_say_the_same(lived):
    """Whoever asks for OpenMetrics gets it; whoever does not gets the older text."""
    new, old = lived("GET", "/metrics", headers=OPENMETRICS), lived("GET", "/metrics", headers={})

    assert new.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert old.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert new.text.endswith("# EOF\n")
    said = samples(new.text, openmetrics)
    rows = ("watchkeeper_model_rows_total", (("fate", "accepted"), ("kind", "predictions"), ("model", "loans")))  # fmt: skip
    assert said[rows] == samples(old.text)[rows] == 750


def test_promtool_finds_nothing_to_say(lived, tmp_path):
    """Names, units, types and helps are as Prometheus wants them."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool (Debian package prometheus), which is not installed here")
    text = lived("GET", "/metrics").text
    done = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_each_family_is_on_the_page_of_families(lived):
    """Nothing is told that is not documented, with the labels that are."""
    own = {"process", "host", "le"}
    for family in plain(lived("GET", "/metrics").text):
        if family.name.startswith("process_"):
            continue
        name = family.name + ("_total" if family.type == "counter" else "")
        assert name in FAMILIES, name
        labels = {label for sample in family.samples for label in sample.labels} - own
        assert labels <= set(FAMILIES[name].labels), name


def test_a_model_is_told_with_how_it_is(lived):
    """Health, windows, rows, performance and alarms of the last judged window."""
    found = samples(lived("GET", "/metrics").text)

    assert value(found, "watchkeeper_model_info", model="loans", task="binary", tier="standard", owner="", granularity="1d") == 1  # fmt: skip
    assert value(found, "watchkeeper_model_health", model="loans", health="alert") == 1
    assert value(found, "watchkeeper_model_health", model="loans", health="ok") == 0
    assert value(found, "watchkeeper_models", health="alert") == 1
    assert value(found, "watchkeeper_model_window_rows", model="loans") == 150
    assert value(found, "watchkeeper_model_labelled_ratio", model="loans") == 1
    end = datetime(2024, 3, 9, tzinfo=UTC).timestamp()
    assert value(found, "watchkeeper_model_window_end_timestamp_seconds", model="loans") == end
    accuracy = value(found, "watchkeeper_model_performance", model="loans", metric="accuracy")
    assert 0.4 < accuracy < 0.9
    assert value(found, "watchkeeper_monitor_alerts", model="loans", monitor="quality") >= 1
    assert value(found, "watchkeeper_monitor_alerts", model="loans", monitor="service") == 0


def test_columns_are_told_where_it_is_switched_on(lived, opened):
    """A series for each column is for who asks for it."""
    text = opened(metrics_columns=True).hub().exposing.exposition()[0].decode()

    found = samples(text)
    missing = value(found, "watchkeeper_column_missing_ratio", model="loans", column="income")
    assert missing == pytest.approx(1 / 3)
    assert value(found, "watchkeeper_column_alerts", model="loans", column="income") >= 1
    assert "column=" not in lived("GET", "/metrics").text


def test_a_scrape_never_holds_more_than_it_may(opened):
    """What is left out is the least of it, and is told by family."""
    exposing = opened().hub().exposing
    whole = len(samples(exposing.exposition()[0].decode()))
    most = whole + len(FAMILIES) - 12  # room is set aside for what is told of the scrape
    parts = opened(metrics_max_series=most)
    found = samples(parts.hub().exposing.exposition()[0].decode())

    left = {dict(labels)["family"]: v for (name, labels), v in found.items() if name == "watchkeeper_metrics_series_left_out"}  # fmt: skip
    assert len(found) <= whole - 8
    assert sum(left.values()) > 0
    assert all(FAMILIES[name].origin is Origin.DETAIL for name in left)
    assert value(found, "watchkeeper_model_incidents_open", model="loans") >= 1


def test_one_model_can_be_scraped_by_itself(lived):
    """A fleet beyond the cap is scraped model by model, and nothing is told twice."""
    found = samples(lived("GET", "/metrics", params={"model": "loans"}).text)

    assert {dict(labels)["model"] for _, labels in found} == {"loans"}
    assert len(found) > 20
    assert lived("GET", "/metrics", params={"model": "nobody"}).text == ""


def test_only_what_is_named_is_told(lived):
    """``name[]`` keeps a sample or a family."""
    names = {"name[]": ["watchkeeper_inbox_batches", "watchkeeper_models"]}

    found = samples(lived("GET", "/metrics", params=names).text)

    assert {name for name, _ in found} == set(names["name[]"])


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"host": "0.0.0.0"}, 401),
        ({"host": "0.0.0.0", "metrics_access": "open"}, 200),
        ({"metrics_access": "key"}, 401),
    ],
)
def test_who_may_read_figures(lived, opened, settings, status):
    """On the loopback address everybody, elsewhere who has a key; the operator may say otherwise."""
    parts = opened(**settings)
    api = type(lived)(create_app(parts.hub()), parts)

    assert api("GET", "/metrics", headers={}).status_code == status
    assert api("GET", "/metrics", headers=api.key("read")).status_code == 200


def test_the_worker_is_told_by_the_door(opened):
    """A process that listens nowhere tells what it counts through the records."""
    parts = opened()
    worker, door = parts.itself("worker"), parts.hub().exposing
    with parts.telemetry.round("judge"):
        pass
    with pytest.raises(ZeroDivisionError), parts.telemetry.round("judge"):
        raise ZeroDivisionError
    worker.tell()

    found = samples(door.exposition()[0].decode())

    told = {"process": "worker", "host": worker.host, "loop": "judge"}
    assert value(found, "watchkeeper_loop_duration_seconds_count", **told) == 2
    assert value(found, "watchkeeper_loop_failures_total", **told) == 1


def test_a_process_that_is_gone_is_not_told(opened, clock):
    """Figures that nobody renews end."""
    parts = opened()
    parts.itself("worker").tell()
    exposing = parts.hub().exposing
    exposing.itself.now = lambda: parts.now() + timedelta(minutes=2)

    text = exposing.exposition()[0].decode()

    assert 'process="worker"' not in text


def test_prometheus_finds_every_door(api):
    """Service discovery names the doors that live, else the one that was asked."""
    asked = api("GET", "/api/v1/prometheus/targets").json()
    api.parts.itself("door", "keeper-1:8711").tell()
    api.parts.itself("door", "keeper-2:8711").tell()
    api.parts.itself("worker").tell()

    found = api("GET", "/api/v1/prometheus/targets").json()

    assert [target["targets"] for target in asked] == [["wk"]]
    assert [target["targets"] for target in found] == [["keeper-1:8711"], ["keeper-2:8711"]]
    assert all(name.startswith("__meta_watchkeeper_") for name in found[0]["labels"])


def test_each_model_can_be_a_target(api):
    """With its name as the parameter of its scrape, and as an instance of its own."""
    (found,) = api("GET", "/api/v1/prometheus/targets", params={"by": "model"}).json()

    labels = found["labels"]
    assert (labels["__param_model"], labels["instance"]) == ("loans", "wk/loans")
    assert labels["__meta_watchkeeper_tier"] == "standard"


def test_the_page_about_ourselves_has_the_same_figures(api):
    """Processes, loops, queues and disk, from what is told at /metrics."""
    with api.parts.telemetry.round("judge"):
        pass
    api.parts.itself("worker").tell()

    found = api("GET", "/api/v1/system").json()["data"]

    assert [process["role"] for process in found["processes"]] == ["worker"]
    assert found["processes"][0]["memory_bytes"] > 1e6
    judge = {loop["process"]: loop for loop in found["loops"]}["worker"]
    assert (judge["name"], judge["number"], judge["failures"]) == ("judge", 1, 0)
    assert {queue["name"] for queue in found["queues"]} >= {"batches for the lake", "notices to be sent"}  # fmt: skip
    assert found["disk"]["size_bytes"] > found["disk"]["free_bytes"] > 0
    assert {timing["name"].split()[0] for timing in found["catalog"]} >= {"records"}
    assert 0 < found["series"] <= found["most_series"]
