"""A real Prometheus with a real Alertmanager beside a real server: what it scrapes, finds, is sent."""

from __future__ import annotations

import http.server
import json
import re
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from ports import held_port
from prometheus_server import running_alertmanager, running_prometheus
from serving import Server
from waiting import until
from watchkeeper.interop.grafana.provisioning import DataSource, boards_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prometheus")]

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
granularity: 1d
label_horizon: 7d
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  took: {type: numeric, role: latency}
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
monitors:
  - {name: mean_income, type: custom, options: {sql: "avg(income)", above: 1000000000}}
"""


def loans(day, *, seed=0):
    """A day of loans with their truth."""
    random = np.random.default_rng([seed, day.toordinal()])
    score = random.beta(2, 2, 1_100)
    return pa.table(
        {
            "loan": [f"{day:%Y%m%d}-{place}" for place in range(1_100)],
            "at": [day + timedelta(seconds=57 * place) for place in range(1_100)],
            "income": random.lognormal(10, 0.5, 1_100),
            "took": random.lognormal(3, 0.4, 1_100),
            "score": score,
            "prediction": np.where(score > 0.5, "yes", "no").tolist(),
            "repaid": np.where(random.random(1_100) < score, "yes", "no").tolist(),
        }
    )


def send(client, day, rows):
    """A day's rows with their labels, as they were known the day after."""
    known = day + DAY
    client.log_predictions("loans", rows.drop_columns(["repaid"]), batch=f"p{day}", known_at=known)
    labels = rows.select(["loan", "repaid"]).rename_columns(["id", "label"])
    client.log_labels("loans", labels, batch=f"l{day}", known_at=known)


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what Alertmanager sends."""

    def do_POST(self):
        """One notification."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture(scope="module")
def told():
    """What a webhook behind the Alertmanager was told."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.told = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, told):
    """A server that judged five days, the last with a fault; Prometheus, which scrapes it, evaluates
    the rules that it wrote, and is written to by it; and Alertmanager.
    """
    folder = tmp_path_factory.mktemp("prometheus")
    with held_port() as own, held_port() as port:
        settings = {
            "WATCHKEEPER_METRICS_COLUMNS": "true",
            "WATCHKEEPER_METRICS_ACCESS": "key",
            "WATCHKEEPER_REMOTE_WRITE_URL": f"http://127.0.0.1:{port}/api/v1/write",
            "WATCHKEEPER_REMOTE_WRITE_SECONDS": "1",
        }
        server = Server(folder / "home", port=own, settings=settings).start()
        try:
            _judge(server)
            (folder / "rules.yml").write_text(server.run("export", "prometheus-rules").stdout)
            (folder / "key").write_text(server.key)
            hook = {"url": f"http://127.0.0.1:{told.server_port}/", "send_resolved": True}
            route = {"receiver": "hook", "group_wait": "1s", "group_by": ["alertname", "model"]}
            config = {"route": route, "receivers": [{"name": "hook", "webhook_configs": [hook]}]}
            with (
                running_alertmanager(folder, config) as alertmanager,
                running_prometheus(
                    folder,
                    _config(server, folder, alertmanager),
                    port=port,
                    options=("--web.enable-remote-write-receiver",),
                ) as prometheus,
            ):
                yield server, prometheus
        finally:
            server.close()


def _config(server, folder, alertmanager):
    # Said in full: some releases forget the type of what discovery shows.
    shown = {"authorization": {"type": "Bearer", "credentials_file": str(folder / "key")}}
    return {
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {
            "alertmanagers": [
                {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
            ]
        },
        "scrape_configs": [
            {
                "job_name": job,
                "honor_labels": True,
                "sample_limit": 20_000,
                **shown,
                "http_sd_configs": [
                    {
                        "url": f"{server.url}/api/v1/prometheus/targets?by={by}",
                        "refresh_interval": "1s",
                        **shown,
                    }
                ],
                "relabel_configs": [
                    {"source_labels": ["__meta_watchkeeper_tier"], "target_label": "tier"}
                ],
            }
            for job, by in (("watchkeeper", "process"), ("models", "model"))
        ],
    }


def _judge(server):
    with server.client() as client:
        client.apply(DEFINITION)
        client.upload_reference("loans", pa.concat_tables([loans(START - DAY * back, seed=1) for back in range(24, 0, -1)]))  # fmt: skip
        for number in range(4):
            send(client, START + number * DAY, loans(START + number * DAY))
        day = START + 4 * DAY
        rows = loans(day)
        missing = pa.array([None] * 500 + [1.0] * 600, pa.float64())
        send(client, day, rows.set_column(2, "income", missing))
        bad = [{"loan": "x", "at": day.isoformat(), "income": "a lot"}]
        client.log_predictions("loans", bad, batch="bad", known_at=day + 2 * DAY)
    judged = lambda: server.ask("/api/v1/clock")  # noqa: E731
    until(judged, lambda clock: clock["settled"], what="every window is judged")
    until(lambda: server.ask("/api/v1/incidents?model=loans"), what="there is an incident")


def test_every_target_is_found_and_scraped(stack):
    """Service discovery with a key leads to scrapes that are taken whole."""
    _, prometheus = stack

    prometheus.wait_for('sum(up{job="watchkeeper"})', lambda up: up == 1)
    prometheus.wait_for('up{job="models",tier="standard"}', lambda up: up == 1)
    targets = prometheus.get("targets", state="active")["activeTargets"]

    assert {target["lastError"] for target in targets} == {""}
    assert {target["health"] for target in targets} == {"up"}
    assert (
        prometheus.wait_for(
            'watchkeeper_model_rows_total{job="models",kind="predictions",fate="rejected"}'
        )
        == 1
    )


def test_types_and_helps_arrive(stack):
    """The server knows what is a counter, and says in words what each figure is."""
    _, prometheus = stack
    prometheus.wait_for("watchkeeper_inbox_batches")

    known = until(
        lambda: prometheus.get("metadata"),
        lambda found: (
            {
                "watchkeeper_model_rows",  # as OpenMetrics names the family
                "watchkeeper_request_duration_seconds",
                "watchkeeper_inbox_bytes",
            }
            <= set(found)
        ),
        what="metadata is known",
    )

    assert known["watchkeeper_model_rows"][0]["type"] == "counter"
    assert known["watchkeeper_request_duration_seconds"][0]["type"] == "histogram"
    assert known["watchkeeper_inbox_bytes"][0]["help"].endswith("wait for the lake.")


def test_an_incident_reaches_the_alertmanager(stack, told):
    """The rules that were made fire, and the notice says what to do and where to look."""
    _, prometheus = stack
    until(lambda: [alert for body in told.told for alert in body["alerts"] if alert["labels"]["alertname"] == "WatchkeeperModelIncident"], what="the alert is told")  # fmt: skip

    (alert,) = {
        alert["fingerprint"]: alert
        for body in told.told
        for alert in body["alerts"]
        if alert["labels"]["alertname"] == "WatchkeeperModelIncident"
    }.values()

    assert alert["labels"]["model"] == "loans"
    assert alert["annotations"]["summary"] == "Model loans has an open incident"
    assert "likely cause" in alert["annotations"]["runbook"]
    groups = prometheus.get("rules")["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}


def test_figures_are_written_where_nobody_scrapes(stack):
    """Remote write brings the same figures, each moment once, and nothing is refused."""
    _, prometheus = stack
    own = '{job="watchkeeper",instance!~".*:.*"'

    prometheus.wait_for(f'sum(count_over_time(watchkeeper_models{own},health="alert"}}[10m]))', lambda n: (n or 0) >= 3)  # fmt: skip

    accuracy = prometheus.wait_for(f'watchkeeper_model_performance{own},metric="accuracy"}}')
    assert 0.5 < accuracy < 0.9
    sent = 'sum(watchkeeper_remote_write_samples_total{process="worker",outcome="%s"})'
    assert prometheus.wait_for(sent % "sent", lambda n: (n or 0) > 0) > 0
    assert prometheus.value(sent % "refused") == 0
    assert "Out of order" not in prometheus.log


def plain(query):
    """A query as Grafana sends it, its variables filled in."""
    for name, value in (("$__rate_interval", "1m"), ("$__interval", "15s"), ("$model", "loans")):
        query = query.replace(name, value)
    assert "$" not in query
    return query


@pytest.mark.parametrize("board", boards_of(DataSource.PROMETHEUS), ids=lambda board: board.uid)
def test_every_panel_of_grafana_has_data(stack, board):
    """Each query of each panel gives at least one series."""
    server, prometheus = stack
    if board.uid == "watchkeeper-system":  # there is a source that waits
        _source(server)

    for row in board.rows:
        for panel in row.panels:
            for query in panel.queries:
                shown = f"{panel.title}: {query.text}"
                until(lambda query=query: prometheus.query(plain(query.text)), what=shown)
    for variable in board.variables:
        name = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable.query)
        assert prometheus.value(f"count by ({name[2]}) ({name[1]})") >= 1


def _source(server):
    folder = server.home.with_name("incoming")
    folder.mkdir(exist_ok=True)
    server.apply(
        f"kind: Source\napiVersion: watchkeeper/v1\nname: files\nmodel: loans\n"
        f"type: directory\npath: {folder}\n"
    )
