"""One request and its answer: what was taken, refused, and is to be sent again."""

from __future__ import annotations

import ssl

import pytest
import trustme

from otlp import Receiver, Refusal
from ports import held_port
from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.probe import probe
from watchkeeper.interop.otel.target import Export, Protocol, Signal, Target
from watchkeeper.interop.otel.transport import open_transport


def sent(target, body=b""):
    """The answer to one request."""
    transport = open_transport(target)
    try:
        return transport.send(body)
    finally:
        transport.close()


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_is_taken_is_taken_whole(receiver, target, protocol):
    """Headers and compression arrive, and there is nothing to say."""
    answer = sent(target(protocol, headers={"api-key": "k"}))
    (request,) = receiver.got

    assert (answer.taken, answer.rejected, answer.detail) == (True, 0, "")
    assert (request.via, request.headers["api-key"]) == (protocol, "k")
    assert request.headers.get("content-encoding", request.headers.get("grpc-encoding", "gzip")) == "gzip"  # fmt: skip


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_success_that_takes_nothing_is_told(receiver, target, protocol):
    """Partial success is not success: how many were rejected, and why."""
    receiver.refuse = lambda _: Refusal(rejects=3, message="too old")

    answer = sent(target(protocol))

    assert (answer.taken, answer.rejected, answer.detail) == (True, 3, "3 rejected: too old")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_refused_key_is_not_tried_again(receiver, target, protocol):
    """What the receiver says of it is told."""
    receiver.refuse = lambda _: Refusal(401, message="no such key")

    answer = sent(target(protocol))

    assert (answer.taken, answer.again) == (False, False)
    assert "no such key" in answer.detail


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_busy_receiver_is_asked_again(receiver, target, protocol):
    """Too much at once is for later; over HTTP it may say when."""
    receiver.refuse = lambda _: Refusal(503, {"Retry-After": "7"}, message="later")

    answer = sent(target(protocol))

    assert (answer.taken, answer.again) == (False, True)
    assert answer.wait_seconds == (7.0 if protocol == "http" else None)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_nobody_there(protocol):
    """A dead receiver is told as such, and is worth another try."""
    with held_port() as port:
        answer = sent(Target(Signal.LOGS, protocol, f"http://127.0.0.1:{port}"))

    assert (answer.taken, answer.again) == (False, True)
    assert "refused" in answer.detail.lower()


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refusal(200, {"Content-Type": "text/html"}, body=b"<html>It works!</html>"), "not OTLP's"),
        (Refusal(302, {"Location": "https://login"}, body=b""), "HTTP 302"),
        (Refusal(413, body=b"too much"), "HTTP 413"),
        (Refusal(404, {"Content-Type": "text/plain"}, body=b"404 page not found"), "page not found"),
    ],
)  # fmt: skip
def test_a_server_of_another_kind(receiver, target, refusal, said):
    """Whatever else answers with success, or sends elsewhere, is not believed."""
    receiver.refuse = lambda _: refusal

    answer = sent(target("http"))

    assert (answer.taken, answer.again) == (False, False)
    assert answer.too_large == (refusal.status == 413)
    assert said in answer.detail


@pytest.mark.parametrize("protocol", list(Protocol))
def test_certificates_are_checked(tmp_path, protocol):
    """A receiver is trusted by the authority that is named, and by no other."""
    authority, own = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(own)
    context, issued = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), authority.issue_cert("127.0.0.1")
    issued.configure_cert(context)
    pair = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())
    with Receiver().running(context, pair) as receiver:
        grpc = protocol is Protocol.GRPC
        at = receiver.grpc_url if grpc else f"{receiver.url}/v1/traces"
        trusted = sent(Target(Signal.TRACES, protocol, at, ca_file=str(own)))
        unknown = sent(Target(Signal.TRACES, protocol, at))

    assert (trusted.taken, unknown.taken) == (True, False)
    assert "certificate" in unknown.detail.lower()


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_certificate_that_is_not_there(protocol):
    """A file that cannot be read is told before anything is sent."""
    with pytest.raises(InvalidInput, match="/no/such/file"):
        open_transport(Target(Signal.TRACES, protocol, "https://c:1", ca_file="/no/such/file"))


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_connection_test_sends_one_of_each(receiver, export, protocol):
    """A real span, record and metric arrive, and each is told as taken."""
    found = probe(export(protocol), version="1")

    assert [(each.ok, each.detail) for each in found] == [(True, "")] * 3
    assert [span.name for span in receiver.spans()] == ["watchkeeper.connection.test"]
    assert [metric.name for metric in receiver.metrics()] == ["watchkeeper.connection.test"]
    assert receiver.records()[0].trace_id != b""


def test_the_connection_test_tells_the_truth(receiver, export):
    """A receiver that lies with success, one that refuses the key, one that is too busy."""
    refusals = {
        "traces": Refusal(rejects=1, message="no such tenant"),
        "metrics": Refusal(401, message="invalid key"),
        "logs": Refusal(503),
    }
    receiver.refuse = lambda request: refusals[request.signal]

    found = {str(each.signal): each for each in probe(export(), version="1")}

    assert not any(each.ok for each in found.values())
    assert "takes nothing: 1 rejected: no such tenant" in found["traces"].detail
    assert "invalid key" in found["metrics"].detail
    assert "HTTP 503" in found["logs"].detail


def test_nothing_is_probed_where_nothing_goes():
    """An export without targets has nothing to test."""
    assert probe(Export((), {}), version="1") == ()
