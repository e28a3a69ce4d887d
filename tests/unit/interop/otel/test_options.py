"""Where telemetry goes: settings, presets and the variables of OpenTelemetry."""

from __future__ import annotations

import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.options import Wish, resolve
from watchkeeper.interop.otel.target import Protocol, Signal, Temporality


def resolved(environment=None, **wish):
    """Where it goes, for what is set."""
    return resolve(Wish(**wish), environment or {}, version="1.2")


def endpoints(export):
    """Where each signal goes."""
    return {str(target.signal): target.endpoint for target in export.targets}


def test_nothing_is_sent_unasked():
    """Without a place there is no export; other variables alone name none."""
    assert resolved() is None
    assert resolved({"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_SERVICE_NAME": "x"}) is None


@pytest.mark.parametrize("base", ["http://c:4318", "http://c:4318/"])
def test_a_general_endpoint_is_a_base(base):
    """The signal's path is appended to it; to a path that it has, too."""
    found = resolved({"OTEL_EXPORTER_OTLP_ENDPOINT": base})
    below = resolved({"OTEL_EXPORTER_OTLP_ENDPOINT": f"{base.rstrip('/')}/otlp/"})

    assert endpoints(found)["traces"] == "http://c:4318/v1/traces"
    assert endpoints(below)["logs"] == "http://c:4318/otlp/v1/logs"


def test_the_endpoint_of_a_signal_is_taken_as_it_is():
    """It wins over the general one, which the others keep."""
    found = resolved(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://vm:8428/opentelemetry/v1/metrics",
        }
    )

    assert endpoints(found) == {
        "metrics": "http://vm:8428/opentelemetry/v1/metrics",
        "logs": "http://c:4318/v1/logs",
        "traces": "http://c:4318/v1/traces",
    }


def test_one_signal_alone():
    """Where only one has a place only that is sent; `none` keeps one back."""
    traces = resolved({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://j:4318/x"})
    both = resolved({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_LOGS_EXPORTER": "none"})

    assert endpoints(traces) == {"traces": "http://j:4318/x"}
    assert set(endpoints(both)) == {"metrics", "traces"}
    assert (
        resolved({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}) is None
    )


@pytest.mark.parametrize(
    ("text", "insecure", "expected"),
    [
        ("collector:4317", "", "https://collector:4317"),
        ("collector:4317", "true", "http://collector:4317"),
        ("http://collector:4317", "", "http://collector:4317"),
        ("https://collector", "true", "https://collector:443"),
        ("http://[::1]:4317/ignored", "", "http://[::1]:4317"),
    ],
)
def test_grpc_knows_its_scheme(text, insecure, expected):
    """A scheme says whether it is encrypted; without one it is, unless said otherwise."""
    found = resolved(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": text,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_INSECURE": insecure,
        }
    )

    assert {target.endpoint for target in found.targets} == {expected}


def test_headers_are_decoded():
    """Pairs as in Baggage, percent-encoded; settings win, whatever the case of a name."""
    found = resolved(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, X-Team = ml",
        },
        headers={"X-TEAM": "keepers"},
    )

    assert found.targets[0].headers == {"api-key": "a b", "x-team": "keepers"}


def test_all_else_is_read():
    """Compression, time, certificates, the resource, temporality and the interval."""
    found = resolved(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
            "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "10",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/key.pem",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/cert.pem",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "DELTA",
            "OTEL_METRIC_EXPORT_INTERVAL": "5000",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod,service.name=a,bad",
            "OTEL_SERVICE_NAME": "keeper",
        }
    )
    metrics, logs = found.target(Signal.METRICS), found.target(Signal.LOGS)

    assert (metrics.gzip, metrics.timeout_seconds, logs.timeout_seconds) == (False, 2.5, 1.0)
    assert (metrics.ca_file, metrics.client_key) == ("/ca.pem", "/key.pem")
    assert (found.temporality, found.interval_seconds) == (Temporality.DELTA, 5.0)
    assert found.resource["service.name"] == "keeper"
    assert found.resource["deployment.environment.name"] == "prod"
    assert found.resource["service.version"] == "1.2"


def test_a_preset_knows_its_receiver():
    """New Relic wants deltas and a key; the variables of others do not reach it."""
    found = resolved(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere"}, preset="newrelic-eu", key="secret"
    )
    target = found.target(Signal.TRACES)

    assert target.endpoint == "https://otlp.eu01.nr-data.net:443/v1/traces"
    assert (target.headers, target.gzip) == ({"api-key": "secret"}, True)
    assert (found.temporality, found.longest_value) == (Temporality.DELTA, 4_095)


def test_signoz_over_both_protocols():
    """SigNoz' cloud has one address for both, its own server two ports."""
    cloud = resolved(preset="signoz-us", key="k", protocol="grpc")
    own = resolved(preset="signoz", protocol="grpc")

    assert cloud.targets[0].endpoint == "https://ingest.us.signoz.cloud:443"
    assert cloud.targets[0].headers == {"signoz-ingestion-key": "k"}
    assert (own.targets[0].endpoint, own.targets[0].protocol) == ("http://localhost:4317", Protocol.GRPC)  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "wish", "named"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, {}, "http://collector:4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://c"}, {}, "http or https"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, {}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, {}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "secret"}, {}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}, {}, "OTEL_EXPORTER_OTLP_COMPRESSION"),
        ({}, {"endpoint": "http://c", "key": "k"}, "WATCHKEEPER_OTEL_PRESET"),
        ({}, {"endpoint": "http://c", "signals": "metrics,events"}, "WATCHKEEPER_OTEL_SIGNALS"),
        ({}, {"endpoint": "http://c", "temporality": "both"}, "WATCHKEEPER_OTEL_TEMPORALITY"),
        ({}, {"endpoint": "http://me:secret@c"}, "WATCHKEEPER_OTEL_HEADERS"),
        ({}, {"preset": "datadog"}, "WATCHKEEPER_OTEL_PRESET"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(environment, wish, named):
    """The message says which variable it is, and never what is secret."""
    with pytest.raises(InvalidInput) as failure:
        resolved(environment, **wish)

    assert named in str(failure.value)
    assert "secret" not in str(failure.value)
