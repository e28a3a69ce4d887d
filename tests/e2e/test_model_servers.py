"""What model servers count, read from a real Prometheus that watched them for fifteen hours."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from prometheus_server import running_prometheus
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.definitions.document import load_model, load_text, model_to_dict
from watchkeeper.definitions.source_form import ModelServer
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.interop.prometheus.client import Asked, Prometheus
from watchkeeper.interop.prometheus.model_servers import PRESETS, expressions_of
from watchkeeper.interop.prometheus.reading import ServiceDoor, ServicePuller, measure
from watchkeeper.monitors.service import latency_quantile
from watchkeeper.profiles.served import read_service
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prometheus")]

# A Sunday afternoon: what is normal is learnt from the weeks before.
START = datetime(2024, 6, 2, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 15  # fewer windows than are worth a process aside
EDGES = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
USUAL, SLOW = (30, 60, 95, 99, 100, 100, 100), (0, 5, 30, 70, 95, 100, 100)
RESET, AWAY, IDLE, FAULT = 3, 5, 7, 13  # hours
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: none
granularity: 1h
columns:
  at: {type: timestamp, role: time}
  income: numeric
"""


def counted():
    """What a server has counted at each minute: requests, failures, and buckets; None while away."""
    requests, failures, buckets = 0, 0, [0] * len(EDGES)
    for minute in range(HOURS * 60):
        hour = minute // 60
        if minute == RESET * 60 + 30:
            requests, failures, buckets = 0, 0, [0] * len(EDGES)
        yield None if hour == AWAY else (requests, failures, tuple(buckets))
        if hour != IDLE:
            requests += 100 + 7 * (minute % 3)
            failures += 1
            shares = SLOW if hour >= FAULT else USUAL
            buckets = [held + share for held, share in zip(buckets, shares, strict=True)]


def series():
    """Every series that the servers would be scraped for, by name: a function of what is counted."""
    found = {}

    def one(name, read):
        found[name] = read

    def histogram(name, labels):
        for at, edge in enumerate(EDGES):
            one(f'{name}_bucket{{{labels},le="{edge}"}}', lambda c, at=at: c[2][at])
        one(f"{name}_count{{{labels}}}", lambda c: c[2][-1])

    triton = 'model="loans",version="1"'
    one(f"nv_inference_request_success{{{triton}}}", lambda c: c[0])
    one(f"nv_inference_request_failure{{{triton}}}", lambda c: c[1])
    one(f"nv_inference_request_duration_us{{{triton}}}", lambda c: c[0] * 20_000)
    histogram("request_predict_seconds", 'model_name="loans"')
    mlserver = 'model_name="loans",model_version="v1"'
    one(f"model_infer_request_success_total{{{mlserver}}}", lambda c: c[0])
    one(f"model_infer_request_failure_total{{{mlserver}}}", lambda c: c[1])
    histogram("rest_server_requests_duration_seconds", 'path="/v2/models/{model_name}/infer"')
    bento = 'service_name="loans",endpoint="/predict"'
    one(f'bentoml_service_request_total{{{bento},http_response_code="200"}}', lambda c: c[0] - c[1])
    one(f'bentoml_service_request_total{{{bento},http_response_code="503"}}', lambda c: c[1])
    histogram("bentoml_service_request_duration_seconds", bento)
    one('vllm:request_success_total{model_name="loans",finished_reason="stop"}', lambda c: c[0])
    histogram("vllm:e2e_request_latency_seconds", 'model_name="loans"')
    return found


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """A real server that holds these series."""
    folder = tmp_path_factory.mktemp("servers")
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool (Debian package prometheus), which is not installed here")
    told = list(counted())
    start = START.timestamp()
    with (folder / "history.txt").open("w") as file:
        for name, read in series().items():
            for minute, held in enumerate(told):
                if held is not None:
                    file.write(f"{name} {read(held)} {start + 60 * minute:.0f}\n")
        file.write("# EOF\n")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=48h"]
    done = subprocess.run(
        [*command, folder / "history.txt", folder / "data"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with running_prometheus(folder, {}) as server:
        yield server


def source(prometheus, **options):
    """A source of the model, as its document says it."""
    lines = "".join(f"{name}: {value}\n" for name, value in options.items())
    text = f"kind: Source\napiVersion: watchkeeper/v1\nname: served\nmodel: loans\ntype: prometheus\nurl: {prometheus.url}\n{lines}"  # fmt: skip
    (found,) = load_text(text)
    return found


def hour(number):
    """One of the hours."""
    return Window(START + number * HOUR, START + (number + 1) * HOUR)


def test_every_server_has_a_preset():
    """What can be named is known."""
    assert set(PRESETS) == {server.value for server in ModelServer}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_server_is_understood(prometheus, name):
    """Requests, failures and latency of an hour are what was counted in it, across a restart too."""
    client = Prometheus(Asked(prometheus.url))
    asked = expressions_of(source(prometheus, server=name))

    for number in (2, RESET):
        found = measure(client, asked, hour(number), source="served")
        by_buckets = name == "kserve"
        expected = 6_000 if by_buckets else 6_420 + 60 * (name in {"triton", "mlserver"})
        assert found.requests == pytest.approx(expected, rel=0.05)
        known = name in {"triton", "mlserver", "bentoml"}
        assert found.elsewhere.errors_known is known
        assert found.errors == pytest.approx(60 if known else 0, abs=4)
        assert found.elsewhere.coverage > 0.95
        if name == "triton":
            assert found.elsewhere.mean_ms == pytest.approx(20.0)
            assert found.latency is None
        else:
            assert latency_quantile(found.latency, 0.95)[0] == pytest.approx(250, rel=0.03)
            assert latency_quantile(found.latency, 0.5)[0] == pytest.approx(83, rel=0.05)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_what_is_missing_is_not_zero(prometheus, name):
    """An hour without requests is covered and has no latency; one without the server is not covered."""
    client = Prometheus(Asked(prometheus.url))
    asked = expressions_of(source(prometheus, server=name))

    idle = measure(client, asked, hour(IDLE), source="served")
    away = measure(client, asked, hour(AWAY), source="served")

    assert (idle.requests, idle.latency, idle.elsewhere.mean_ms) == (0, None, None)
    assert idle.elsewhere.coverage > 0.9
    assert away.elsewhere.coverage < 0.2
    if name != "mlserver":  # its latencies are not by model
        unknown = expressions_of(source(prometheus, server=name, served_as="nobody"))
        assert measure(client, unknown, hour(2), source="s").elsewhere.coverage == 0.0


def test_expressions_of_ones_own(prometheus):
    """PromQL over $window, in a unit of one's own."""
    client = Prometheus(Asked(prometheus.url))
    asked = expressions_of(
        source(
            prometheus,
            requests="'sum(increase(request_predict_seconds_count[$window]))'",
            latency_mean="'5 + 0 * sum(increase(request_predict_seconds_count[$window]))'",
            latency_unit="us",
        )
    )

    found = measure(client, asked, hour(2), source="served")

    assert found.requests == pytest.approx(6_000, rel=0.05)
    assert found.elsewhere.mean_ms == pytest.approx(0.005)
    assert found.elsewhere.errors_known is False


def test_what_prometheus_does_not_understand_is_told_in_its_words(prometheus):
    """The expression, and what is wrong with it."""
    client = Prometheus(Asked(prometheus.url))

    with pytest.raises(InvalidInput, match=r"sum\(\(.*parse error"):
        client.query("sum((", START)


def test_verdicts_follow(prometheus, tmp_path):
    """Each hour is judged as it was measured, the slow ones alarm, the one without data says so."""
    clock = Clock(START + HOURS * HOUR + timedelta(minutes=5))
    parts = open_parts(Settings(home=tmp_path / "home"), now=clock)
    parts.models.apply("loans", model_to_dict(load_model(DEFINITION)), by="test", now=START)
    puller = _puller(parts, source(prometheus, server="bentoml", history="2d"))
    while puller.step().lag:
        pass
    clock.now += timedelta(minutes=1)
    parts.worker().step()

    def verdicts(what):
        found = parts.catalog.verdicts.series(VerdictFilter(model="loans", what=(what,)))
        return {(v.window.start - START) // HOUR: v for v in found if v.segment is None}

    latency, traffic = verdicts("latency_p95"), verdicts("throughput")
    parts.close()
    assert {n for n, v in latency.items() if v.status is Status.ALERT} >= {FAULT + 1}
    assert not {n for n, v in latency.items() if v.status is Status.ALERT and n < FAULT}
    assert latency[FAULT].value > 3 * latency[10].value
    assert traffic[AWAY].status is Status.INSUFFICIENT_DATA
    assert "tells of" in traffic[AWAY].message
    assert traffic[IDLE].value == 0.0
    assert traffic[10].n == pytest.approx(6_420, rel=0.1)


def _puller(parts, found):
    door = ServiceDoor(
        found,
        model=lambda: parts.models.get("loans").model,
        windows=parts.catalog.service_windows,
        announce=lambda model: parts.clocks.driven_by_data(model.name, data=False, by="test"),
        now=parts.now,
    )
    return ServicePuller(door, Prometheus(Asked(found.text("url"))))


def test_each_window_is_read_once_and_in_order(prometheus, tmp_path):
    """A puller that begins late or anew goes on where the last one stopped."""
    clock = Clock(START + 3 * HOUR + timedelta(minutes=1))
    parts = open_parts(Settings(home=tmp_path / "home"), now=clock)
    parts.models.apply("loans", model_to_dict(load_model(DEFINITION)), by="test", now=START)
    held, kept = source(prometheus, server="vllm", history="2d"), parts.catalog.service_windows

    puller = _puller(parts, held)
    while puller.step().lag:
        pass
    first = kept.last("loans", "served")
    clock.now += timedelta(minutes=1)
    pulled = _puller(parts, held).step()
    text = kept.of("loans", hour(2), known_at=clock.now)

    assert first == START + 1 * HOUR  # the last scrapes of the hour after it may be on their way
    assert (pulled.events, kept.last("loans", "served")) == (1, START + 2 * HOUR)
    assert read_service(text).requests == pytest.approx(6_420, rel=0.05)
    assert kept.of("loans", hour(-1), known_at=clock.now) is None  # it was not watched yet
    parts.close()
