"""A real server on a port of its own, writers that load it, and whoever kills them."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from checker import check
from writer import Journal

from ports import held_port
from serving import Server
from waiting import PATIENCE_SECONDS, any_moment, until
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


class Place(Server):
    """A server with one model, whose address stays when it is killed and started again."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.writers = {}
        self.serial = 0
        self._held = ExitStack()
        port = self._held.enter_context(held_port())
        super().__init__(folder / "home", port=port, settings=settings)
        self.start()
        with self.client() as client:
            client.apply(DEFINITION)

    def write(self, how, *, pace=300):
        """Start a writer; gives its name."""
        self.serial += 1
        name = f"{how}{self.serial}"
        command = [sys.executable, HERE / "writer.py", how, self.url, self.key, self.folder]
        with (self.folder / "writers.log").open("ab") as log:
            self.writers[name] = subprocess.Popen([*command, name, str(pace)], stderr=log)
        return name

    @property
    def journals(self):
        return sorted(self.folder.glob("*.journal"))

    def strike(self, target):
        """`kill -9` of the door, the worker ("toil"), the server as a whole, or a writer."""
        if target == "server":
            self.kill()
            self.start()
        elif target in {"door", "toil"}:
            self.kill_child(target)
        else:
            self.writers[target].kill()
            self.writers.pop(target).wait()

    def stop_writers(self):
        """Let each writer go as a service manager does, so that it sends what it has."""
        for writer in self.writers.values():
            writer.terminate()
        for writer in self.writers.values():
            writer.wait(PATIENCE_SECONDS)
        self.writers.clear()

    def check(self):
        """The checker's words on predictions and labels, as the lake is now."""
        lake = self.home / "lake" / "loans"
        return {
            kind: check(lake / kind, self.journals, kind=kind) for kind in ("predictions", "labels")
        }

    def settle(self, *, seconds=PATIENCE_SECONDS):
        """Wait until all that was taken is in the lake, which a client has to help with: what dead
        writers left in their spools is sent by the next one that lives. Gives the checker's words.
        """
        spool = SpoolOptions(self.folder / "spool", interval_seconds=0.2)
        with Client(self.url, self.key, spool=spool) as heir:
            Journal(self.folder / "heir.journal").say("intent", "labels", ["nobody"])
            heir.logger("loans").label("nobody", "yes")

            def look():
                heir.flush(5)
                return self.check()

            return until(look, all_stored, what="all that was taken is stored", seconds=seconds)

    def windows(self):
        """What the server says became of the rows, by day."""
        until(self.moved, what="all is moved")
        return self.ask("/api/v1/models/loans/windows")

    def close(self):
        """End everything."""
        for writer in self.writers.values():
            writer.kill()
            writer.wait()
        super().close()
        self._held.close()


def all_stored(found):
    """Whether nothing that was taken is missing yet; other problems are the checker's to tell."""
    return not any("not stored" in problem for each in found.values() for problem in each.problems)


def cycles(place, number, *, seed, pause=(0.05, 1.0)):
    """Kill something at random, ``number`` times, under load; gives what was killed how often."""
    chance = random.Random(seed)
    killed = dict.fromkeys(("door", "toil", "server", "logger", "batches"), 0)
    for how in ("logger", "batches"):
        place.write(how)
    until(
        place.check,
        lambda found: all(each.taken for each in found.values()),
        what="rows and labels are taken",
    )
    for _ in range(number):
        any_moment(*pause, chance=chance)
        target = chance.choice(tuple(killed))
        killed[target] += 1
        if target in {"logger", "batches"}:
            place.strike(next(name for name in place.writers if name.startswith(target)))
            place.write(target)
        else:
            place.strike(target)
    place.stop_writers()
    until(place.answers, what="the server is up again")
    return killed
