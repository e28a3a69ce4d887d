"""The logging handler: records that tell of predictions and labels become such."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

import watchkeeper as wk

MOMENT = datetime(2024, 5, 1, 8, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def log(logged):
    """A service's own log, watched; its handler's options may be changed."""
    service = logging.Logger("rides")  # noqa: LOG001  of this test alone
    service.addHandler(wk.LogHandler("rides", version="3", client=logged))
    return service


def handled(logged, **options):
    """A log whose handler has options."""
    service = logging.Logger("rides")  # noqa: LOG001  of this test alone
    service.addHandler(wk.LogHandler("rides", client=logged, **options))
    return service


def test_extra_makes_a_prediction(log, logged):
    """A record with the right extra is a prediction at the time of the record."""
    said = {"features": {"km": 7.2}, "prediction": 16.7, "score": 0.5, "latency_ms": 3}
    before = datetime.now(UTC)
    log.info("a fare", extra={"watchkeeper": said})

    ((features, facts),) = logged.rows
    assert features == {"km": 7.2}
    assert (facts["prediction"], facts["score"], facts["latency_ms"]) == (16.7, 0.5, 3.0)
    assert before - MILLISECOND <= facts["time"] <= datetime.now(UTC)  # records are less exact
    assert logged.named == ("rides", "3")


def test_extra_makes_a_label(log, logged):
    """A record with a label and no features is a truth."""
    log.info("paid", extra={"watchkeeper": {"prediction_id": 7, "label": 16.2, "time": MOMENT}})

    assert logged.labels == [("7", 16.2, MOMENT)]


@pytest.mark.parametrize("wrap", [json.dumps, lambda said: said])
def test_json_lines_are_read(log, logged, wrap):
    """Services that log their predictions as JSON, or as mappings, need no change."""
    log.info(wrap({"features": {"km": 1}, "prediction": 5, "id": "a", "time": "2024-05-01T08:00Z"}))
    log.info(wrap({"label": 6, "id": "a", "time": "2024-05-01T08:00Z"}))

    assert (logged.features, logged.told("time"), logged.identities) == (
        [{"km": 1}],
        [MOMENT],
        ["a"],
    )
    assert logged.labels == [("a", 6, MOMENT)]


def test_flat_lines_are_read_by_their_names(logged):
    """Where features stand among the rest, their names tell them."""
    log = handled(logged, features=["km", "city"])
    log.info(json.dumps({"km": 1, "city": "Bonn", "prediction": 5, "host": "a"}))
    log.info(json.dumps({"host": "a"}))

    assert logged.features == [{"km": 1, "city": "Bonn"}]


def test_records_can_be_read_in_a_way_of_ones_own(logged):
    """A function says what a record says."""
    log = handled(
        logged,
        read=lambda record: {"features": {"km": record.args[0]}, "prediction": record.args[1]},
    )
    log.info("%s km cost %s", 2.0, 9.0)

    assert (logged.features, logged.told("prediction")) == ([{"km": 2.0}], [9.0])


def test_an_exception_of_the_record_is_the_error(log, logged):
    """`log.exception` inside a predict function tells why there was no answer."""
    try:
        {}["km"]
    except KeyError:
        log.exception("no fare", extra={"watchkeeper": {"features": {"km": None}}})

    assert logged.told("error") == ["KeyError: 'km'"]
    assert logged.told("prediction") == [None]


@pytest.mark.parametrize(
    "message", ["started", "{not json", '{"event": "started"}', "[1]", {"event": 1}, "{}"]
)
def test_other_records_are_passed_over(log, logged, message):
    """What does not tell of a prediction is neither logged nor counted."""
    log.info(message)

    assert (logged.rows, logged.labels, logged.dropped) == ([], [], [])


@pytest.mark.parametrize(
    "said",
    [
        {"features": 7},
        {"features": [{"km": 1}]},
        {"label": 1},
        {"features": {}, "time": "yesterday"},
        {"features": {}, "time": 1714550400},
        {"features": {}, "latency_ms": "long"},
    ],
)
def test_wrong_records_are_counted(log, logged, said):
    """A record that tells it wrongly never raises into the service, and is counted."""
    log.info("x", extra={"watchkeeper": said})

    assert (logged.rows, logged.labels, len(logged.dropped)) == ([], [], 1)


def test_a_level_is_kept(logged):
    """It is a handler like others: levels and filters hold."""
    log = handled(logged)
    log.handlers[0].setLevel(logging.WARNING)
    log.info("x", extra={"watchkeeper": {"features": {}}})

    assert logged.rows == []
