"""Profiles in the place of rows: what clients counted is what the server would have counted."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.domain.window import Window
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.profiles.codec import decode
from watchkeeper.sdk.http import Answer, Failure
from watchkeeper.server.at_source import AtSource
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock
from watchkeeper.testing.unlike import unlike

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC)
PATH = "/api/v1/models/loans/profiles"
# Of the first window it is not known where in it a client began.
SAID_ANEW = ("id", "known_at", "lake_version", "accounting", "figures", "complete")


class Wire:
    """As much of a client's connection as is needed, to an application without a socket."""

    def __init__(self, api):
        self.api = api
        self.bodies = []

    def attempt(self, method, path, body=None, headers=None):
        """Ask once; a failure is a value."""
        if body is not None:
            self.bodies.append(gzip.decompress(body))
        told = {**self.api.headers, **(headers or {})}
        found = self.api(method, path, content=body, headers=told)
        document = found.json()
        if found.is_success:
            return Answer(document["data"])
        message = document["error"]["message"]
        kind = Conflict if found.status_code == 409 else InvalidInput
        return Failure(found.status_code, kind(message))


@pytest.fixture
def watched(homes, tmp_path):
    """Opens installations with a watched model and a clock of their own."""
    made = []

    def opening(name):
        shutil.copytree(homes["watched"], tmp_path / name)
        parts = open_parts(Settings(home=tmp_path / name), now=Clock(START))
        made.append(parts)
        return parts

    yield opening
    for parts in made:
        parts.close()


@pytest.fixture
def source(api, stage):
    """A client that counts, and the wire that it sends on."""
    stage.clock.now = START + timedelta(hours=20)
    wire = Wire(api)
    return AtSource(wire, stage.clock), wire


def body_of(table):
    """Rows as the client's spool gives them."""
    rows = json.dumps({"rows": table.drop_columns(["repaid"]).to_pylist()}, default=str)
    return gzip.compress(rows.encode())


def send(source, table, name):
    """Send rows as a client does."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return source.attempt(PATH, body_of(table), {**headers, "Idempotency-Key": name})


def judged(parts, day):
    """The latest profiles of a day's window."""
    return decode(parts.lake.profiles("loans", day, day + DAY))


def test_counts_of_clients_are_those_of_rows(source, stage, watched):
    """A day that comes in thirty parts from a client is judged as the same day sent as rows."""
    counting, wire = source
    day = stage.loans(START)
    rows = watched("rows")
    rows.now.now = START + timedelta(hours=20)
    Receiver(rows.catalog, clock=rows.now).receive(
        rows.models.get("loans").model, RowKind.PREDICTIONS, day.drop_columns(["repaid"]),
        batch_id="a", key="t", known_at=rows.now(),
    )  # fmt: skip

    for place in range(0, 150, 5):
        assert isinstance(send(counting, day.slice(place, 5), f"b{place}"), Answer)
    for parts, clock in ((stage.parts, stage.clock), (rows, rows.now)):
        clock.now = START + DAY + timedelta(hours=3)
        parts.worker().step()

    ours, theirs = judged(stage.parts, START), judged(rows, START)
    assert [(p.segment, p.rows) for p in ours] == [(p.segment, p.rows) for p in theirs]
    assert unlike(ours, theirs, ignoring=SAID_ANEW) == []
    window = stage.parts.catalog.windows.get("loans", Window(START, START + DAY))
    assert (window.accounting.received, window.accounting.accepted) == (150, 150)
    assert not any(b"20240304-" in body for body in wire.bodies)
    assert len(stage.parts.catalog.sent.of("loans", Window(START, START + DAY))) < 16
    assert stage.parts.lake.joined(stage.parts.models.get("loans").model, window.window).num_rows == 0  # fmt: skip


def test_profiles_and_rows_add_up(source, stage):
    """A window that came half as rows and half as profiles holds both."""
    counting, _ = source
    day = stage.loans(START)
    stage.parts.receiver.receive(
        stage.parts.models.get("loans").model, RowKind.PREDICTIONS,
        day.slice(0, 60).drop_columns(["repaid"]), batch_id="a", key="t", known_at=stage.clock(),
    )  # fmt: skip
    send(counting, day.slice(60), "b")

    stage.clock.now = START + DAY + timedelta(hours=3)
    stage.parts.worker().step()

    whole = judged(stage.parts, START)[0]
    assert whole.rows == 150
    assert whole.columns["income"].n == 150


def test_a_batch_is_taken_once(source, stage):
    """What is sent again is acknowledged again, and counted once."""
    counting, _ = source
    first, again = (send(counting, stage.loans(START), "b") for _ in range(2))

    assert (first.data["accepted"], first.data["repeated"]) == (150, False)
    assert (again.data["accepted"], again.data["repeated"]) == (150, True)
    window = stage.parts.catalog.windows.get("loans", Window(START, START + DAY))
    assert window.accounting.accepted == 150


def test_bad_rows_are_counted_and_stay(source, stage):
    """A row that the definition refuses is counted as rejected; its content goes nowhere."""
    counting, wire = source
    rows = [{"loan": "a", "at": START.isoformat(), "income": "a secret sum"}]
    body = gzip.compress(json.dumps({"rows": rows}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    found = counting.attempt(PATH, body, headers)

    assert (found.data["accepted"], found.data["rejected"]) == (0, 1)
    assert not any(b"secret" in sent for sent in wire.bodies)


def test_a_new_reference_is_counted_by(source, stage):
    """Where the basis changed meanwhile, the rows are counted anew, and none is lost."""
    counting, _ = source
    send(counting, stage.loans(START).slice(0, 50), "a")
    defined = stage.parts.models.get("loans")
    other = pa.concat_tables([stage.loans(START - DAY * back, seed=7) for back in range(20, 0, -1)])
    stage.parts.references.store(defined, other, by="test")

    found = send(counting, stage.loans(START).slice(50), "b")

    assert (found.data["accepted"], found.data["repeated"]) == (100, False)


def test_a_window_that_clients_counted_is_not_counted_anew(source, stage):
    """A new reference leaves it as it was judged: there are no rows to count."""
    counting, _ = source
    send(counting, stage.loans(START), "a")

    assert stage.parts.catalog.windows.touch("loans", start=START, end=START + DAY) == 0


def test_an_unknown_model_waits(source):
    """A client of a model that is not there yet is told so, and keeps its rows."""
    counting, _ = source
    found = counting.attempt("/api/v1/models/nobody/profiles", b'{"rows": []}', {})

    assert found.status == 404


def test_rows_that_cannot_be_read_are_refused(source):
    """Whatever the body is, the client's thread gets a failure, not an exception."""
    counting, _ = source

    assert counting.attempt(PATH, b"nonsense", {}).status == 422


def test_arrow_is_counted_too(source, stage):
    """Rows as an Arrow stream are the same rows."""
    counting, _ = source
    table = stage.loans(START).drop_columns(["repaid"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    headers = {"Content-Type": "application/vnd.apache.arrow.stream"}

    assert counting.attempt(PATH, sink.getvalue().to_pybytes(), headers).data["accepted"] == 150


def document(stage, source, **changed):
    """A right document with one thing wrong in its only window."""
    counting, wire = source
    send(counting, stage.loans(START), "right")
    found = json.loads(wire.bodies[-1])
    found["windows"][0].update(changed)
    return found


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows": 149}, "one of all 149 rows"),
        ({"start": "2024-03-04T01:00:00Z"}, "one of the model's"),
        ({"start": "2024-03-04T00:00:00"}, "time zones"),
        ({"start": "2124-03-04T00:00:00Z", "end": "2124-03-05T00:00:00Z"}, "future"),
        ({"start": "2024-03-05T00:00:00Z", "end": "2024-03-06T00:00:00Z"}, "must be of model"),
        ({"profiles": "!"}, "cannot be read"),
        ({"profiles": base64.b64encode(b"nonsense").decode()}, "cannot be read"),
        ({"rows": -1}, "windows.0.rows"),
        ({"more": 1}, "windows.0.more"),
    ],
)
def test_wrong_profiles_are_refused(stage, source, api, changed, said):
    """What contradicts itself or the definition changes nothing, and the message says where."""
    wrong = document(stage, source, **changed)
    before = stage.parts.catalog.windows.get("loans", Window(START, START + DAY))

    answer = api("POST", PATH, json=wrong)

    assert answer.status_code == 422
    assert said in answer.json()["error"]["message"]
    assert stage.parts.catalog.windows.get("loans", Window(START, START + DAY)) == before


def test_another_basis_is_a_conflict(stage, source, api):
    """Profiles by a basis that is not in force are refused, with what to do."""
    wrong = document(stage, source)

    answer = api("POST", PATH, json={**wrong, "basis": "0.0"})

    assert answer.status_code == 409
    assert "count anew" in answer.json()["error"]["message"]


def test_only_who_may_ingest_is_told_the_basis(api):
    """The basis holds values of the reference: a key without the scope does not see it."""
    shown = api("GET", "/api/v1/models/loans/basis", headers=api.key("ingest"))
    refused = api("GET", "/api/v1/models/loans/basis", headers=api.key("read"))

    assert shown.json()["data"]["definition"]["name"] == "loans"
    assert refused.status_code == 403


def test_an_open_window_shows_what_clients_counted(source, stage, api):
    """Before it is judged its rows and their distribution are those that were sent so far."""
    counting, _ = source
    for place in (0, 1):
        send(counting, stage.loans(START).slice(60 * place, 60), f"b{place}")

    (window,) = api("GET", "/api/v1/models/loans/windows").json()["data"]
    shown = api(
        "GET", "/api/v1/models/loans/distributions/income?start=2024-03-04T00:00:00Z"
    ).json()["data"]

    assert (window["accepted"], window["profiled"]) == (120, 120)
    assert shown["current_rows"] == 120
