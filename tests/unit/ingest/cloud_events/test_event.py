"""CloudEvents of every mode and of every sender that is known."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.event import BATCH, STRUCTURED, Side, read_events

KSERVE = {  # as the logger of KServe's agent sends them
    "ce-specversion": "1.0",
    "ce-id": "9f1c",
    "ce-type": "org.kubeflow.serving.inference.request",
    "ce-source": "http://localhost:9081/",
    "ce-time": "2024-05-06T10:00:00.123456789Z",
    "ce-inferenceservicename": "loans",
    "ce-namespace": "models",
    "ce-component": "predictor",
    "ce-endpoint": "",
    "ce-metadata": '{"X-User":["a%20b"]}',
    "content-type": "application/octet-stream",
}


def test_an_event_in_headers():
    """The attributes stand in headers, the body is the payload whatever its media type says."""
    (event,) = read_events(KSERVE, b'{"instances": []}')

    assert (event.id, event.exchange, event.side) == ("9f1c", "9f1c", Side.REQUEST)
    assert event.time == datetime(2024, 5, 6, 10, 0, 0, 123456, UTC)
    assert event.attribute("namespace") == "models"
    assert event.data == b'{"instances": []}'


def test_headers_may_be_percent_encoded():
    """Some senders do so, some do not."""
    (event,) = read_events({**KSERVE, "ce-inferenceservicename": "my%20loans"}, b"")

    assert event.attribute("inferenceservicename") == "my loans"


DOCUMENT = {
    "specversion": "1.0",
    "id": "1",
    "type": "io.seldon.serving.inference.response",
    "source": "x",
    "requestid": "r7",
    "time": "2024-05-06T12:00:00+02:00",
}


@pytest.mark.parametrize(
    "data",
    [
        {"data": {"a": 1}},
        {"data": '{"a": 1}'},
        {"data_base64": base64.b64encode(b'{"a": 1}').decode()},
        {
            "specversion": "0.3",
            "datacontentencoding": "base64",
            "data": base64.b64encode(b'{"a": 1}').decode(),
        },
    ],
)
def test_an_event_in_its_body(data):
    """Structured mode of both versions, with data in the clear and in base64."""
    body = json.dumps({**DOCUMENT, **data}).encode()

    (event,) = read_events({"content-type": f"{STRUCTURED}; charset=utf-8"}, body)

    assert (event.exchange, event.side, json.loads(event.data)) == ("r7", Side.RESPONSE, {"a": 1})
    assert event.time == datetime(2024, 5, 6, 10, tzinfo=UTC)


def test_a_batch_of_events():
    """Each is an event of its own."""
    body = json.dumps([DOCUMENT, {**DOCUMENT, "id": "2"}]).encode()

    assert [event.id for event in read_events({"content-type": BATCH}, body)] == ["1", "2"]


@pytest.mark.parametrize(
    ("kind", "side"),
    [
        ("org.kubeflow.serving.inference.response", Side.RESPONSE),
        ("io.seldon.serving.inference.request", Side.REQUEST),
        ("io.seldon.serving.feedback", Side.FEEDBACK),
        ("org.kubeflow.serving.inference.explain", Side.OTHER),
        ("com.example.http.request", Side.OTHER),
    ],
)
def test_what_an_event_tells(kind, side):
    """It is told by its type; types that nobody knows are none of ours."""
    (event,) = read_events({**KSERVE, "ce-type": kind}, b"")

    assert event.side is side


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": STRUCTURED}, b"[1]"),
        ({"content-type": STRUCTURED}, b"no json"),
        ({"content-type": BATCH}, b"{}"),
        ({"content-type": STRUCTURED}, json.dumps({**DOCUMENT, "id": ""}).encode()),
        ({"content-type": STRUCTURED}, json.dumps({**DOCUMENT, "data_base64": "?"}).encode()),
        ({**KSERVE, "ce-id": "x" * 300}, b""),
        ({**KSERVE, "ce-requestid": "x" * 300}, b""),
        ({"content-type": STRUCTURED}, json.dumps({**DOCUMENT, "id": "a\0b"}).encode()),
    ],
)
def test_what_is_no_event_is_refused(headers, body):
    """With what must hold."""
    with pytest.raises(InvalidInput):
        read_events(headers, body)


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01T00:00:00Z"])
def test_a_time_that_says_nothing_is_none(text):
    """A program without a clock writes its zero."""
    assert read_events({**KSERVE, "ce-time": text}, b"")[0].time is None
