"""Pods' use, from a strict fake of the API server that the official client reads too."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.definitions.document import load_model
from watchkeeper.errors import Forbidden, InvalidInput, Unauthorized, Unavailable
from watchkeeper.interop.kubernetes.cluster import Cluster
from watchkeeper.interop.kubernetes.columns import pods_definition
from watchkeeper.interop.kubernetes.pods import PodSampler
from watchkeeper.interop.kubernetes.quantity import quantity

PODS = "/api/v1/namespaces/ml/pods"
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/ml/pods"


@dataclass
class Api:
    """What the API server has, and whom it lets in. It refuses what a real one refuses."""

    pods: list[dict] = field(default_factory=list)
    metrics: list[dict] | None = field(default_factory=list)
    token: str = "first"
    forbidden: frozenset[str] = frozenset()
    status: int = 200
    page: int = 500
    gone: int = 0  # how often pages after the first are no longer kept
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path, query, token):
        """The status and the document."""
        self.asked.append(path)
        if token != f"Bearer {self.token}":
            return 401, failure(401, "Unauthorized")
        if path in self.forbidden:
            return 403, failure(403, "pods is forbidden: User cannot list resource")
        if self.status != 200:
            return self.status, failure(self.status, "the server is unable to handle the request")
        if path == METRICS and self.metrics is not None:
            return self.list("PodMetricsList", "metrics.k8s.io/v1beta1", self.metrics, query)
        if path == PODS:
            return self.list("PodList", "v1", self.pods, query)
        return 404, failure(404, "the server could not find the requested resource")

    def list(self, kind, version, items, query):
        if set(query) - {"limit", "continue", "labelSelector"}:
            return 400, failure(400, "unknown parameter")
        labels = dict(pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair)
        found = [i for i in items if labels.items() <= i["metadata"].get("labels", {}).items()]
        start, most = int(query.get("continue") or 0), min(self.page, int(query["limit"]))
        if start and self.gone:
            self.gone -= 1
            return 410, failure(410, "The provided continue parameter is too old")
        metadata = {"resourceVersion": "5"}
        if start + most < len(found):
            metadata["continue"] = str(start + most)
        some = found[start : start + most]
        return 200, {"kind": kind, "apiVersion": version, "metadata": metadata, "items": some}


def failure(code, message):
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "message": message,
    }


def pod(name, *, restarts=0, reason=None, limits=None, owner=None, app="ranking"):
    """A pod as the API server tells it."""
    last = {"terminated": {"reason": reason, "exitCode": 137}} if reason else {}
    state = {
        "name": "server",
        "ready": True,
        "restartCount": restarts,
        "image": "x",
        "imageID": "",
        "lastState": last,
    }
    metadata = {"name": name, "namespace": "ml", "uid": f"uid-{name}", "labels": {"app": app}}
    if owner:
        metadata["labels"]["pod-template-hash"] = "5d4f"
        metadata["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{owner}-5d4f", "uid": "u"}
        ]
    container = {"name": "server", "resources": {"limits": limits or {}}}
    return {
        "metadata": metadata,
        "spec": {"nodeName": "n1", "containers": [container]},
        "status": {"phase": "Running", "containerStatuses": [state]},
    }


def usage(name, *, cpu="412345678n", memory="913456Ki", at="2026-11-21T09:00:00Z", app="ranking"):
    """A measurement as metrics-server tells it."""
    container = {"name": "server", "usage": {"cpu": cpu, "memory": memory}}
    metadata = {"name": name, "namespace": "ml", "labels": {"app": app}}
    return {"metadata": metadata, "timestamp": at, "window": "15s", "containers": [container]}


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def api(authority):
    """An API server behind TLS."""
    found = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            at = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(at.query).items()}
            status, document = found.answer(at.path, query, self.headers.get("Authorization"))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    found.url = f"https://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def account(tmp_path, authority):
    """The files of a service account."""
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "namespace").write_text("ml")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    return tmp_path


@pytest.fixture
def cluster(api, account, monkeypatch):
    """The cluster as a pod in it sees it."""
    at = urlsplit(api.url)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", at.hostname)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(at.port))
    return Cluster.around(folder=account)


def test_a_sample_says_what_a_container_uses(api, cluster):
    """Use in base units and of its limits, what the pod is one of, and when it was measured."""
    limits = {"cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": "1"}
    api.pods, api.metrics = [pod("r-1", limits=limits, owner="ranking")], [usage("r-1")]

    (found,) = PodSampler(cluster).sample()

    assert found.time == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert found.row == {
        "namespace": "ml",
        "pod": "r-1",
        "workload": "ranking",
        "node": "n1",
        "container": "server",
        "gpu_count": 1.0,
        "restarts": 0.0,
        "cgroup_out_of_memory_kills": 0.0,
        "cgroup_memory_used_bytes": 913456 * 1024,
        "cgroup_memory_used_share": pytest.approx(913456 / 2**20),
        "cgroup_cpu_used_cores": pytest.approx(0.412345678),
        "cgroup_cpu_used_share": pytest.approx(0.412345678 / 0.5),
    }


def test_what_has_no_limit_has_no_share(api, cluster):
    """A share of nothing is absent, not zero."""
    api.pods, api.metrics = [pod("r-1")], [usage("r-1", memory="odd")]

    (found,) = PodSampler(cluster).sample()

    assert not [name for name in found.row if name.endswith("_share") or "memory_used" in name]
    assert found.row["workload"] == "r-1"


def test_restarts_and_kills_are_those_since_before(api, cluster):
    """What happened before the first look is not told as new; a kill is told once."""
    api.pods, api.metrics = [pod("r-1", restarts=3, reason="OOMKilled")], [usage("r-1")]
    sampler = PodSampler(cluster)
    first = sampler.sample()
    api.pods = [pod("r-1", restarts=5, reason="OOMKilled")]
    api.metrics = [usage("r-1", at="2026-11-21T09:00:15Z")]
    second = sampler.sample()
    api.metrics = [usage("r-1", at="2026-11-21T09:00:30Z")]
    third = sampler.sample()

    kills = [s.row["cgroup_out_of_memory_kills"] for (s,) in (first, second, third)]
    assert kills == [0.0, 2.0, 0.0]
    assert second[0].row["restarts"] == 2.0


def test_a_measurement_is_told_once(api, cluster):
    """Looking more often than is measured gives no row twice, and its id is the same in any process."""
    api.pods, api.metrics = [pod("r-1")], [usage("r-1")]
    sampler = PodSampler(cluster)

    (first,) = sampler.sample()

    assert sampler.sample() == []
    assert PodSampler(cluster).sample()[0].identity == first.identity


def test_pods_that_are_gone_are_forgotten(api, cluster):
    """What is measured of a pod that is gone is left out, and nothing is kept of it."""
    api.pods, api.metrics = [pod("r-1")], [usage("r-1")]
    sampler = PodSampler(cluster)
    sampler.sample()
    api.pods = []

    assert sampler.sample() == []
    assert (sampler._seen, sampler._restarts) == ({}, {})


def test_many_pods_come_in_pages(api, cluster):
    """A list is read to its end; where its pages are gone it is read anew."""
    api.page = 7
    api.pods = [pod(f"r-{n}") for n in range(30)]
    api.metrics = [usage(f"r-{n}") for n in range(30)]
    assert len(PodSampler(cluster).sample()) == 30

    api.gone = 1
    assert len(PodSampler(cluster).sample()) == 30
    api.gone = 100
    with pytest.raises(Unavailable, match="too old"):
        PodSampler(cluster).sample()


def test_a_selector_chooses(api, cluster):
    """Only pods with the labels."""
    api.pods = [pod("r-1"), pod("o-1", app="other")]
    api.metrics = [usage("r-1"), usage("o-1", app="other")]

    found = PodSampler(cluster, "app=other").sample()

    assert [sample.row["pod"] for sample in found] == ["o-1"]


def test_a_token_that_is_replaced_is_read_anew(api, cluster, account):
    """The kubelet replaces it every hour: nothing is to be restarted."""
    api.pods, api.metrics = [pod("r-1")], [usage("r-1")]
    assert PodSampler(cluster).sample()
    api.token = "second"
    with pytest.raises(Unauthorized):
        PodSampler(cluster).sample()

    (account / "token").write_text("second")

    assert PodSampler(cluster).sample()


def test_only_the_clusters_own_certificates_are_trusted(api, account, cluster):
    """A server with a certificate of another authority is not told the token."""
    trustme.CA().cert_pem.write_to_path(account / "ca.crt")

    with pytest.raises(Unavailable, match="certificate"):
        PodSampler(cluster).sample()
    assert api.asked == []


def test_what_the_cluster_refuses_is_told(api, cluster):
    """No role, no metrics server, and one that is down: each with what to do about it."""
    api.forbidden = frozenset({METRICS})
    with pytest.raises(Forbidden, match="a Role must allow"):
        PodSampler(cluster).sample()
    api.forbidden, api.metrics = frozenset(), None
    with pytest.raises(Unavailable, match="metrics-server"):
        PodSampler(cluster).sample()
    api.status = 503
    with pytest.raises(Unavailable, match="unable to handle"):
        PodSampler(cluster).sample()


def test_outside_of_a_cluster_it_says_so(tmp_path, monkeypatch):
    """The message says how to name an API server."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(InvalidInput, match="kubectl proxy"):
        Cluster.around(folder=tmp_path)


def test_the_official_client_reads_the_fake(api, account):
    """The fake is no invention: Kubernetes' own client finds the same pods and figures in it."""
    from kubernetes import client

    api.pods = [
        pod("r-1", restarts=2, reason="OOMKilled", limits={"memory": "1Gi"}, owner="ranking")
    ]
    api.metrics = [usage("r-1")]
    configuration = client.Configuration()
    configuration.host, configuration.ssl_ca_cert = api.url, str(account / "ca.crt")
    configuration.api_key = {"authorization": "Bearer first"}
    with client.ApiClient(configuration) as made:
        (found,) = client.CoreV1Api(made).list_namespaced_pod("ml", limit=500).items
        measured = client.CustomObjectsApi(made).list_namespaced_custom_object(
            "metrics.k8s.io", "v1beta1", "ml", "pods", limit=500
        )

    assert found.status.container_statuses[0].last_state.terminated.reason == "OOMKilled"
    assert found.metadata.owner_references[0].kind == "ReplicaSet"
    assert measured["items"][0]["containers"][0]["usage"]["cpu"] == "412345678n"


@settings(deadline=None)
@given(
    st.decimals(0, 10**6, places=3, allow_nan=False),
    st.sampled_from(
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    ),
)
def test_quantities_are_read_as_the_official_client_reads_them(number, suffix):
    """Every suffix, at any number."""
    from kubernetes.utils import parse_quantity

    text = f"{number}{suffix}"

    assert quantity(text) == pytest.approx(float(parse_quantity(text)))


@pytest.mark.parametrize("text", ["", "Ki", "1kb", "1 Gi", "1..2", "nan", "1e", "1e999"])
def test_what_is_no_quantity_is_refused(text):
    """Nothing is guessed."""
    with pytest.raises(InvalidInput, match="a quantity must look like"):
        quantity(text)


def test_exponents_are_quantities():
    """As the API server may write them."""
    assert quantity("1e3") == 1000.0
    assert quantity("12E-2") == 0.12


def test_the_definition_is_valid():
    """The model of pods is one that the server takes, with the rules of the host's own sampler."""
    model = load_model(json.dumps(pods_definition()))

    assert {monitor.kind for monitor in model.monitors} >= {"resources", "static"}
    assert model.column("cgroup_memory_used_share").name
