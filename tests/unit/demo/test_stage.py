"""The demo's server: where what it says goes."""

from __future__ import annotations

import socket

import pytest

from watchkeeper.demo.stage import running_server
from watchkeeper.errors import Unavailable


def test_a_server_that_does_not_start_says_why(tmp_path, capfd):
    """Its own message comes with the error, and nothing of it is printed beside."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with (
            pytest.raises(Unavailable, match=rf"did not start[\s\S]*127.0.0.1:{port}"),
            running_server(tmp_path, port=port),
        ):
            pass

    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_server_that_dies_says_what_it_said_last(tmp_path, capfd):
    """While it lives its log is in its folder alone; whoever misses it is shown the last lines."""
    with (
        pytest.raises(Unavailable, match=r"gone[\s\S]*process started name=worker"),
        running_server(tmp_path, port=0) as server,
    ):
        lose(server)

    assert "process started" in (tmp_path / "server.log").read_text()
    assert capfd.readouterr() == ("", "")


def lose(server):
    """End it, and miss it."""
    server.process.terminate()
    server.process.wait()
    raise Unavailable("gone")
