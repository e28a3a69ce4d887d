"""`watchkeeper otel test`: its exit code and its words are what the receiver did."""

from __future__ import annotations

import json
import os

import pytest

from otlp import Receiver, Refusal
from ports import held_port
from watchkeeper.cli.main import main


@pytest.fixture
def tested(monkeypatch, capsys):
    """Run the test with settings; the exit code, and what was said."""

    def run(*options, **settings):
        for name in [name for name in os.environ if name.startswith(("OTEL_", "WATCHKEEPER_"))]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main(["otel", "test", *options])
        said = capsys.readouterr()
        return end.value.code, said.out + said.err

    return run


def test_nothing_is_configured(tested):
    """Without a receiver there is nothing to test: it says how to name one."""
    code, said = tested()

    assert (code, "WATCHKEEPER_OTEL_ENDPOINT" in said) == (2, True)


def test_all_is_taken(tested):
    """Each signal is told as taken, and so in JSON."""
    with Receiver().running() as receiver:
        code, said = tested(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        _, told = tested("--json", WATCHKEEPER_OTEL_ENDPOINT=receiver.grpc_url, WATCHKEEPER_OTEL_PROTOCOL="grpc")  # fmt: skip

    assert (code, said.count(": taken at"), said.count("not taken")) == (0, 3, 0)
    assert [each["ok"] for each in json.loads(told)] == [True] * 3


def test_one_that_lies_is_told(tested):
    """A success that takes nothing is none."""
    with Receiver(lambda _: Refusal(rejects=1, message="no such tenant")).running() as receiver:
        code, said = tested(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)

    assert (code, said.count("not taken"), "no such tenant" in said) == (1, 3, True)


def test_nobody_is_there(tested):
    """A dead receiver is told as such, of events, too."""
    with held_port() as port:
        address = f"http://127.0.0.1:{port}"
        code, said = tested(WATCHKEEPER_NEW_RELIC_ACCOUNT="42", WATCHKEEPER_NEW_RELIC_REGION=address, OTEL_EXPORTER_OTLP_ENDPOINT=address)  # fmt: skip

    assert (code, said.count("not taken"), said.count("refused")) == (1, 4, 4)
