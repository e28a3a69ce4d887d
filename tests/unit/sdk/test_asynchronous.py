"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

import watchkeeper as wk
from waiting import PATIENCE_SECONDS
from watchkeeper.errors import Unavailable
from watchkeeper.sdk.client import SpoolOptions

NOBODY = "http://127.0.0.1:9"


def test_what_waits_does_not_hold_up_the_loop(tmp_path, monkeypatch):
    """While a flush waits for the server, other tasks run."""
    waiting, done = threading.Event(), threading.Event()

    def slow(_seconds):
        waiting.set()
        return done.wait(PATIENCE_SECONDS)

    async def main():
        async with wk.AsyncClient(NOBODY, "key", spool=SpoolOptions(tmp_path)) as client:
            client.logger("m").prediction({"x": 1}, prediction=1)
            monkeypatch.setattr(client.client, "flush", slow)
            flushing = asyncio.create_task(client.flush())
            assert await asyncio.to_thread(waiting.wait, PATIENCE_SECONDS)
            done.set()
            assert await flushing
            assert client.counts.spooled == 1
            await client.close(0.0)

    asyncio.run(main())


def test_errors_are_raised_where_they_are_awaited(tmp_path, monkeypatch):
    """A call that waits raises what the same call of the other client raises."""
    monkeypatch.setattr("watchkeeper.sdk.bulk._ATTEMPTS", 1)

    async def main():
        client = wk.AsyncClient(NOBODY, "key", spool=SpoolOptions(tmp_path))
        with pytest.raises(Unavailable):
            await client.log_labels("m", [{"id": "a", "label": 1}])
        await client.close(0.0)

    asyncio.run(main())


def test_it_has_what_the_other_client_has():
    """Every public call of `Client` that a program makes is there, with the same arguments."""
    internal = {"count", "drop", "held_still", "restart_in_child", "spool", "stream"}
    for name, method in inspect.getmembers(wk.Client):
        if name.startswith("_") or name in internal:
            continue
        other = getattr(wk.AsyncClient, name)
        if callable(method):
            assert inspect.signature(method) == inspect.signature(other), name
