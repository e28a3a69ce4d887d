"""Senders that stall, break off, send too much, or speak as the version before did."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import suppress

import pytest
from place import Place

from waiting import PATIENCE_SECONDS, until

HEAD = (
    "POST /api/v1/models/loans/predictions HTTP/1.1\r\nHost: wk\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server for all of these tests."""
    made = Place(tmp_path_factory.mktemp("network"), WATCHKEEPER_MAX_BODY_BYTES="1000000")
    yield made
    made.close()


def connect(place, head=""):
    """A bare connection on which a request was begun."""
    found = socket.create_connection(("127.0.0.1", place.port), timeout=PATIENCE_SECONDS)
    found.sendall((HEAD.format(key=place.key) + head).encode())
    return found


def answer(connection):
    """The status and the body of what came back; None where the connection was closed."""
    with connection, connection.makefile("rb") as file:
        status = file.readline()
        if not status:
            return None
        headers = {}
        while (line := file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = file.read(int(headers["content-length"]))
    return int(status.split()[1]), headers, json.loads(body)


def hung_up(connection):
    """Whether the other side ends the connection; TimeoutError where it never does."""
    while connection.recv(4096):
        pass
    return True


def received(place):
    """Rows received, as the server counts them."""
    return sum(w["received"] for w in place.ask("/api/v1/models/loans/windows"))


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(place):
    """Of a body of a GiB not a byte is waited for."""
    status, headers, told = answer(connect(place, f"Content-Length: {2**30}\r\n\r\n"))

    assert (status, told["error"]["code"], headers["connection"]) == (413, "too_large", "close")
    assert "at most 1000000 bytes" in told["error"]["message"]


def test_a_body_that_grows_too_large_is_cut_off(place):
    """A body of unstated size ends at the limit, whatever would still come."""
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with connect(place, "Transfer-Encoding: chunked\r\n\r\n") as connection, suppress(OSError):
        while sent < 4_000:  # it hangs up on us long before, whatever lies in buffers
            connection.sendall(piece)
            sent += 1

    assert sent < 4_000


def test_a_bomb_is_not_unpacked(place):
    """A small body that unpacks to a large one is refused at the limit."""
    body = gzip.compress(b" " * 50_000_000)
    connection = connect(place, f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n")
    connection.sendall(body)

    assert answer(connection)[0] == 413


@pytest.mark.slow
def test_a_body_that_stalls_is_given_up(place):
    """With a status that says to try again, while the others are served."""
    stalled = [connect(place, "Content-Length: 1000\r\n\r\n{") for _ in range(60)]
    assert place.answers()

    status, headers, told = answer(stalled[0])
    assert (status, told["error"]["code"], headers["connection"]) == (408, "too_slow", "close")
    assert all(answer(connection)[0] == 408 for connection in stalled[1:])


@pytest.mark.slow
def test_headers_that_stall_are_given_up(place):
    """A request that never ends its headers is hung up on, first or later on a connection."""
    first = socket.create_connection(("127.0.0.1", place.port), timeout=PATIENCE_SECONDS)
    first.sendall(b"GET /healthz HTTP/1.1\r\nHost: wk\r\n\r\n")
    assert first.recv(15).startswith(b"HTTP/1.1 200")
    first.sendall(b"GET /healthz HTT")
    second = connect(place, "X-")

    for connection in (first, second):
        with connection:
            assert hung_up(connection)


def test_a_reset_in_mid_body_leaves_nothing_behind(place):
    """Half a batch is no batch; the whole one is taken when it is sent again."""
    until(place.moved, what="all of before is counted")
    before = received(place)
    body = json.dumps({"rows": [{"loan": f"r{n}", "income": n} for n in range(2_000)]}).encode()
    head = f"Idempotency-Key: broken\r\nContent-Length: {len(body)}\r\n\r\n"
    for size in (0, 1, len(body) // 2, len(body) - 1):
        connection = connect(place, head)
        connection.sendall(body[:size])
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        connection.close()  # with a reset
    connection = connect(place, head)
    connection.sendall(body)

    told = answer(connection)[2]["data"]
    assert (told["accepted"], told["repeated"]) == (2_000, False)
    until(lambda: received(place), lambda rows: rows == before + 2_000, what="counted once")


PREVIOUS = (
    '{"rows":[{"id":"018dfa51-3c00-7000-8000-0000000000%02d","time":"2024-03-01T12:00:00+00:00",'
    '"version":"3","features":{"income":10.5,"region":"a"},"prediction":"yes","score":0.5},'
    '{"id":"018dfa51-3c01-7000-8000-0000000000%02d","time":"2024-03-01T12:00:00.001000+00:00",'
    '"features":{"income":null},"prediction":"no","score":0.25,"latency_ms":1.5,"error":null}]}'
)


def test_a_client_of_the_version_before_is_understood(place):
    """What the first release sent, byte by byte: rows with features apart, and no word of itself."""
    body = gzip.compress((PREVIOUS % (1, 2)).encode(), 1, mtime=0)
    head = (
        "Accept: application/json\r\nUser-Agent: watchkeeper\r\nContent-Encoding: gzip\r\n"
        "Idempotency-Key: 0d9f-00000001-predictions-loans\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    for repeated in (False, True):
        connection = connect(place, head)
        connection.sendall(body)
        told = answer(connection)[2]["data"]
        assert (told["accepted"], told["rejected"], told["repeated"]) == (2, 0, repeated)


def test_lines_and_parquet_are_taken(place):
    """NDJSON, of which a line that is none is quarantined alone, and a Parquet file."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table({"loan": ["p1", "p2"], "income": [1.0, 2.0]}), file)
    lines = b'{"loan": "n1", "income": 1}\nno json\n{"loan": "n2", "income": 2}\n'
    for media_type, body, counts in (
        ("application/x-ndjson", lines, (3, 2, 1)),
        ("application/vnd.apache.parquet", file.getvalue(), (2, 2, 0)),
    ):
        head = HEAD.format(key=place.key).replace("application/json", media_type)
        connection = socket.create_connection(("127.0.0.1", place.port), timeout=PATIENCE_SECONDS)
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        told = answer(connection)[2]["data"]
        assert (told["received"], told["accepted"], told["rejected"]) == counts
