"""A receiver of OTLP that listens, and an export to it."""

from __future__ import annotations

import pytest

from otlp import Receiver
from watchkeeper.interop.otel.target import Export, Protocol, Signal, Target


@pytest.fixture
def receiver():
    """A receiver that takes all it is sent, until it is told otherwise."""
    with Receiver().running() as found:
        yield found


@pytest.fixture
def target(receiver):
    """A way to that receiver."""

    def make(protocol="http", signal="traces", **options):
        if protocol == "grpc":
            return Target(Signal(signal), Protocol.GRPC, receiver.grpc_url, **options)
        return Target(Signal(signal), Protocol.HTTP, f"{receiver.url}/v1/{signal}", **options)

    return make


@pytest.fixture
def export(target):
    """All signals to that receiver."""

    def make(protocol="http", **options):
        headers = {"headers": options.pop("headers", {})}
        targets = tuple(target(protocol, str(signal), **headers) for signal in Signal)
        return Export(targets, {"service.name": "watchkeeper"}, **options)

    return make
