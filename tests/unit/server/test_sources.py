"""Sources: applied, seen, measured, and a thread for each that outlives its failures."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from waiting import PATIENCE_SECONDS
from watchkeeper.catalog.source_files import SourceState
from watchkeeper.definitions.document import dump_document
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import Unavailable
from watchkeeper.ingest.pull.puller import Pulled
from watchkeeper.server.pulling import Pulling

HEAD = {"kind": "Source", "apiVersion": "watchkeeper/v1", "model": "loans"}


def document(name="incoming", **options):
    return {**HEAD, "name": name, "type": "directory", "path": "/data", **options}


def put(api, name="incoming", *, plan="false", **options):
    path = f"/api/v1/sources/{name}?plan={plan}"
    return api("PUT", path, json=document(name, **options))


def test_a_source_is_applied_and_seen(api):
    """As it was written, with nothing that came of it yet."""
    made = put(api, columns={"income": "salary"}).json()["data"]
    (seen,) = api("GET", "/api/v1/sources").json()["data"]

    assert (made["created"], made["applied"]) == (True, True)
    assert seen["definition"] == document(columns={"income": "salary"})
    assert (seen["state"], seen["counts"]["received"], seen["enabled"]) == (None, 0, True)


def test_applying_it_again_changes_nothing(api):
    """And a plan says what another one would change."""
    put(api)
    again = put(api).json()["data"]
    planned = put(api, plan="true", settle="5m").json()["data"]

    assert (again["created"], again["applied"], again["changes"]) == (False, False, [])
    assert [(one["path"], one["after"]) for one in planned["changes"]] == [("settle", "5m")]
    assert "settle" not in api("GET", "/api/v1/sources/incoming").json()["data"]["definition"]


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("incoming", {"model": "cats"}, "not_found"),
        ("incoming", {"path": None}, "invalid_definition"),
        ("other", {"name": "incoming"}, "invalid_definition"),
        ("incoming", {"kind": "AlertRoute"}, "invalid_definition"),
    ],
)
def test_what_is_wrong_is_told(name, options, code, api):
    """With the code of the reason."""
    answer = api("PUT", f"/api/v1/sources/{name}", json={**document(), **options})

    assert answer.json()["error"]["code"] == code
    assert api("GET", "/api/v1/sources").json()["data"] == []


def test_what_came_of_a_source_is_shown_and_measured(api, tmp_path):
    """Its counts, its files and its lag, over the API and to Prometheus."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"loan": "1", "income": 5}\n{"loan": "2", "income": "?"}\n')
    (folder / "b.parquet").write_text("no table")
    put(api, path=str(folder), settle="1s")
    pulling = api.parts.pulling()
    source = api.parts.sources.all()[0].source
    puller = pulling.open(source)
    puller.settle = 0.0
    for _ in range(3):
        puller.step()
    pulling.states.save("incoming", SourceState("running", None, 3, api.parts.now()))

    seen = api("GET", "/api/v1/sources/incoming").json()["data"]
    files = api("GET", "/api/v1/sources/incoming/files").json()["data"]
    text = api("GET", "/metrics").text

    counts = seen["counts"]
    assert (counts["events"], counts["accepted"], counts["rejected"]) == (2, 1, 2)
    assert {file["path"]: file["state"] for file in files} == {
        "a.jsonl": "taken",
        "b.parquet": "refused",
    }
    assert 'watchkeeper_source_rows_total{fate="rejected",source="incoming"} 2.0' in text
    assert 'watchkeeper_source_waiting{source="incoming"} 3.0' in text


@dataclass
class Script:
    """A puller that does what its script says, and tells what was done with it."""

    steps: list
    opened: int = 0
    closed: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def open(self, source):
        self.opened += 1
        return self

    def step(self):
        if not self.steps:
            self.done.set()
            return Pulled(rest=0.01)
        found = self.steps.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def close(self):
        self.closed += 1


@pytest.fixture
def pull(parts, monkeypatch):
    """Runs the sources of an installation with a scripted puller."""
    monkeypatch.setattr("watchkeeper.server.pulling._LONGEST_PAUSE_SECONDS", 0.01)
    made = []

    def make(*steps):
        script = Script(list(steps))
        made.append(Pulling(parts.sources, parts.catalog.source_states, script.open, parts.now))
        return made[-1], script

    yield make
    for pulling in made:
        pulling.stop(list(pulling._threads))


def define(parts, **options):
    source = Source("s", "loans", SourceType.DIRECTORY, {"path": "/data", **options})
    parts.catalog.sources.put("s", dump_document(source), by="test", now=parts.now())


def state(parts):
    return parts.catalog.source_states.all()["s"]


def test_a_source_that_fails_is_opened_anew(parts, pull):
    """Whatever it raised, and the state says what it was until it works again."""
    define(parts)
    pulling, script = pull(Unavailable("no broker"), ValueError("a fault of ours"), Pulled(lag=7))

    pulling.follow()

    assert script.done.wait(PATIENCE_SECONDS)
    assert (script.opened, script.closed) == (3, 2)
    assert (state(parts).state, state(parts).lag) in {("running", 7), ("running", None)}


def test_a_change_of_the_definition_begins_it_anew(parts, pull):
    """And one that is switched off is ended, and says so."""
    define(parts)
    pulling, script = pull()
    pulling.follow()
    assert script.done.wait(PATIENCE_SECONDS)
    pulling.follow()
    assert script.opened == 1

    define(parts, pattern="*.csv")
    pulling.follow()
    assert script.opened == 2
    pulling.stop(["s"])

    assert (script.closed, state(parts).state) == (2, "stopped")


def test_no_more_threads_than_a_worker_bears(parts, pull, monkeypatch):
    """What is too much says that it waits for nothing."""
    monkeypatch.setattr("watchkeeper.server.pulling._MOST_THREADS", 0)
    define(parts)
    pulling, script = pull()

    pulling.follow()

    assert (script.opened, state(parts).state) == (0, "failing")
    assert "at most" in state(parts).detail


def test_a_worker_that_stops_ends_its_threads(parts, pull):
    """No source is left half open."""
    define(parts)
    pulling, script = pull()
    stopping = threading.Event()
    running = threading.Thread(target=pulling.run, args=(stopping,))
    running.start()
    assert script.done.wait(PATIENCE_SECONDS)

    stopping.set()
    running.join(PATIENCE_SECONDS)

    assert (running.is_alive(), script.closed) == (False, 1)
    assert state(parts).state == "stopped"
