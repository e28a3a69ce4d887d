"""A POST to outside: which addresses are refused, and what an answer means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from receivers import HttpReceiver, listening
from watchkeeper.alerts.transport.http import (
    Answer,
    Post,
    Reach,
    check_url,
    post,
    require_accepted,
    retry_after,
)
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

HERE = Reach(allow_private=True, timeout_seconds=30.0)


@pytest.fixture
def receiver():
    """A real HTTP server."""
    with listening(HttpReceiver()) as found:
        yield found


def test_what_is_posted_arrives_and_the_answer_comes_back(receiver):
    """Path, query, headers and body, as they are."""
    receiver.answers.append((201, {"X-Id": "7"}, "made"))

    answer = post(Post(f"{receiver.url}/a/b?c=d", b"body", {"X-Mine": "yes"}), HERE)

    (asked,) = receiver.asked
    assert (asked.path, asked.body, asked.headers["x-mine"]) == ("/a/b?c=d", b"body", "yes")
    assert (answer.status, answer.headers["x-id"], answer.text) == (201, "7", "made")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.1]:9/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://0.0.0.0:9/",
        "http://100.64.0.1/",
        "http://2130706433:9/",
        "http://[fd00::1]/",
    ],
)
def test_private_addresses_are_refused(url):
    """Loopback, private, shared and link-local addresses, however they are written."""
    with pytest.raises(InvalidInput, match="refused"):
        post(Post(url, b""), Reach())


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fe80::1]/"])
def test_link_local_is_refused_even_when_private_is_allowed(url):
    """A cloud's metadata service is never an address for alerts."""
    with pytest.raises(InvalidInput, match="link-local"):
        post(Post(url, b""), HERE)


def test_the_name_is_resolved_once(receiver, monkeypatch):
    """The connection goes to the address that was checked: a name that changes gains nothing."""
    import socket

    real, asked = socket.getaddrinfo, []

    def resolve(host, port, *rest, **more):
        asked.append(host)
        return real("127.0.0.1" if host == "changes.example.org" else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    post(Post(f"http://changes.example.org:{receiver.port}/x", b""), HERE)

    assert asked.count("changes.example.org") == 1
    assert receiver.asked[0].headers["host"] == f"changes.example.org:{receiver.port}"


def test_a_redirect_is_not_followed(receiver):
    """Whoever answers cannot send us somewhere else."""
    receiver.answers.append((307, {"Location": f"{receiver.url}/other"}, ""))

    answer = post(Post(f"{receiver.url}/first", b""), HERE)

    with pytest.raises(InvalidInput, match="redirects are not followed"):
        require_accepted(answer, where="it")
    assert [asked.path for asked in receiver.asked] == ["/first"]


def test_nobody_there_is_a_passing_failure():
    """A port on which nobody listens may be listened on later."""
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        post(Post("http://127.0.0.1:1/secret-path", b""), HERE)


def test_a_failure_does_not_tell_the_path():
    """The path of a webhook is its secret."""
    with pytest.raises(Unavailable) as caught:
        post(Post("http://127.0.0.1:1/T0/B0/secret", b""), HERE)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInput),
        (401, InvalidInput),
        (404, InvalidInput),
        (410, InvalidInput),
        (413, InvalidInput),
        (408, Unavailable),
        (425, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_what_may_pass_later_is_told_from_what_never_will(status, error):
    """By the status of the answer."""
    with pytest.raises(error, match=str(status)):
        require_accepted(Answer(status, {}, "no"), where="it")


def test_how_long_to_wait_is_what_the_other_side_asks():
    """Seconds, or a date."""
    later = datetime.now(UTC) + timedelta(minutes=10)

    assert retry_after({"retry-after": "30"}) == 30.0
    assert 500 < retry_after({"retry-after": format_datetime(later, usegmt=True)}) <= 600
    assert retry_after({"retry-after": "soon"}) is retry_after({}) is None
    with pytest.raises(RateLimited) as caught:
        require_accepted(Answer(429, {"retry-after": "7"}, ""), where="it")
    assert caught.value.retry_after_seconds == 7.0


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "//host", "https://u:p@host/"])
def test_urls_that_cannot_be_posted_to(url):
    """Another scheme, no host, or a password within."""
    with pytest.raises(InvalidInput) as caught:
        check_url(url, what="a webhook")

    assert "passwd" not in str(caught.value)


def test_a_long_answer_is_read_in_part(receiver):
    """An answer without an end is no reason to take all of it in."""
    receiver.answers.append((200, {}, "x" * 200_000))

    answer = post(Post(receiver.url, b""), HERE)

    assert len(answer.text) == 64 * 1024
    assert len(answer.said()) < 400
