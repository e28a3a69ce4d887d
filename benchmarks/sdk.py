"""What logging one prediction of 20 features costs its caller, and the process as a whole.

Every row of the table is a process of its own, which logs at a fixed rate (calls are due at fixed
moments; it sleeps, and computes for 50 µs before each), while the server is up, slow, or dead; beside it what is
commonly done, and the least that leaves a row with the operating system, at the same rates.
"""

from __future__ import annotations

import argparse
import json
import logging
import marshal
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RATES = (1_000, 10_000)
SERVERS = ("up", "slow", "dead")
OTHERS = ("marshal + os.write", "json + write", "logging line")
SLOW_SECONDS = 3.0
MODEL_SECONDS = 0.00005
BURST = 30_000
Log = Callable[[dict[str, object]], object]


def features() -> dict[str, object]:
    """15 numbers and 5 words."""
    row: dict[str, object] = {f"feature_{place}": random.random() * 100 for place in range(15)}
    row.update({f"kind_{place}": f"value {place}" for place in range(5)})
    return row


def serve(seconds: float) -> None:
    """A server that takes every batch after some seconds; prints its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(seconds)
            body = b'{"data":{"rejected":0},"next_cursor":null}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(listening.server_port, flush=True)
    listening.serve_forever()


@contextmanager
def server(state: str) -> Iterator[str]:
    """The URL of a server in that state."""
    if state == "dead":
        yield "http://127.0.0.1:9"
        return
    seconds = SLOW_SECONDS if state == "slow" else 0.0
    command = [sys.executable, __file__, "--serve", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


def resident_mb() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def contender(name: str, folder: Path) -> tuple[Log, Callable[[], object]]:
    """How to log one row under that name, and how to end."""
    if name.startswith("http"):
        from watchkeeper import Client
        from watchkeeper.sdk.client import SpoolOptions

        client = Client(name, "key", spool=SpoolOptions(folder, max_bytes=2**31))
        predict = client.logger("model", version="1").prediction
        return lambda row: predict(row, prediction=0.3, score=0.7), lambda: client.close(30.0)
    path = folder / "rows"
    if name == "nothing":
        return lambda _: None, lambda: None
    if name == "marshal + os.write":
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return lambda row: os.write(file, marshal.dumps((0.3, row))), lambda: os.close(file)
    if name == "json + write":
        lines = path.open("ab", buffering=0)
        return lambda row: lines.write(json.dumps([0.3, row]).encode() + b"\n"), lines.close
    logger = logging.getLogger("rows")
    logger.addHandler(logging.FileHandler(path))
    logger.setLevel(logging.INFO)
    return lambda row: logger.info("prediction %s of %s", 0.3, row), logging.shutdown


def paced(log: Log, rate: int, seconds: float) -> list[float]:
    """The cost of each call in µs, ascending; calls are due at fixed moments, and what comes right
    before one is the model's own work.
    """
    row, clock = features(), time.perf_counter
    costs = [0.0] * int(rate * seconds)
    start = clock() + 0.1
    for place in range(len(costs)):
        due = start + place / rate
        wait = due - MODEL_SECONDS - clock()
        if wait > 0:
            time.sleep(wait)
        while clock() < due:
            predicted(row)
        begun = clock()
        log(row)
        costs[place] = (clock() - begun) * 1e6
    return sorted(costs)


def predicted(row: dict[str, object]) -> float:
    """A small model: it keeps the processor awake, as whatever is logged did."""
    return sum(value for value in row.values() if isinstance(value, float))


def child(name: str, rate: int, seconds: float) -> None:
    """Measure one contender at one rate, and print what was found as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        log, end = contender(name, Path(folder))
        for _ in range(200):
            log(features())
        costs = paced(log, rate, seconds)
        found = {str(share): costs[int(len(costs) * share)] for share in (0.5, 0.99, 0.999)}
        found["rss"] = resident_mb()
        end()
    print(json.dumps(found))


def whole_cost(url: str) -> None:
    """Log a burst, send it all, and print the µs of CPU that a row took in all."""
    with tempfile.TemporaryDirectory() as folder:
        log, end = contender(url, Path(folder))
        rows = [features() for _ in range(100)]
        before = time.process_time()
        for place in range(BURST):
            log(rows[place % 100])
            if place % 1000 == 999:
                time.sleep(0.1)
        end()
        print((time.process_time() - before) / BURST * 1e6)


def run(*arguments: object) -> str:
    """This script in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def line(name: str, rate: int, found: dict[str, float], bare: float) -> str:
    """One row of the table."""
    p50, p99, p999 = found["0.5"], found["0.99"], found["0.999"]
    return f"| {name} | {rate:,} | {p50:.1f} | {p99:.1f} | {p999:.0f} | {found['rss'] - bare:.0f} |"


def main() -> None:
    """Print a Markdown table of percentiles and memory, and the CPU of a row in all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=float)
    parser.add_argument("--child")
    parser.add_argument("--whole")
    parser.add_argument("--rate", type=int, default=RATES[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    if asked.serve is not None:
        serve(asked.serve)
    elif asked.child:
        child(asked.child, asked.rate, asked.seconds)
    elif asked.whole:
        whole_cost(asked.whole)
    else:
        table(asked.seconds)


def table(seconds: float) -> None:
    """Run everything."""
    print("| one logged prediction, 20 features | calls/s | p50 µs | p99 µs | p99.9 µs | MB more |")
    print("|---|---|---|---|---|---|")
    for rate in RATES:
        given = ("--rate", rate, "--seconds", seconds)
        bare = json.loads(run("--child", "nothing", *given))["rss"]
        for state in SERVERS:
            with server(state) as url:
                found = json.loads(run("--child", url, *given))
            print(line(f"Watchkeeper, server {state}", rate, found, bare), flush=True)
        for name in OTHERS:
            found = json.loads(run("--child", name, *given))
            print(line(name, rate, found, bare), flush=True)
    with server("up") as url:
        cost = min(float(run("--whole", url)) for _ in range(3))
    print(f"| CPU of a row in all, sending included: {cost:.0f} µs (<= 30) | | | | | |")
    print("| wanted of Watchkeeper | | <= 5 | <= 50 | | <= 60 |")


if __name__ == "__main__":
    main()
