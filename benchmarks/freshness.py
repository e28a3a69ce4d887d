"""Freshness: how long after its acknowledgement a row is in the profile of its window.

A real `watchkeeper serve` under a steady load: 20 models at 5,000 rows/s together, and 1,000 models
at one row a second each. What the API says a window's profile counts is asked for again and again,
for a sample of the models; a batch is fresh when its last row is counted. CPU is told by process, and
whether the inbox grew meanwhile.
"""

from __future__ import annotations

import argparse
import threading
import time
import uuid
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from ingest import Server, client_of, definition, ids, rows, serving

SENDERS = 8
PREPARED = 4_000  # rows whose features are sent again and again, under new ids and times


@dataclass(frozen=True)
class Load:
    """``models`` models that get ``rows`` rows a second each, sent every ``every`` seconds."""

    models: int
    rows: int
    every: float
    target: float  # seconds
    reference: bool


LOADS = {
    "busy": Load(models=20, rows=250, every=1.0, target=10.0, reference=True),
    "many": Load(models=1_000, rows=1, every=10.0, target=120.0, reference=False),
}


@dataclass
class Told:
    """What was acknowledged of a model, and what its profiles counted, by when."""

    acknowledged: list[tuple[float, int]] = field(default_factory=list)
    counted: list[tuple[float, int]] = field(default_factory=list)

    def waits(self) -> list[float]:
        """Seconds from each batch's acknowledgement until all its rows were counted; inf: never."""
        moments = np.array([moment for moment, _ in self.counted] or [0.0])
        reached = np.array([rows for _, rows in self.counted] or [0])
        found = []
        total = 0
        for moment, size in sorted(self.acknowledged):
            total += size
            place = int(np.searchsorted(reached, total))
            found.append(moments[place] - moment if place < len(moments) else np.inf)
        return found


class Sender:
    """Sends the rows of every model on time; late where the server makes it wait."""

    def __init__(self, server: Server, load: Load, names: list[str], watched: set[str]) -> None:
        self.client, self.load, self.names = client_of(server), load, names
        self.told = {name: Told() for name in watched}
        self.behind = 0.0
        self.sent = 0
        self._features = rows(PREPARED, 1)
        self._generator = np.random.default_rng(2)
        self._lock = threading.Lock()
        self._room = threading.Semaphore(2 * SENDERS)  # a server that is slow makes the sender late

    def run(self, until: float) -> None:
        """Send until a moment of the clock, every model in its turn."""
        step = self.load.every / len(self.names)
        begin = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as pool:
            turn = 0
            while time.monotonic() < until:
                due = begin + turn * step
                self.behind = max(self.behind, time.monotonic() - due)
                time.sleep(max(0.0, due - time.monotonic()))
                self._room.acquire()
                pool.submit(self._send, self.names[turn % len(self.names)])
                turn += 1

    def _send(self, name: str) -> None:
        try:
            self._send_one(name)
        finally:
            self._room.release()

    def _send_one(self, name: str) -> None:
        size = max(1, round(self.load.rows * self.load.every))
        with self._lock:
            start = int(self._generator.integers(0, PREPARED - size))
            back = int(self.load.every * 1e6)
            times = np.sort(time.time_ns() // 1000 - self._generator.integers(0, back, size))
            keys = ids(times, self._generator, foreign=False)
        table = self._features.slice(start, size)
        table = table.set_column(0, "id", keys)
        table = table.set_column(1, "time", pa.array(times, pa.timestamp("us", tz="UTC")))
        receipt = self.client.log_predictions(name, table, batch=uuid.uuid4().hex)
        self.sent += receipt.accepted
        if name in self.told:
            self.told[name].acknowledged.append((time.monotonic(), receipt.accepted))


class Watch:
    """Asks, every second, what the profiles of some models count, and how much waits."""

    def __init__(self, server: Server, sender: Sender) -> None:
        self.client, self.sender = client_of(server), sender
        self.waiting: list[tuple[float, int]] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping.wait(1.0):
            self.once()

    def once(self) -> None:
        """Ask once."""
        for name, told in self.sender.told.items():
            found = self.client.http.get(f"/api/v1/models/{name}/windows").data
            told.counted.append((time.monotonic(), sum(row["profiled"] for row in found)))
        clock = self.client.http.get("/api/v1/clock").data
        self.waiting.append((time.monotonic(), clock["inbox"]))

    def settled(self) -> bool:
        """Whether all that was acknowledged is counted."""
        return all(
            told.counted and told.counted[-1][1] >= sum(size for _, size in told.acknowledged)
            for told in self.sender.told.values()
        )


def prepare(server: Server, load: Load, granularity: str) -> list[str]:
    """Define the models, and give them a reference where the load says so."""
    client = client_of(server)
    names = [f"model{i:04d}" for i in range(load.models)]
    reference = rows(20_000, 3).drop_columns(["time"])
    labels = pa.array(np.random.default_rng(4).choice(["no", "yes"], 20_000))
    reference = reference.drop_columns(["id"]).append_column("repaid", labels)
    for name in names:
        client.apply({**definition(name), "granularity": granularity})
        if load.reference:
            client.upload_reference(name, reference)
    return names


def measure(kind: str, seconds: float, granularity: str) -> bool:
    """Run one load and print what came of it; whether it held its target."""
    load = LOADS[kind]
    with serving(WATCHKEEPER_REQUESTS_PER_MINUTE="1000000") as server:
        names = prepare(server, load, granularity)
        watched = set(names[:: max(1, len(names) // 10)])
        sender = Sender(server, load, names, watched)
        watch = Watch(server, sender)
        before, own = server.usage(), time.process_time()
        thread = threading.Thread(target=watch.run)
        thread.start()
        began = time.monotonic()
        sender.run(began + seconds)
        lasted = time.monotonic() - began
        after, own = server.usage(), time.process_time() - own
        while not watch.settled() and time.monotonic() - began - lasted < 2 * load.target:
            time.sleep(1.0)
        watch.stopping.set()
        thread.join()
        return tell(load, sender, watch, (lasted, own, before, after))


def tell(load: Load, sender: Sender, watch: Watch, run: tuple) -> bool:
    """Print the figures of a run."""
    lasted, own, before, after = run
    waits = np.array([wait for told in sender.told.values() for wait in told.waits()])
    cpu: dict[str, float] = defaultdict(float)
    for name, spent in after.cpu.items():
        cpu[name.partition("-")[0]] += spent - before.cpu.get(name, 0.0)
    cpu["client"] = own
    inside = [(at, waiting) for at, waiting in watch.waiting if at <= watch.waiting[0][0] + lasted]
    minutes, waiting = np.array([at / 60 for at, _ in inside]), np.array([n for _, n in inside])
    slope = float(np.polyfit(minutes, waiting, 1)[0]) if len(inside) > 2 else float("nan")
    p50, p99 = np.quantile(waits, [0.5, 0.99], method="higher")
    held = bool(waits.max() <= load.target)
    print(
        f"{load.models:,} models, {sender.sent / lasted:,.0f} rows/s for {lasted:,.0f} s: "
        f"freshness p50 {p50:.1f} s, p99 {p99:.1f} s, max {waits.max():.1f} s "
        f"(target {load.target:.0f} s: {'held' if held else 'MISSED'})"
    )
    print(
        f"   {len(waits):,} batches of {len(sender.told)} models were watched; the sender was at most "
        f"{sender.behind:.1f} s late; waiting batches at most {waiting.max()}, "
        f"{slope:+.1f} a minute"
    )
    shares = ", ".join(f"{name} {spent / lasted:.2f}" for name, spent in sorted(cpu.items()))
    memory = ", ".join(f"{name.partition('-')[0]} {mb:.0f}" for name, mb in after.rss.items())
    print(f"   cores used: {shares}; resident MB: {memory}", flush=True)
    return held


def main() -> None:
    """Both loads, or one; ends with 1 where a target was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("loads", nargs="*", choices=[*LOADS, []], help="default: both")
    parser.add_argument("--seconds", type=float, default=180.0, help="of each load")
    parser.add_argument("--granularity", default="1h", help="of the models' windows")
    parser.add_argument("--every", type=float, help="seconds between the batches of a model")
    asked = parser.parse_args()
    for kind, load in LOADS.items():
        LOADS[kind] = replace(load, every=asked.every or load.every)
    held = [measure(kind, asked.seconds, asked.granularity) for kind in asked.loads or list(LOADS)]
    raise SystemExit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
