"""Apprise: what has no sender of its own, against a real server."""

from __future__ import annotations

import builtins

import pytest

from notices import a_delivery, a_notice, every_kind
from receivers import HttpReceiver, listening
from watchkeeper.alerts.sinks.apprise import AppriseSink
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, NotInstalled, Unavailable

# It loads what Python has announced to remove, and brings its own for when it is.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def receiver():
    """A real HTTP server."""
    with listening(HttpReceiver()) as found:
        yield found


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_title_and_text_are_sent(receiver, notice):
    """In the type that the service shows as good or bad."""
    AppriseSink(f"json://127.0.0.1:{receiver.port}/x").send(a_delivery(notice))

    sent = receiver.asked[0].json
    assert "missing rate of wind_speed" in sent["message"]
    assert sent["type"] == ("success" if notice.kind is NoticeKind.RESOLVED else "failure")


def test_what_is_not_taken_is_tried_again_with_the_reason(receiver):
    """Apprise does not say whether it will ever pass."""
    receiver.answers.append((500, {}, ""))

    with pytest.raises(Unavailable, match="error=500"):
        AppriseSink(f"json://127.0.0.1:{receiver.port}/x").send(a_delivery())


def test_a_url_that_apprise_does_not_know():
    """Will never pass, and is not told: it may hold a token."""
    with pytest.raises(InvalidInput, match="Apprise knows") as caught:
        AppriseSink("no-such-service://token-of-mine").send(a_delivery(a_notice()))

    assert "token-of-mine" not in str(caught.value)


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    """Nobody else needs it."""
    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(NotInstalled, match=r"watchkeeper\[apprise\]"):
        AppriseSink("json://127.0.0.1/x").send(a_delivery())
