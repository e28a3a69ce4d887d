"""Ten thousand rules that fire at once: judged, grouped and told, within two seconds.

Three shapes: all of one model, a hundred models, and ten thousand. "judge" is what the verdicts
change, "decide" both looks at what fires (the one that opens the groups and the one that tells of
them), "with records" both over SQLite, with the notices written. Seconds of the processor: the
machine may be shared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watchkeeper.alerts.deciding import Rules, decide
from watchkeeper.alerts.engine import Change, Live, step
from watchkeeper.alerts.telling import Telling
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.definitions.matchers import parse_matcher
from watchkeeper.domain.alert import AlertState
from watchkeeper.domain.group import Signal
from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.route import AlertRoute, Grouping, InhibitRule, SinkSpec
from watchkeeper.domain.silence import Silence
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

RULES = 10_000
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT_SECONDS = 2.0
SHAPES = (1, 100, 10_000)


def main() -> int:
    """Print a table; exit code 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=RULES)
    asked = parser.parse_args()
    print("| models | grouped by | groups | notices | judge s | decide s | with records s |")
    print("|---|---|---|---|---|---|---|")
    fine = True
    for models in SHAPES:
        for by in (("model", "incident"), ("owner",)):
            fine &= measure(min(models, asked.rules), by, asked.rules)
    return 0 if fine else 1


def measure(models: int, by: tuple[str, ...], rules: int) -> bool:
    """One row of the table, and whether it stays within the bounds."""
    verdicts = [
        (model, firing(model.name, rules // models))
        for model in (Model(f"m{number}", Task.NONE, (), owner="ops") for number in range(models))
    ]
    began = time.process_time()
    changes = [step(model, Live(), found, NOW) for model, found in verdicts]
    judged = time.process_time() - began
    signals = [each for change in changes for each in signals_of(change)]
    laid_down = people(by)
    began = time.process_time()
    opened = decide(laid_down, (), signals, NOW)
    told = decide(laid_down, opened.groups, signals, NOW + HOUR)
    decided = time.process_time() - began
    notices = Counter(intent.group.key for intent in told.intents)
    kept, sent = recorded(changes, laid_down)
    groups, most = len(opened.groups), max(notices.values(), default=0)
    print(
        f"| {models:,} | {', '.join(by)} | {groups:,} | {sum(notices.values()):,} "
        f"| {judged:.2f} | {decided:.2f} | {kept:.2f} |",
        flush=True,
    )
    whole = len(signals) == rules and sent == groups == len(notices)
    return whole and most == 1 and judged + decided <= LIMIT_SECONDS


def firing(model: str, rules: int) -> list[Verdict]:
    """A window in which that many series of a model alarm."""
    return [
        Verdict(
            id=f"{model}-{number}",
            monitor="drift",
            model=model,
            status=Status.ALERT,
            what="drift",
            message="it moved",
            column=f"c{number}",
            severity=Severity.WARNING,
            window=Window(NOW - HOUR, NOW),
            effect={"p_value": 1e-12},
        )
        for number in range(rules)
    ]


def signals_of(change: Change) -> list[Signal]:
    """What the look reads of the records."""
    return [
        Signal(alert.id, str(alert.incident), alert.labels, alert.fault)
        for alert in change.alerts
        if alert.state is AlertState.OPEN
    ]


def people(by: tuple[str, ...]) -> Rules:
    """A tree of ten routes, ten silences and two inhibitions, none of which takes everything."""
    teams = tuple(
        AlertRoute(f"team-{number}", matchers=(parse_matcher(f'owner=~"team-{number}|x.*"'),))
        for number in range(9)
    )
    grouping = Grouping(by=by, repeat=timedelta())
    return Rules(
        routes=(AlertRoute("all", (SinkSpec("log"),), grouping=grouping, routes=teams),),
        silences=tuple(
            Silence(
                f"s{number}",
                (parse_matcher(f"column=~x{number}.*"),),
                NOW,
                NOW + 9 * HOUR,
                "",
                "",
                NOW,
            )
            for number in range(10)
        ),
        inhibitions=tuple(
            InhibitRule(
                name,
                (parse_matcher(f"alertname={name}"),),
                (parse_matcher(f"alertname!={name}"),),
                ("model",),
            )
            for name in ("down", "gone")
        ),
    )


def recorded(changes: Sequence[Change], rules: Rules) -> tuple[float, int]:
    """How long the looks take that open the groups and tell of them, and how many notices they
    put into the outbox.
    """
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog.open(f"sqlite:///{Path(folder) / 'records.db'}")
        catalog.alerts.record(
            alerts=[alert for change in changes for alert in change.alerts],
            forgotten=(),
            incidents=[incident for change in changes for incident in change.incidents],
        )
        telling = Telling(catalog.alerts, catalog.groups, lambda _: rules)
        began = time.process_time()
        sent = telling.look(NOW) + telling.look(NOW + HOUR)
        took = time.process_time() - began
        catalog.close()
    return took, sent


if __name__ == "__main__":
    raise SystemExit(main())
