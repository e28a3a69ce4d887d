"""Who may serve what, and the first key."""

from __future__ import annotations

import os
import socket

import pytest

from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.server.bootstrap import first_key, is_loopback
from watchkeeper.server.supervise import _listen, _lock
from watchkeeper.settings import Settings


def test_the_first_key_is_made_once_and_kept_for_its_owner(tmp_path):
    """It is written where only its owner reads it; a second start makes none."""
    settings = Settings(home=tmp_path / "home")

    secret = first_key(settings)

    file = settings.home / "admin.key"
    assert file.read_text().strip() == secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert first_key(settings) is None


def test_a_public_address_without_a_key_is_refused(tmp_path):
    """Whoever came first would own the installation."""
    settings = Settings(home=tmp_path / "home", host="0.0.0.0")

    with pytest.raises(InvalidInput, match="public address needs a key"):
        first_key(settings)

    first_key(Settings(home=tmp_path / "home"))
    assert first_key(settings) is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [(host, True) for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8")]
    + [(host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "")],
)
def test_what_is_this_machine_alone(host, loopback):
    """Only loopback addresses; a name may mean anything."""
    assert is_loopback(host) is loopback


def test_two_servers_do_not_share_a_home(tmp_path):
    """The second is told who holds it; once that one is gone it may."""
    held = _lock(tmp_path)

    with pytest.raises(Conflict, match=f"process {os.getpid()}"):
        _lock(tmp_path)

    os.close(held)
    os.close(_lock(tmp_path))


def test_an_address_in_use_is_told():
    """The message says what to choose instead."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(InvalidInput, match="--port"):
            _listen("127.0.0.1", port)
