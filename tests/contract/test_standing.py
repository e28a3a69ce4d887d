"""How everything stands, who runs where, and what model servers told, on each database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.inbox import BatchKey
from watchkeeper.catalog.processes import StoredProcess
from watchkeeper.catalog.sent_profiles import SentBatch, SentPart
from watchkeeper.catalog.windows import Outcome
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND = (Window(NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in range(2))


def judge(catalog, model, window, *, rows=100, status=Status.OK, verdicts=()):
    """A window of a model with rows, judged."""
    batch = SentBatch(
        BatchKey(model, "profiles", "key", f"{model}{window.start}"),
        window.end,
        (SentPart(window, rows, 0, whole=True, body=b""),),
        BatchAccount("profiles", window.end, window.end, received=rows, accepted=rows),
    )
    catalog.sent.put(batch)
    stored = catalog.windows.get(model, window)
    catalog.verdicts.record(model, window, list(verdicts), known_at=window.end)
    alerts = sum(verdict.status is Status.ALERT for verdict in verdicts)
    catalog.windows.finish(stored, Outcome(window.end, 40, status, alerts, rows=rows))


def verdict(model, window, what, **more):
    """What a monitor says."""
    more = {"status": Status.OK, "value": 0.5, **more}
    return Verdict(f"{model}{what}{more.get('column')}{more.get('segment')}", "m", model, what=what, message="", window=window, **more)  # fmt: skip


def define(catalog, *names):
    """Models of those names."""
    for name in names:
        catalog.models.put(name, "text", by="test", now=NOON)


def test_the_last_judged_window_of_each_model_is_found(catalog):
    """Neither an earlier one, nor one that waits, nor that of a model that is not defined."""
    define(catalog, "a", "b", "c")
    judge(catalog, "a", FIRST)
    judge(catalog, "a", SECOND, rows=70, status=Status.ALERT)
    judge(catalog, "b", FIRST)
    catalog.windows.expect("b", [SECOND])
    judge(catalog, "undefined", FIRST)

    found = catalog.standing.last_judged()

    assert {name: last.window for name, last in found.items()} == {"a": SECOND, "b": FIRST}
    last = found["a"]
    assert (last.status, last.rows, last.accepted, last.labelled) == (Status.ALERT, 70, 70, 40)


def test_figures_over_all_rows_are_read_together(catalog):
    """Of many windows at once; those of columns where they are asked for, of segments never."""
    said = [
        verdict("a", FIRST, "accuracy"),
        verdict("a", FIRST, "drift", column="x", status=Status.ALERT),
        verdict("a", FIRST, "drift", column="x", segment="s=1", status=Status.ALERT),
    ]
    judge(catalog, "a", FIRST, verdicts=said)
    judge(catalog, "b", FIRST, verdicts=[verdict("b", FIRST, "accuracy", value=None)])
    wanted = [("a", FIRST), ("b", FIRST), ("c", FIRST)]

    whole = dict(catalog.standing.figures(wanted, columns=False))
    columns = dict(catalog.standing.figures(wanted, columns=True))

    assert [(f.what, f.value) for f in whole["a"]] == [("accuracy", 0.5)]
    assert [f.value for f in whole["b"]] == [None]
    assert whole["c"] == []
    assert {(f.what, f.column) for f in columns["a"]} == {("accuracy", None), ("drift", "x")}
    assert catalog.standing.alerting(wanted) == {("a", "m"): 2}


def test_an_empty_installation_stands_too(catalog):
    """Nothing waits, nobody was heard of, and the database takes some room."""
    waiting = catalog.standing.notices()

    assert (waiting.number, waiting.failed, waiting.oldest) == (0, 0, None)
    assert catalog.standing.open_incidents() == {}
    assert catalog.standing.active_clients(NOON) == 0
    assert catalog.standing.last_judged() == {}
    assert catalog.standing.bytes_used() > 10_000


def test_accounts_are_summed_within_days(catalog):
    """Up to a day, and from it on, is all of it."""
    define(catalog, "a")
    judge(catalog, "a", FIRST, rows=30)
    judge(catalog, "a", Window(NOON + 48 * HOUR, NOON + 49 * HOUR), rows=12)
    cut = date(2024, 3, 5)

    before, since = catalog.accounts.totals(end=cut), catalog.accounts.totals(start=cut)

    key = ("a", "profiles")
    assert (before[key].accepted, since[key].accepted) == (30, 12)
    assert catalog.accounts.totals()[key].accepted == 42


def test_a_process_is_known_by_its_place(catalog):
    """Begun anew it takes the place of the one before; one that is silent is forgotten."""

    def told(role, pid, at):
        process = StoredProcess(role, "host", "", pid, "1", at, at, "[]")
        catalog.processes.tell(process, forget=at - 24 * HOUR)

    told("worker", 1, NOON)
    told("worker", 2, NOON + HOUR)
    told("door", 3, NOON)

    seen = catalog.processes.seen(NOON)
    assert [(each.role, each.pid) for each in seen] == [("door", 3), ("worker", 2)]
    assert [each.pid for each in catalog.processes.seen(NOON + HOUR)] == [2]
    told("worker", 4, NOON + 30 * HOUR)
    assert [each.pid for each in catalog.processes.seen(NOON)] == [4]


def test_what_a_server_told_is_kept_and_judged(catalog):
    """It marks its window, comes once for each source, and can be asked for as it was known."""
    kept = catalog.service_windows
    kept.put("a", FIRST, source="s", body="one", known_at=NOON + HOUR)
    changed = catalog.windows.get("a", FIRST).changed
    kept.put("a", FIRST, source="s", body="two", known_at=NOON + 2 * HOUR)
    kept.put("a", SECOND, source="t", body="three", known_at=NOON + 3 * HOUR)

    assert kept.of("a", FIRST, known_at=NOON) is None
    assert kept.of("a", FIRST, known_at=NOON + 2 * HOUR) == "two"
    assert (kept.last("a", "s"), kept.last("a", "x")) == (FIRST.start, None)
    assert catalog.windows.get("a", FIRST).changed == changed + 1
    assert kept.let_go("a", SECOND.start + timedelta(seconds=1)) == 1
    assert kept.last("a", "s") is None
