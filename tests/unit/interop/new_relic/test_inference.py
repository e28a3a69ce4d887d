"""`InferenceData` events: what they say, and a receiver that keeps to the Event API's limits."""

from __future__ import annotations

import gzip
import json
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest

from ports import held_port
from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.errors import InvalidInput
from watchkeeper.interop.new_relic.event_api import EventApi, address_of
from watchkeeper.interop.new_relic.events import is_sampled, label_events, prediction_events
from watchkeeper.interop.new_relic.inference import inference_of
from watchkeeper.interop.new_relic.probe import probe_events
from watchkeeper.interop.otel.outgoing import Pace
from watchkeeper.settings import Settings

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = Model(
    "loans",
    Task.BINARY,
    (
        Column("income", ColumnType.NUMERIC),
        Column("region", ColumnType.CATEGORICAL, Role.SEGMENT),
        Column("owner", ColumnType.BOOLEAN),
        Column("person", ColumnType.CATEGORICAL, Role.ENTITY),
        Column("vector", ColumnType.EMBEDDING),
        Column("score", ColumnType.NUMERIC, Role.SCORE),
        Column("repaid", ColumnType.CATEGORICAL, Role.LABEL),
    ),
    classes=("no", "yes"),
    positive_class="yes",
)


def predictions(number=1, **changed):
    """Stored predictions."""
    columns = {
        "_wk_id": [f"p{place}" for place in range(number)],
        "_wk_time": [WHEN] * number,
        "_wk_version": ["3"] * number,
        "_wk_trace_id": [None] * number,
        "income": [41_000.0] * number,
        "region": ["north"] * number,
        "owner": [True] * number,
        "person": ["Ada"] * number,
        "vector": [[1.0]] * number,
        "score": [0.25] * number,
    }
    return pa.table({**columns, **changed})


def labels(number=1):
    """Stored labels."""
    return pa.table({"_wk_id": [f"p{p}" for p in range(number)], "_wk_label": ["yes"] * number, "_wk_known_at": [WHEN] * number})  # fmt: skip


class Api:
    """An Event API that refuses what New Relic refuses."""

    def __init__(self):
        self.events, self.refused, self.answers, self.asked = [], [], [], 0

    def take(self, headers, body):
        """The status of the answer."""
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        if headers["Api-Key"] != "license":
            return 403
        if len(body) > 10**6 or headers["Content-Encoding"] != "gzip":
            return 413
        for event in json.loads(gzip.decompress(body)):
            self.refused += wrong(event)
            self.events.append(event)
        return 200


def wrong(event):
    """What the limits of events forbid."""
    names = [name for name in event if len(name) > 255]
    values = [v for v in event.values() if type(v) not in (str, int, float) or (type(v) is str and len(v) > 4_096)]  # fmt: skip
    kind = [] if re.fullmatch(r"[A-Za-z0-9_:]{1,255}", event["eventType"]) else [event["eventType"]]
    return [*names, *values, *kind, *(["too many"] if len(event) > 255 else [])]


@pytest.fixture
def receiver():
    """That Event API, and its address."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = api.take(self.headers, body) if self.path == "/v1/accounts/42/events" else 404
            said = b'{"success":true, "uuid":"u"}' if status == 200 else b"no"
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


def inference(url, key="license", share=1.0, **pace):
    """What sends there."""
    settings = Settings(new_relic_account="42", new_relic_key=key, new_relic_region=url, new_relic_share=share)  # fmt: skip
    return inference_of(settings, Pace(first_wait_seconds=0.0, **pace))


def test_a_prediction_is_an_event_for_each_value():
    """Features with their types, the answer as a label; no entity, no vector, nothing missing."""
    found = list(prediction_events(MODEL, predictions(region=[None]), 1.0))

    assert [(e.get("feature_name", e.get("label_name")), e.get("feature_type", e.get("label_type")), e.get("feature_value", e.get("label_value"))) for e in found] == [
        ("income", "numeric", 41_000.0), ("owner", "bool", "True"), ("score", "numeric", 0.25),
    ]  # fmt: skip
    assert {(e["inference_id"], e["modelName"], e["model_version"], e["timestamp"]) for e in found} == {("p0", "loans", "3", 1_772_323_200_000)}  # fmt: skip


def test_the_truth_has_the_same_id():
    """A label that came later is told of the same inference."""
    (found,) = label_events(MODEL, labels(), 1.0)

    assert (found["inference_id"], found["label_name"], found["label_value"], found["label_kind"]) == ("p0", "repaid", "yes", "truth")  # fmt: skip


def test_a_share_is_told_and_said():
    """About the share of predictions is told, truth and answer of the same ones."""
    found = list(prediction_events(MODEL, predictions(5_000), 0.1))
    told = {event["inference_id"] for event in found}

    assert 400 < len(told) < 600
    assert told == {event["inference_id"] for event in label_events(MODEL, labels(5_000), 0.1)}
    assert {event["watchkeeper.sample.share"] for event in found} == {0.1}
    assert all(is_sampled(identity, 1.0) for identity in told)


def test_events_keep_to_the_limits(receiver):
    """Long texts are cut, what is no number is left out, and all of it arrives."""
    sender = inference(receiver.url)
    rows = predictions(3, region=["x" * 9_000, "😀" * 5_000, "ß"], income=[float("nan"), float("inf"), 1.0])  # fmt: skip

    sender.moved(MODEL, rows, labels(3))
    sender.outgoing.flush()
    sender.stop()

    assert receiver.refused == []
    assert len(receiver.events) == sender.fates().taken == 3 * 4 - 2 + 3


def test_many_events_go_in_many_requests(receiver):
    """No request is larger than a megabyte."""
    sender = inference(receiver.url, most_together=50_000, most_waiting=50_000)
    texts = [f"{place}" * 600 for place in range(1_000)]

    sender.moved(MODEL, predictions(1_000, region=texts), labels(0).slice(0, 0))
    sender.outgoing.flush()
    sender.stop()

    assert receiver.asked > 1
    assert (len(receiver.events), receiver.refused) == (4_000, [])


@pytest.mark.parametrize(
    ("answers", "key", "fates"),
    [
        ([429, 503], "license", (4, 0)),
        ([202], "license", (4, 0)),
        ([413], "license", (4, 0)),
        ([], "wrong", (0, 4)),
        ([400], "license", (0, 4)),
    ],
)
def test_answers_mean_what_they_say(receiver, answers, key, fates):
    """Busy is asked again, too large is halved, received is taken, refused is counted as failed."""
    receiver.answers = answers
    sender = inference(receiver.url, key)

    sender.moved(MODEL, predictions(), labels(0).slice(0, 0))
    sender.outgoing.flush()
    sender.stop()

    assert (sender.fates().taken, sender.fates().failed) == fates


def test_the_connection_test(receiver):
    """Taken, refused or dead: it is told, and that errors come later."""
    address = f"{receiver.url}/v1/accounts/42/events"
    with held_port() as port:
        dead = probe_events(EventApi(f"http://127.0.0.1:{port}/v1/accounts/42/events", "license"))
    taken, refused = (probe_events(EventApi(address, key)) for key in ("license", "wrong"))

    assert (taken[0], refused[0], dead[0]) == (True, False, False)
    assert "NrIntegrationError" in taken[2]
    assert "HTTP 403" in refused[2]
    assert "refused" in dead[2].lower()


@pytest.mark.parametrize(("region", "account"), [("us", "a/b"), ("mars", "42"), ("us", "")])
def test_where_it_goes_must_be_known(region, account):
    """An account is a number, a region one of theirs or an address."""
    with pytest.raises(InvalidInput, match="WATCHKEEPER_NEW_RELIC"):
        address_of(region, account)


def test_nothing_is_sent_without_an_account():
    """Off unless an account is named."""
    assert inference_of(Settings()) is None
