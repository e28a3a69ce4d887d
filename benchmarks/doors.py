"""What watching costs at each door: processor time beside the same call unwatched, in one process.

The server is away, so what is measured is the caller's side alone: rows go to the spool. Every
figure is the least of five rounds, of the process's own time.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

import watchkeeper as wk
from watchkeeper.sdk.client import SpoolOptions

NOBODY = "http://127.0.0.1:9"
ROW: dict[str, object] = {f"feature_{place}": place * 1.37 for place in range(15)} | {
    f"kind_{place}": f"value {place}" for place in range(5)
}
BODY = json.dumps(ROW).encode()
ANSWER = b'{"prediction": 7.5}'
Act = Callable[[], object]


def microseconds(act: Act, times: int) -> float:
    """Processor time of one call, the least of five rounds."""
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            act()
        rounds.append((time.process_time() - began) / times * 1e6)
    return min(rounds)


def doors(client: wk.Client) -> Iterator[tuple[str, Act, Act, int]]:
    """Each door: its name, the call unwatched and watched, and how many rows a call has."""

    def predict(row: dict[str, object]) -> object:
        return row["feature_1"]

    def of_arguments(km: float, city: str, hour: int) -> float:  # noqa: ARG001  they are logged
        return km

    watched = wk.watch("m", client=client)(predict)
    with_arguments = wk.watch("m", client=client)(of_arguments)
    yield "`@wk.watch`, one mapping", lambda: predict(ROW), lambda: watched(ROW), 1
    yield (
        "`@wk.watch`, three arguments",
        lambda: of_arguments(1.0, "Bonn", 3),
        lambda: with_arguments(1.0, "Bonn", 3),
        1,
    )
    table = np.random.default_rng(1).random((1000, 20))
    bare = LinearRegression().fit(table, table[:, 0])
    estimator = wk.watch_estimator(LinearRegression().fit(table, table[:, 0]), "m", client=client)
    yield "`wk.watch_estimator`, a row of 1,000", lambda: bare.predict(table), lambda: estimator.predict(table), 1000  # fmt: skip
    endpoint = wk.Endpoint(path="/predict", model="m")
    asgi = wk.WatchASGI(answer_asgi, endpoints=[endpoint], client=client)
    loop = asyncio.new_event_loop()
    yield (
        "`wk.WatchASGI`, a request",
        lambda: loop.run_until_complete(ask(answer_asgi)),
        lambda: loop.run_until_complete(ask(asgi)),
        1,
    )
    wsgi = wk.WatchWSGI(answer_wsgi, endpoints=[endpoint], client=client)
    yield "`wk.WatchWSGI`, a request", lambda: call(answer_wsgi), lambda: call(wsgi), 1
    handler, null = wk.LogHandler("m", client=client), logging.NullHandler()
    record = logging.makeLogRecord({"watchkeeper": {"features": ROW, "prediction": 7.5}})
    yield "`wk.LogHandler`, a record", lambda: null.handle(record), lambda: handler.handle(record), 1  # fmt: skip


async def answer_asgi(
    _: object, receive: Callable[[], object], send: Callable[..., object]
) -> None:
    """A service that reads its question and answers."""
    await receive()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def ask(app: Callable[..., object]) -> None:
    """One request."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": BODY}

    async def send(message: object) -> None:
        pass

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    await app(scope, receive, send)


def answer_wsgi(environ: dict[str, object], start: Callable[..., object]) -> list[bytes]:
    """As `answer_asgi`."""
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "application/json")])
    return [ANSWER]


def call(app: Callable[..., object]) -> None:
    """One request."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "wsgi.input": io.BytesIO(BODY)}
    answer = app(environ, lambda *_: None)
    list(answer)
    with contextlib.suppress(AttributeError):
        answer.close()


def main() -> None:
    """Print a table."""
    folder = Path(tempfile.mkdtemp())
    spool = SpoolOptions(folder, max_bytes=2**31, interval_seconds=3600.0)
    client = wk.Client(NOBODY, "key", spool=spool)
    log = client.logger("m")
    print("| door | unwatched, µs | watched, µs | cost, µs a row | of it beyond `log.prediction` |")
    print("|---|---:|---:|---:|---:|")
    logged = microseconds(lambda: log.prediction(ROW, prediction=7.5, latency_ms=0.1), 10_000)
    for name, bare, watched, rows in doors(client):
        times = 10_000 if rows == 1 else 20
        before, after = microseconds(bare, times), microseconds(watched, times)
        cost = (after - before) / rows
        print(f"| {name} | {before:.1f} | {after:.1f} | {cost:.1f} | {cost - logged:.1f} |")
    sampler = wk.HostSampler(client)
    sampler.sample()
    print(f"| `wk.HostSampler`, a sample | | {microseconds(sampler.log, 50):.0f} | | |")
    print(f"| `log.prediction` itself | | {logged:.1f} | {logged:.1f} | |")
    assert client.counts.dropped == 0, client.counts
    client.close(0.0)


if __name__ == "__main__":
    main()
