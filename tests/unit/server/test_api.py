"""The API as a whole: its description, its two envelopes, and that nothing gets in or out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from watchkeeper.server.api.app import declare_app
from watchkeeper.server.openapi import openapi_text

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
OPEN = {"/healthz", "/readyz", "/metrics"}
OTLP = ("/v1/traces", "/v1/logs", "/v1/metrics")
PLAIN = {"/api/v1/prometheus/targets", *OTLP}  # these are read by others, who know no envelope
UNKNOWN = {
    "model": "nobody",
    "column": "nothing",
    "incident": "none",
    "kind": "none",
    "name": "none",
    "silence": "none",
    "key": "none",
    "logger": "none",
    "route": "none",
    "row": "20130301-1",
    "source": "none",
}
ADMINS = {"/api/v1/keys", "/api/v1/log-levels"}
OPERATIONS = [
    (method.upper(), path)
    for path, methods in declare_app().openapi()["paths"].items()
    for method in methods
]


def filled(path):
    """A path with names that exist nowhere."""
    for name, value in UNKNOWN.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path
    return path


def shape_of_error(answer):
    """The code of an error, after its shape was looked at."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    return body["error"]["code"]


def test_the_committed_description_is_the_generated_one():
    """Whoever changes a route or a shape commits its description: the page is built from it."""
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text()


def test_every_operation_describes_both_envelopes():
    """Each documented answer is the success envelope, or the one error shape."""
    for path, methods in json.loads(openapi_text())["paths"].items():
        for method, operation in methods.items():
            error = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert error["$ref"].endswith("/ErrorEnvelope"), (method, path)
            if path not in OPEN | PLAIN:
                schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
                assert "/Envelope_" in schema["$ref"], (method, path)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_key_nothing_is_told(lived, method, path):
    """Every operation but probes and the login asks for a key."""
    answer = lived(method, filled(path), headers={}, json={})

    if path in OPEN:
        assert answer.status_code == 200
    elif path == "/api/v1/session" and method in {"POST", "DELETE"}:
        assert answer.status_code in {200, 403, 422}
    else:
        assert (answer.status_code, shape_of_error(answer)) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), [item for item in OPERATIONS if "{" in item[1]])
def test_what_does_not_exist_is_told_in_the_one_shape(lived, method, path):
    """Unknown names are not found (or what was sent for them is refused), never a failure."""
    answer = lived(method, filled(path), json={"rows": []})

    assert answer.status_code in {404, 422}
    assert shape_of_error(answer) in {"not_found", "invalid_definition", "invalid_input"}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_key_without_the_scope_is_refused(lived, method, path):
    """A key that may only send rows can do nothing else, and one that may only look changes nothing."""
    for scope in ("ingest", "read"):
        headers = lived.key(scope)
        wanted = "read" if method == "GET" and not path.endswith("/basis") else "ingest"
        rows = path.endswith(("/predictions", "/labels", "/profiles", "/cloudevents", *OTLP))
        if path in OPEN or path == "/api/v1/session":
            continue
        allowed = scope == wanted and (method == "GET" or rows) and path not in ADMINS

        answer = lived(method, filled(path), headers=headers, json={})

        assert (answer.status_code == 403) is not allowed, (scope, answer.text)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nonsense", 404, "not_found"),
        ("PATCH", "/api/v1/models", 405, "method_not_allowed"),
        ("GET", "/api/v1/models/loans/verdicts?limit=0", 422, "invalid_input"),
        ("GET", "/api/v1/models/loans/verdicts?status=good", 422, "invalid_input"),
        ("GET", "/api/v1/models/loans/verdicts?cursor=%00", 422, "invalid_input"),
        ("GET", "/api/v1/models/loans/windows?start=2024-03-04T00:00:00", 422, "invalid_input"),
        ("GET", "/api/v1/models/loans/distributions/nothing", 404, "not_found"),
        ("GET", "/api/v1/quarantine", 422, "invalid_input"),
    ],
)
def test_the_framework_answers_in_our_shape(lived, method, path, status, code):
    """What the framework refuses by itself has the same shape as what we refuse."""
    answer = lived(method, path)

    assert (answer.status_code, shape_of_error(answer)) == (status, code)


def test_a_failure_leaks_nothing(api, monkeypatch, caplog):
    """What went wrong stands in the log under a number; the caller gets the number alone."""
    monkeypatch.setattr(
        type(api.parts.catalog.windows), "latest", lambda *_, **__: {}["the password is swordfish"]
    )

    answer = api("GET", "/api/v1/models")

    assert (answer.status_code, shape_of_error(answer)) == (500, "internal")
    assert "swordfish" not in answer.text
    ticket = answer.json()["error"]["message"].split()[-1]
    assert ticket in caplog.text
    assert "swordfish" in caplog.text


def test_every_answer_carries_the_security_headers(lived):
    """Pages, data and errors alike."""
    for path in ("/", "/api/v1/models", "/api/v1/nonsense", "/healthz"):
        headers = lived("GET", path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert lived("GET", "/api/v1/models").headers["cache-control"] == "no-store"


def test_the_servers_own_figures_name_routes_not_paths(lived):
    """Figures are counted by the route's pattern: a path would make a series of every name."""
    lived("GET", "/api/v1/models/loans/windows")

    text = lived("GET", "/metrics").text

    assert 'route="/api/v1/models/{model}/windows"' in text
    assert "watchkeeper_inbox_batches 0.0" in text
    assert "loans/windows" not in text
