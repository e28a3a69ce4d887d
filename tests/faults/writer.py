"""A program that hands rows to a server as fast as is asked, and keeps a journal of it.

``python writer.py HOW URL KEY FOLDER NAME ROWS_A_SECOND``. HOW is ``logger`` (the predict path: a
row is taken when the call returns) or ``batches`` (a batch is taken when the server acknowledged
it; one that fails is sent again under its own id, one in five is sent twice).
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from watchkeeper.errors import WatchkeeperError
from watchkeeper.sdk.client import Client, SpoolOptions

BATCH = 40


class Journal:
    """Lines that outlive the process: each is one write."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, what, kind, ids):
        line = json.dumps({"what": what, "kind": kind, "ids": ids})
        os.write(self._file, line.encode() + b"\n")


def row(chance):
    return {"income": chance.lognormvariate(10, 0.5), "region": chance.choice("abcd")}


def log(client, journal, name, pace):
    """Through the predict path, one row at a time."""
    chance, logger = random.Random(name), client.logger("loans", version="1")
    for number in range(10**9):
        identity = f"{name}-{number}"
        journal.say("intent", "predictions", [identity])
        logger.prediction(row(chance), score=chance.random(), prediction_id=identity)
        journal.say("taken", "predictions", [identity])
        if number % 10 == 9:
            journal.say("intent", "labels", [identity])
            logger.label(identity, chance.choice(["no", "yes"]))
            journal.say("taken", "labels", [identity])
        time.sleep(1.0 / pace)


def send(client, journal, name, pace):
    """As batches of one request each."""
    chance = random.Random(name)
    for number in range(10**9):
        ids = [f"{name}-{number}-{place}" for place in range(BATCH)]
        at = datetime.now(UTC).isoformat()
        rows = [{"loan": i, "at": at, **row(chance), "score": chance.random()} for i in ids]
        journal.say("intent", "predictions", ids)
        for _ in range(2 if chance.random() < 0.2 else 1):
            deliver(client, rows, f"{name}-{number}")
        journal.say("taken", "predictions", ids)
        time.sleep(BATCH / pace)


def deliver(client, rows, batch):
    """Until it is acknowledged."""
    while True:
        try:
            client.log_predictions("loans", rows, batch=batch)
        except (WatchkeeperError, OSError):
            time.sleep(0.2)
        else:
            return


def main():
    how, url, key, folder, name, pace = sys.argv[1:]
    place = Path(folder)
    journal = Journal(place / f"{name}.journal")
    client = Client(url, key, spool=SpoolOptions(place / "spool", interval_seconds=0.2))
    {"logger": log, "batches": send}[how](client, journal, name, float(pace))


if __name__ == "__main__":
    main()
