"""Ingest: rows per second until acknowledged and until in the lake, client included; what an
acknowledgement takes at half load; memory and bytes written over many rows; restart.

A real `watchkeeper serve`, and clients in a process of their own. The bare Delta append of the
same rows, in as large commits as the mover's, is measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

FEATURES = 20
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
CITIES = np.array(["Oslo", "Lima", "Quito", "Accra", "Hanoi", "Perth", "Turin", "Basel"])


def definition(name: str) -> dict[str, object]:
    """A model of 20 features: 16 numbers, 3 categories, a truth value."""
    columns: dict[str, object] = {f"x{i}": "numeric" for i in range(16)}
    columns |= {f"c{i}": "categorical" for i in range(3)} | {"b0": "boolean"}
    columns["score"] = {"type": "numeric", "role": "score"}
    columns["repaid"] = {"type": "categorical", "role": "label"}
    return {
        "apiVersion": "watchkeeper/v1",
        "kind": "Model",
        "name": name,
        "task": "binary",
        "positive_class": "yes",
        "classes": ["no", "yes"],
        "granularity": "1h",
        "columns": columns,
    }


def ids(times: np.ndarray, generator: np.random.Generator, *, foreign: bool) -> pa.Array:
    """One id a row: UUIDv7 of its time as the SDK mints them, or (foreign) random UUIDv4."""
    size = len(times)
    raw = generator.integers(0, 256, (size, 16), dtype=np.uint8)
    if not foreign:
        millis = (times // 1000).astype(">u8").view(np.uint8).reshape(size, 8)
        raw[:, :6] = millis[:, 2:]
    raw[:, 6] = (raw[:, 6] & 0x0F) | (0x40 if foreign else 0x70)
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    digits = np.frombuffer(raw.tobytes().hex().encode(), dtype=np.uint8).reshape(size, 32)
    text = np.full((size, 36), ord("-"), dtype=np.uint8)
    for at, (start, end) in zip(
        (0, 9, 14, 19, 24), ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)), strict=True
    ):
        text[:, at : at + end - start] = digits[:, start:end]
    return pa.array(text.view("S36").ravel().astype("U36"))


def rows(
    size: int, seed: int, *, foreign: bool = False, spread: timedelta = timedelta(minutes=1)
) -> pa.Table:
    """Rows whose times lie in the ``spread`` before now."""
    generator = np.random.default_rng(seed)
    now = time.time_ns() // 1000
    times = np.sort(now - generator.integers(0, spread // timedelta(microseconds=1), size))
    held: dict[str, object] = {
        "id": ids(times, generator, foreign=foreign),
        "time": pa.array(times, pa.timestamp("us", tz="UTC")),
    }
    for i in range(16):
        held[f"x{i}"] = generator.normal(size=size).round(4)
    for i in range(3):
        held[f"c{i}"] = pa.array(CITIES[generator.integers(0, len(CITIES), size)])
    held["b0"] = generator.integers(0, 2, size).astype(bool)
    held["score"] = generator.random(size)
    return pa.table(held)


def json_rows(table: pa.Table) -> list[dict[str, object]]:
    """The same rows as an SDK logs them."""
    return [{**row, "time": row["time"].isoformat()} for row in table.to_pylist()]


@dataclass
class Usage:
    """What a server's processes used: CPU seconds, resident MB and bytes written by each."""

    cpu: dict[str, float] = field(default_factory=dict)
    rss: dict[str, float] = field(default_factory=dict)
    written: int = 0

    def total(self) -> float:
        return sum(self.cpu.values())


class Server:
    """`watchkeeper serve` in a home folder."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        began = time.perf_counter()
        self.log = (home.parent / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "watchkeeper.cli.main",
                "serve",
                "--home",
                home,
                "--port",
                "0",
                "--json",
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **environment},
        )
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.url, self.key = told["url"], (home / "admin.key").read_text().strip()
        self.wait_ready()
        self.ready_after = time.perf_counter() - began

    def wait_ready(self) -> None:
        import urllib.error
        import urllib.request

        while True:
            try:
                urllib.request.urlopen(self.url + "/readyz", timeout=30).read()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
            else:
                return

    def usage(self) -> Usage:
        """Of the supervisor and all that it started."""
        found = Usage()
        for pid, name in self._processes():
            try:
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                io = Path(f"/proc/{pid}/io").read_text()
            except OSError:
                continue
            label = f"{name}-{pid}"
            found.cpu[label] = sum(int(stat[i]) for i in (11, 12, 13, 14)) / _TICKS
            found.rss[label] = int(stat[21]) * _PAGE / 2**20
            found.written += int(io.split("write_bytes:")[1].split()[0])
        return found

    def _processes(self) -> Iterator[tuple[int, str]]:
        parents: dict[int, int] = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(path.name)] = int(
                    (path / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
        for pid in parents:
            up = pid
            while up in parents and up != self.process.pid:
                up = parents[up]
            if up == self.process.pid:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
                yield (
                    pid,
                    "door"
                    if "server.door" in line
                    else "worker"
                    if "server.toil" in line
                    else "other",
                )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


@contextmanager
def serving(**environment: str) -> Iterator[Server]:
    """A server in a fresh home folder."""
    folder = Path(tempfile.mkdtemp(prefix="wk-bench-"))
    server = Server(folder / "home", **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def client_of(server: Server) -> object:
    from watchkeeper.sdk.client import Client, SpoolOptions

    return Client(server.url, server.key, spool=SpoolOptions(folder=server.home.parent / "spool"))


def drained(server: Server) -> None:
    """Wait until the inbox is empty."""
    client = client_of(server)
    while client.http.get("/api/v1/clock").data["inbox"]:  # type: ignore[attr-defined]
        time.sleep(0.05)


def bare_append(tables: list[pa.Table]) -> tuple[float, float, int]:
    """Wall and CPU seconds of `write_deltalake` of the rows, and the bytes of the table."""
    from deltalake import WriterProperties, write_deltalake

    folder = tempfile.mkdtemp(prefix="wk-bare-")
    whole = pa.concat_tables(tables)
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, whole.num_rows, 200_000):
        write_deltalake(
            folder,
            whole.slice(start, 200_000),
            mode="append",
            writer_properties=WriterProperties(compression="ZSTD", compression_level=1),
        )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    shutil.rmtree(folder)
    return wall, cpu, size


def send(
    server: Server, kind: str, size: int, batches: int, *, foreign: bool = False, threads: int = 2
) -> None:
    """Send batches of rows from a few threads and print the rates."""
    client = client_of(server)
    model = f"{kind}{'-foreign' if foreign else ''}"
    client.apply(definition(model))
    tables = [rows(size, seed, foreign=foreign) for seed in range(batches)]
    payload = tables if kind == "arrow" else [json_rows(table) for table in tables]
    bare_wall, bare_cpu, bare_bytes = bare_append(tables)
    before, own = server.usage(), time.process_time()
    began = time.perf_counter()
    times: list[float] = []

    def one(index: int) -> None:
        start = time.perf_counter()
        receipt = client.log_predictions(model, payload[index], batch=f"{model}-{index}")
        times.append(time.perf_counter() - start)
        assert receipt.accepted == size, receipt

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(batches)))
    acknowledged, own = time.perf_counter() - began, time.process_time() - own
    at_ack = server.usage()
    drained(server)
    stored = time.perf_counter() - began
    after = server.usage()
    total = size * batches
    cpu = {name: after.cpu[name] - before.cpu.get(name, 0.0) for name in after.cpu}
    print(
        f"{model}: {total:,} rows, batches of {size:,}: acknowledged {total / acknowledged:,.0f} rows/s, "
        f"in the lake {total / stored:,.0f} rows/s ({stored / bare_wall:.1f} x the bare append's "
        f"{bare_wall:.2f} s, {total / bare_wall:,.0f} rows/s, CPU {bare_cpu:.2f} s)"
    )
    print(
        f"   CPU s: client {own:.2f}, "
        + ", ".join(f"{name.partition('-')[0]} {spent:.2f}" for name, spent in cpu.items())
        + f"; together {(own + sum(cpu.values())) / bare_cpu:.1f} x; p50 ack {np.quantile(times, 0.5) * 1000:.0f} ms "
        f"max {max(times) * 1000:.0f} ms; written {(after.written - before.written) / bare_bytes:.1f} x the bare bytes "
        f"({(at_ack.written - before.written) / bare_bytes:.1f} x at acknowledgement)"
    )


def paced(server: Server, rate: float, seconds: float) -> None:
    """Acknowledgements at a steady rate, while windows of five minutes close and are judged."""
    client = client_of(server)
    model = definition("paced")
    client.apply({**model, "granularity": "5m"})
    reference = rows(100_000, 7, spread=timedelta(days=2))
    client.upload_reference("paced", reference)
    size = 1_000
    tables = [rows(size, seed, spread=timedelta(hours=1)) for seed in range(200)]
    times: list[float] = []
    before, began = server.usage(), time.perf_counter()

    def one(index: int) -> None:
        due = began + index * size / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        table = fresh(tables[index % len(tables)], index)
        client.log_predictions("paced", table, batch=f"paced-{index}")
        times.append(time.perf_counter() - due)  # with what it waited for its turn

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(int(seconds * rate / size))))
    after, spent = server.usage(), time.perf_counter() - began
    used = {
        name.partition("-")[0]: (cpu - before.cpu.get(name, 0.0)) / spent
        for name, cpu in after.cpu.items()
    }
    windows = client.http.get("/api/v1/models/paced/windows", limit=1000).data
    judged = sum(window["status"] is not None for window in windows)
    print(
        f"at {rate:,.0f} rows/s in batches of {size:,} for {seconds:.0f} s, "
        f"{len(windows)} windows profiled and {judged} judged meanwhile: acknowledgement p50 "
        f"{np.quantile(times, 0.5) * 1000:.0f} ms, p99 {np.quantile(times, 0.99) * 1000:.0f} ms "
        f"(<= 1000), p99.9 {np.quantile(times, 0.999) * 1000:.0f} ms, max {max(times) * 1000:.0f} ms; "
        "processors used: " + ", ".join(f"{name} {share:.2f}" for name, share in used.items())
    )


def fresh(table: pa.Table, index: int) -> pa.Table:
    """The same rows under new ids and times: rows that never were."""
    generator = np.random.default_rng(index)
    now = time.time_ns() // 1000
    span = 3_600_000_000
    times = np.sort(now - generator.integers(0, span, table.num_rows))
    stamp = pa.array(times, pa.timestamp("us", tz="UTC"))
    named = table.set_column(0, "id", ids(times, generator, foreign=False))
    return named.set_column(1, "time", stamp)


def much(server: Server, total: int, *, size: int = 10_000) -> None:
    """Memory, bytes written and the index of ids over many rows; then a restart over them."""
    client = client_of(server)
    client.apply(definition("much"))
    templates = [rows(size, seed) for seed in range(20)]
    kept: dict[int, pa.Table] = {}
    before = server.usage()
    began, shown = time.perf_counter(), total // 10
    print(f"{total:,} rows in batches of {size:,}; MB resident of door and worker:")

    def one(index: int) -> None:
        table = fresh(templates[index % len(templates)], index)
        if index in {0, total // size - 1}:
            kept[index] = table
        receipt = client.log_predictions("much", table, batch=f"much-{index}")
        assert receipt.accepted == size, receipt
        done = (index + 1) * size
        if done % shown == 0:
            print(f"   {done:>12,} rows {time.perf_counter() - began:6.0f} s  {resident(server)}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(total // size)))
    drained(server)
    spent, after = time.perf_counter() - began, server.usage()
    lake = sum(p.stat().st_size for p in (server.home / "lake").rglob("*.parquet"))
    print(
        f"   {total / spent:,.0f} rows/s until all was in the lake; written "
        f"{(after.written - before.written) / total:,.0f} bytes a row, of which "
        f"{lake / total:,.0f} lie in the lake: amplification {(after.written - before.written) / lake:.1f}"
    )
    known(server, client, kept, total)


def resident(server: Server) -> str:
    found = server.usage().rss
    return ", ".join(f"{name.partition('-')[0]} {size:.0f}" for name, size in found.items())


def known(server: Server, client: object, kept: dict[int, pa.Table], total: int) -> None:
    """What the index of ids costs to store and to ask, with all these ids in it."""
    import sqlite3

    time.sleep(3)  # for the last merge
    with sqlite3.connect(f"file:{server.home / 'inbox.db'}?mode=ro", uri=True) as connection:
        ((stored,),) = connection.execute("SELECT sum(length(data)) FROM id_pages")
        ((runs, entries),) = connection.execute(
            "SELECT count(*), sum(entries) FROM id_runs WHERE live"
        )
    print(f"   {entries:,} ids in {runs} runs, {stored / entries:.0f} bytes each")
    for index, table in sorted(kept.items()):
        began = time.perf_counter()
        receipt = client.log_predictions("much", table, batch=f"again-{index}")  # type: ignore[attr-defined]
        spent = time.perf_counter() - began
        repeated = receipt.data["duplicate"]
        print(
            f"   batch {index} again under another name: {repeated:,} duplicates in {spent * 1000:.0f} ms"
        )
        assert repeated == table.num_rows
    server.stop()
    again = Server(server.home)
    try:
        print(f"   restart over {total:,} rows: ready after {again.ready_after:.2f} s (<= 3)")
    finally:
        again.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000_000, help="of the long run")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the paced run")
    parser.add_argument("--rate", type=float, default=50_000, help="rows a second of the paced run")
    parser.add_argument("--only", choices=["rates", "paced", "much"])
    asked = parser.parse_args()
    if asked.only in (None, "rates"):
        with serving() as server:
            send(server, "arrow", 10_000, 60)
        with serving() as server:
            send(server, "arrow", 10_000, 60, foreign=True)
        with serving() as server:
            send(server, "json", 5_000, 24)
    if asked.only in (None, "paced"):
        with serving() as server:
            paced(server, asked.rate, asked.seconds)
    if asked.only in (None, "much"):
        with serving() as server:
            much(server, asked.rows)


if __name__ == "__main__":
    main()
