"""What a scrape of `/metrics` costs with many models: time, series, bytes.

The installation is written straight into the records: a year of accounts, a month of windows, and
the verdicts of the last window of every model, over all rows and by column and segment. Scraped is
the application itself, with its middleware, without a socket. Every scrape but the first finds a
tenth of the models judged anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa

from watchkeeper.catalog import schema
from watchkeeper.catalog.database import Database
from watchkeeper.definitions.document import dump_model
from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.server.api.app import create_app
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOWS, DAYS, COLUMNS, SEGMENTS = 30 * 24, 365, 20, 10
FIRST = "model-0000"
METRICS = ("accuracy", "roc_auc", "log_loss", "calibration_gap", "f1", "precision", "recall")
SERVICE = ("error_rate", "latency_p50", "latency_p95", "latency_p99")
BODY = {
    "value": 0.5,
    "low": 0.4,
    "high": 0.6,
    "n": 1000,
    "maturity": 1.0,
    "provisional": False,
    "message": "as before " * 8,
    "effect": {"reference": 0.5, "p_value": 0.4},
    "inputs": [["a" * 32], "b" * 32, "1"],
}


def definition(name: str) -> str:
    """A model with features, a score and labels, judged by the hour."""
    features = tuple(Column(f"f{at}", ColumnType.NUMERIC) for at in range(COLUMNS))
    outputs = (
        Column("score", ColumnType.NUMERIC, Role.SCORE),
        Column("truth", ColumnType.CATEGORICAL, Role.LABEL),
    )
    return dump_model(
        Model(name, Task.BINARY, (*features, *outputs), classes=("no", "yes"), positive_class="yes")
    )


def of_model(name: str) -> dict[sa.Table, list[dict[str, object]]]:
    """Its rows in the records."""
    last = NOW - HOUR
    starts = [last - at * HOUR for at in range(WINDOWS)]
    kept = {"changed": 3, "profiled": 3, "judged": 3, "accepted": 1000, "joined": 900}
    windows = [
        {
            "model": name,
            "start": start,
            "end": start + HOUR,
            "known_at": start,
            "first_known_at": start,
            "judged_at": start + 2 * HOUR,
            "status": "ok",
            "profiled_rows": 1000,
            **kept,
        }
        for start in starts
    ]
    counts = {"received": 100, "accepted": 98, "duplicate": 1, "rejected": 1, "set_aside": 0}
    rest = {"labels": 0, "quarantined": 1, "batches": 3, "fault": ""}
    accounts = [
        {
            "model": name,
            "day": (NOW - at * DAY).date().isoformat(),
            "kind": kind,
            **counts,
            **rest,
        }
        for at in range(DAYS)
        for kind in ("predictions", "labels")
    ]
    whole = [("performance", what, None, None) for what in METRICS]
    whole += [("service", what, None, None) for what in SERVICE]
    sliced = [
        (monitor, what, f"f{column}", None if not segment else f"s=v{segment}")
        for column in range(COLUMNS)
        for segment in range(SEGMENTS + 1)
        for monitor, what in (("drift", "drift"), ("quality", "missing_rate"))
    ]
    body = json.dumps(BODY, separators=(",", ":"))
    verdicts = [
        {
            "id": f"{name}{at}",
            "model": name,
            "start": last,
            "end": last + HOUR,
            "revision": 1,
            "known_at": NOW,
            "monitor": monitor,
            "what": what,
            "column": column,
            "segment": segment,
            "status": "ok",
            "severity": "warning",
            "body": body,
        }
        for at, (monitor, what, column, segment) in enumerate([*whole, *sliced])
    ]
    text = {
        "kind": "Model",
        "name": name,
        "revision": 1,
        "document": definition(name),
        "hash": name,
        "created_at": NOW,
        "created_by": "benchmark",
    }
    return {
        schema.documents: [text],
        schema.windows: windows,
        schema.account_days: accounts,
        schema.verdicts: verdicts,
    }


def copied(table: sa.Table, name: str) -> sa.Insert:
    """The rows of the first model as those of another, without leaving the database."""
    held = [column for column in table.columns if column.name != "position"]
    label = "name" if table is schema.documents else "model"
    new = {
        label: sa.literal(name),
        "id": sa.literal(name).concat(table.c["id"]) if "id" in table.c else None,
        "document": sa.func.replace(table.c["document"], FIRST, name)
        if "document" in table.c
        else None,
    }
    chosen = [
        new.get(column.name) if new.get(column.name) is not None else column for column in held
    ]
    first = sa.select(*chosen).where(table.c[label] == FIRST)
    return sa.insert(table).from_select([column.name for column in held], first)


def build(home: Path, models: int) -> None:
    """Write the installation."""
    open_parts(Settings(home=home)).close()
    records = Database(Settings(home=home).catalog_url)
    with records.engine.connect().execution_options(wk_write=True) as connection:
        tables = of_model(FIRST)
        for table, rows in tables.items():
            connection.execute(sa.insert(table), rows)
        for at in range(1, models):
            for table in tables:
                connection.execute(copied(table, f"model-{at:04}"))
        connection.commit()
    records.close()


async def scrape(app: object, headers: dict[str, str]) -> httpx.Response:
    """One scrape."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://wk") as client:
        return await client.get("/metrics", headers=headers)


def main() -> None:
    """Build, scrape, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1_000)
    parser.add_argument("--scrapes", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build(home, asked.models)
        parts = open_parts(Settings(home=home), now=lambda: NOW)
        records = Database(parts.settings.catalog_url)
        hub = parts.hub()
        app, began = create_app(hub), time.perf_counter()
        hub.exposing.warm(threading.Event())  # as a door does when it starts
        warming = time.perf_counter() - began
        headers = {
            "Accept": "application/openmetrics-text;version=1.0.0",
            "Accept-Encoding": "gzip",
        }
        seconds, work, answer = [], [], None
        for at in range(asked.scrapes + 1):
            if at:
                again = sa.update(schema.windows).where(
                    schema.windows.c.model.like(f"model-%{at}"),
                    schema.windows.c.start == NOW - HOUR,
                )
                with records.write() as connection:
                    connection.execute(again.values(judged_at=NOW + at * HOUR))
                time.sleep(0.6)  # beyond what two scrapers that ask at once share
            began, worked = time.perf_counter(), time.process_time()
            answer = asyncio.run(scrape(app, headers))
            seconds.append(time.perf_counter() - began)
            work.append(time.process_time() - worked)
        lines = answer.text.splitlines()
        series = sum(not line.startswith("#") for line in lines)
        told = 'watchkeeper_metrics_series_left_out{family="watchkeeper_'
        left = [
            line.removeprefix(told).replace('"}', "") for line in lines if line.startswith(told)
        ]
        behind = [line for line in lines if line.startswith("watchkeeper_metrics_models_behind")]
        records.close()
        parts.close()
    print(
        "| models | series | MB | warming up | a scrape (median) | slowest | processor (median) |"
    )
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {asked.models:,} | {series:,} | {len(answer.content) / 1e6:.1f} | {warming:.1f} s "
        f"| {statistics.median(seconds):.2f} s | {max(seconds):.2f} s "
        f"| {statistics.median(work):.2f} s |"
    )
    print()
    print(f"Left out: {', '.join(sorted(left)) or 'nothing'}.")
    print(f"{behind[0].split()[-1]} models' figures were still to be read after the last scrape.")


if __name__ == "__main__":
    main()
