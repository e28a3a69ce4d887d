"""A real server on a port of its own, writers that load it, and whoever kills them."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from checker import check
from writer import Journal

from watchkeeper.sdk.client import Client, SpoolOptions

HERE = Path(__file__).parent
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
granularity: 1d
label_horizon: 7d
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  region: categorical
  score: {type: numeric, role: score}
  repaid: {type: categorical, role: label}
"""


def until(found, *, seconds=60.0, what="so"):
    """Wait for a state; AssertionError where it takes longer."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"not {what} after {seconds} s"
        time.sleep(0.1)


class Place:
    """`watchkeeper serve` in a folder of its own, which may be killed and started again."""

    def __init__(self, folder, *, environment=None):
        self.folder = folder
        self.home = folder / "home"
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.environment = {**os.environ, **(environment or {})}
        self.log = (folder / "server.log").open("ab")
        self.writers = {}
        self.serial = 0
        self.start()
        with self.client() as client:
            client.apply(DEFINITION)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Start the server, and wait until it listens."""
        arguments = ["serve", "--home", str(self.home), "--port", str(self.port), "--json"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchkeeper.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=self.environment,
        )
        said = self.process.stdout.readline()
        assert said, f"the server did not start: {(self.folder / 'server.log').read_text()[-3000:]}"
        self.key = json.loads(said)["key"] or (self.home / "admin.key").read_text().strip()

    def client(self):
        return Client(self.url, self.key, spool=SpoolOptions(self.folder / "own-spool"))

    def child(self, name):
        """The process id of the door or the worker that runs now; None while there is none."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", f"watchkeeper.server.{name}"],
            check=False,
            capture_output=True,
            text=True,
        )
        return int(found.stdout.split()[0]) if found.stdout else None

    def write(self, how, *, pace=300):
        """Start a writer; gives its name."""
        self.serial += 1
        name = f"{how}{self.serial}"
        command = [sys.executable, str(HERE / "writer.py"), how, self.url, self.key]
        self.writers[name] = subprocess.Popen(
            [*command, str(self.folder), name, str(pace)], stderr=self.log, env=self.environment
        )
        return name

    @property
    def journals(self):
        return sorted(self.folder.glob("*.journal"))

    def kill(self, target):
        """`kill -9` of the door, the worker ("toil"), the server as a whole, or a writer."""
        if target == "server":
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.start()
        elif target in {"door", "toil"}:
            found = self.child(target)
            if found is not None:
                os.kill(found, signal.SIGKILL)
        else:
            self.writers[target].kill()
            self.writers.pop(target).wait()

    def stop_writers(self):
        """Let each writer go as a service manager does, so that it sends what it has."""
        for writer in self.writers.values():
            writer.terminate()
        for writer in self.writers.values():
            writer.wait(60)
        self.writers.clear()

    def check(self):
        """The checker's words on predictions and labels, as the lake is now."""
        lake = self.home / "lake" / "loans"
        return {
            kind: check(lake / kind, self.journals, kind=kind) for kind in ("predictions", "labels")
        }

    def settle(self, *, seconds=120.0):
        """Wait until all that was taken is in the lake, which a client has to help with: what dead
        writers left in their spools is sent by the next one that lives. Gives the checker's words.
        """
        end = time.monotonic() + seconds
        spool = SpoolOptions(self.folder / "spool", interval_seconds=0.2)
        with Client(self.url, self.key, spool=spool) as heir:
            Journal(self.folder / "heir.journal").say("intent", "labels", ["nobody"])
            heir.logger("loans").label("nobody", "yes")
            while True:
                heir.flush(5)
                found = self.check()
                missing = any("not stored" in p for each in found.values() for p in each.problems)
                if not missing or time.monotonic() > end:
                    return found
                time.sleep(1.0)

    def windows(self):
        """What the server says became of the rows, by day."""
        with self.client() as client:
            until(lambda: client.http.get("/api/v1/clock").data["inbox"] == 0, what="moved")
            return client.http.get("/api/v1/models/loans/windows").data

    def stop(self):
        """End everything; the server's exit code."""
        for writer in self.writers.values():
            writer.kill()
            writer.wait()
        self.process.terminate()
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code

    def answers(self):
        """Whether the door answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def cycles(place, number, *, seed, pause=(0.05, 1.0)):
    """Kill something at random, ``number`` times, under load; gives what was killed how often."""
    chance = random.Random(seed)
    killed = dict.fromkeys(("door", "toil", "server", "logger", "batches"), 0)
    for how in ("logger", "batches"):
        place.write(how)
    for _ in range(number):
        time.sleep(chance.uniform(*pause))
        target = chance.choice(tuple(killed))
        killed[target] += 1
        if target in {"logger", "batches"}:
            place.kill(next(name for name in place.writers if name.startswith(target)))
            place.write(target)
        else:
            place.kill(target)
    place.stop_writers()
    until(place.answers, what="up again")
    return killed
