"""Around every sink: no secret gets out, and no exception that is not ours."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from notices import a_delivery
from receivers import HttpReceiver, listening
from watchkeeper.alerts.build import build_sink
from watchkeeper.alerts.guard import Guarded
from watchkeeper.alerts.sinks.sink import Receipt
from watchkeeper.domain.route import Secret, SinkSpec
from watchkeeper.errors import (
    InvalidDefinition,
    InvalidInput,
    NotInstalled,
    PluginFailed,
    RateLimited,
    Unavailable,
)

SECRET = "https://hooks.example.org/services/T0000/B0000/abcdefghijkl"


@dataclass
class Loud:
    """A sink that tells what it knows."""

    error: Exception | None = None
    answer: str = ""
    target: str = f"sends to {SECRET}"
    sent: list = field(default_factory=list)

    def send(self, delivery):
        self.sent.append(delivery)
        if self.error is not None:
            raise self.error
        return Receipt(self.answer)


@pytest.mark.parametrize(
    "told", [SECRET, "abcdefghijkl", "/services/T0000/B0000/abcdefghijkl", "https%3A%2F%2Fhooks"]
)
def test_secrets_stay_in(told):
    """In answers, in errors and in where it sends: whole, quoted, or the telling part of a URL."""
    whole = f"cannot reach {SECRET if 'hooks' in told else told}"
    guarded = Guarded(Loud(answer=whole), "x", (SECRET,))

    assert "abcdefghijkl" not in guarded.send(a_delivery()).answer
    assert "abcdefghijkl" not in guarded.target
    with pytest.raises(Unavailable) as caught:
        Guarded(Loud(Unavailable(whole)), "x", (SECRET,)).send(a_delivery())
    assert "abcdefghijkl" not in f"{caught.value}{caught.value.__cause__}"
    assert "abcdefghijkl" not in repr(guarded)


@pytest.mark.parametrize("error", [Unavailable("x"), InvalidInput("x"), NotInstalled("x")])
def test_errors_of_ours_keep_their_meaning(error):
    """What may pass later and what never will."""
    with pytest.raises(type(error)):
        Guarded(Loud(error), "x").send(a_delivery())


def test_how_long_to_wait_is_kept():
    """What the receiver asked for."""
    with pytest.raises(RateLimited) as caught:
        Guarded(Loud(RateLimited("x", retry_after_seconds=77.0)), "x").send(a_delivery())

    assert caught.value.retry_after_seconds == 77.0


def test_what_a_sink_raises_besides_is_named():
    """A fault of foreign code is a failure of that sink, and tried again."""
    with pytest.raises(PluginFailed, match="the x sink failed: ZeroDivisionError"):
        Guarded(Loud(ZeroDivisionError("1/0")), "x").send(a_delivery())


def test_the_options_of_a_route_make_a_sink():
    """Secrets are read at the last moment, and stay out of every answer."""
    receiver = HttpReceiver(lambda asked: (500, {}, asked.headers["authorization"]))
    options = {
        "url": Secret(env="HOOK"),
        "allow_private": True,
        "headers": {"Authorization": Secret(file="/run/secrets/token")},
    }
    with listening(receiver):
        known = {"HOOK": f"{receiver.url}/T/secret-path", None: "Bearer of-tests"}
        sink = build_sink(SinkSpec("webhook", options), lambda secret: known[secret.env])

        with pytest.raises(Unavailable) as caught:
            sink.send(a_delivery())

    assert receiver.asked[0].headers["authorization"] == "Bearer of-tests"
    assert receiver.asked[0].path == "/T/secret-path"
    assert "of-tests" not in str(caught.value)


@pytest.mark.parametrize("spec", [SinkSpec("pigeon"), SinkSpec("teams", {"uri": "x"})])
def test_a_sink_that_cannot_be_made(spec):
    """An unknown type, or options that it has not."""
    with pytest.raises(InvalidDefinition):
        build_sink(spec, lambda _: "")
