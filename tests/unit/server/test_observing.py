"""What a process tells of its own work: spans of every stage, records of verdicts, links of labels."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pyarrow as pa
import pytest

from watchkeeper.alerts.sinks.sink import Receipt
from watchkeeper.domain.tracing import SpanRef
from watchkeeper.ingest.mover import Moved
from watchkeeper.ingest.rows import RowKind
from watchkeeper.interop.otel.exports import Exports
from watchkeeper.interop.otel.outgoing import Outgoing
from watchkeeper.interop.otel.transport import Answer
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.schemas import label_schema
from watchkeeper.server.otel.exporting import exports_of
from watchkeeper.server.otel.label_links import LabelLinks
from watchkeeper.server.otel.listening import Listening
from watchkeeper.server.otel.observing import Observing, observing_of
from watchkeeper.server.otel.sinks import traced_sink
from watchkeeper.server.otel.trail import Trail
from watchkeeper.settings import Settings

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Spans:
    """A tracing that remembers."""

    is_on = True

    def __init__(self):
        self.made, self._open, self._ids = [], [], count(1)

    @property
    def current(self):
        return self._open[-1].ref if self._open else None

    @contextmanager
    def span(self, name, *, about=None, parent=None, links=()):
        made = Made(name, dict(about or {}), parent or self.current, tuple(links), SpanRef(f"{next(self._ids):032x}", f"{next(self._ids):016x}"))  # fmt: skip
        self.made.append(made)
        self._open.append(made)
        try:
            yield made
        finally:
            self._open.pop()

    def named(self, name):
        """The spans of a name."""
        return [made for made in self.made if made.name == name]


class Made:
    """A span that was made."""

    def __init__(self, name, about, parent, links, ref):
        self.name, self.about, self.parent, self.links, self.ref = name, about, parent, links, ref

    def tell(self, **figures):
        self.about |= figures


class Nowhere:
    """A transport that takes all and keeps nothing."""

    def send(self, body):
        return Answer(taken=True)

    def close(self):
        pass


def kept():
    """A queue that is never emptied."""
    return Outgoing("logs", Nowhere(), lambda _: b"")


def records(exports):
    """What waits in the queue of records."""
    return list(exports.records._waiting)


@pytest.fixture
def watched(stage):
    """A stage whose parts tell what they do, and what they told."""
    spans = Spans()
    observing = Observing(Exports(spans, kept()), LabelLinks(stage.parts.lake, spans))
    stage.parts = replace(stage.parts, observing=observing)
    return stage, spans, observing


def test_every_stage_is_a_span(watched):
    """Moved, watched, profiled, judged: each follows from the one before."""
    stage, spans, observing = watched
    day = stage.clock() - timedelta(days=3)
    stage.send(day.replace(hour=0, minute=0, second=0, microsecond=0))
    stage.advance(stage.clock())
    stage.parts.worker().step()
    moves, (watch, *_), judges = spans.named("move"), spans.named("watch"), spans.named("judge")

    assert {span.ref for span in moves} & set(watch.links)
    assert judges[0].parent == watch.ref == spans.named("profile")[0].parent
    assert spans.named("count")[0].parent == moves[0].ref
    assert judges[0].about["rows"] == 150
    assert {record.span for record in records(observing.exports)} <= {span.ref for span in judges}
    assert {record.event for record in records(observing.exports)} >= {"watchkeeper.judged"}


def test_a_label_leads_to_its_prediction(watched):
    """A label whose prediction has a span makes one that links to it; others make none."""
    stage, spans, observing = watched
    day = stage.clock() - timedelta(days=1)
    rows = [{"loan": name, "at": day.isoformat(), "income": 1.0, "trace_id": trace} for name, trace in (("a", f"00-{TRACE}-{SPAN}-01"), ("b", None))]  # fmt: skip
    stage.receive(RowKind.PREDICTIONS, rows, "p", stage.clock())
    stage.parts.worker().mover.move()
    stage.receive(RowKind.LABELS, [{"id": name, "label": "yes"} for name in "abc"], "l", stage.clock())  # fmt: skip
    stage.parts.worker().mover.move()
    observing.step()
    (label,) = spans.named("label")

    assert (label.links[0].trace_id, label.links[0].span_id) == (TRACE, SPAN)
    assert label.about["watchkeeper.prediction.id"] == "a"
    assert "yes" not in label.about.values()
    assert label.links[1] in {span.ref for span in spans.named("move")}


def test_only_so_many_labels_are_looked_up(stage, monkeypatch):
    """What is beyond the room is left out and counted, and nothing is read for it."""
    monkeypatch.setattr("watchkeeper.server.otel.label_links._MOST_WAITING", 3)
    links = LabelLinks(stage.parts.lake, Spans())
    model = stage.parts.models.get("loans").model
    columns = {"_wk_id": ["a", "b"], "_wk_label": ["yes"] * 2, "_wk_label_time": [None] * 2, "_wk_known_at": [stage.clock()] * 2, "_wk_batch": ["x"] * 2, "_wk_day": [stage.clock().date()] * 2}  # fmt: skip
    labels = pa.table(columns, schema=label_schema(model))
    for number in range(3):
        links.heard(Moved("loans", number, 2, ()), {LakeTable.LABELS: labels})

    assert links.left_out == 3
    assert links.step() == 0


def test_a_flood_of_alarms_is_bounded(stage):
    """Of many verdicts that alarm a bounded number is told, and how many were not."""
    from watchkeeper.domain.verdict import Status, Verdict

    class Quiet:
        def on_verdicts(self, model, verdicts, now):
            return ()

    exports = Exports(Spans(), kept())
    model = stage.parts.models.get("loans").model
    verdicts = [Verdict(str(n), "drift", "loans", Status.ALERT, "psi", "m") for n in range(250)]

    Listening(Quiet(), exports, lambda _: (), Trail()).on_verdicts(model, verdicts, stage.clock())
    told = records(exports)

    assert len(told) == 101
    assert told[0].attributes["watchkeeper.verdicts.left_out"] == 150


def test_what_is_judged_stands_whoever_listens(stage):
    """A fault in the telling is logged, and the incidents are returned all the same."""

    class One:
        def on_verdicts(self, model, verdicts, now):
            return ("incident",)

    listening = Listening(One(), Exports(Spans(), kept()), lambda _: (), Trail())

    assert listening.on_verdicts(stage.parts.models.get("loans").model, (), stage.clock()) == ("incident",)  # fmt: skip


def test_a_notice_leads_to_its_judgement():
    """The sending of a notice is a span that links to where its incident last changed."""
    from types import SimpleNamespace

    class Sink:
        target = "somewhere"

        def send(self, delivery):
            return Receipt("ok")

    spans, trail = Spans(), Trail()
    judged = SpanRef(TRACE, SPAN)
    trail.leave("i1", judged)
    notice = SimpleNamespace(incident=SimpleNamespace(id="i1", model="loans"), kind="opened", route="r")  # fmt: skip

    answer = traced_sink(Sink(), spans, trail).send(SimpleNamespace(notice=notice))
    (made,) = spans.named("notify")

    assert (answer.answer, made.links) == ("ok", (judged,))
    assert made.about["watchkeeper.notice.target"] == "somewhere"


def test_a_sink_that_tells_again_stays_one():
    """A sink whose receiver forgets is asked to tell again as before."""
    from watchkeeper.alerts.sinks.sink import Refreshing

    class Again:
        target = "x"

        def send(self, delivery):
            return Receipt("sent")

        def refresh(self, delivery):
            return Receipt("again")

    made = traced_sink(Again(), Spans(), Trail())

    assert isinstance(made, Refreshing)
    assert made.refresh(None).answer == "again"


def test_a_trail_forgets_the_oldest(monkeypatch):
    """Links are kept for so many models, so many each; what was taken is gone."""
    monkeypatch.setattr("watchkeeper.server.otel.trail._MOST", 2)
    trail = Trail()
    for number in range(40):
        trail.leave("a", SpanRef(TRACE, f"{number:016x}"))
    for name in "bc":
        trail.leave(name, SpanRef(TRACE, SPAN))
    trail.leave("d", None)

    assert (trail.take("a"), trail.take("d")) == ((), ())
    assert (len(trail.take("b")), trail.take("b")) == (1, ())


@pytest.mark.parametrize(
    "settings",
    [
        {"otel_endpoint": "collector:4318"},
        {"otel_preset": "nobody"},
        {"otel_headers": {"a": {"file": "/no/such/file"}}, "otel_endpoint": "http://c"},
    ],
)
def test_the_server_starts_all_the_same(tmp_path, settings, caplog):
    """Settings that cannot be understood are told in the log, and nothing is exported."""
    found = exports_of(Settings(home=tmp_path, **settings), "door")

    assert (found.records, found.spans, found.metrics) == (None, None, None)
    assert "no telemetry is exported" in caplog.text


def test_figures_are_told_by_the_door_alone(tmp_path):
    """The worker's are among those of the door; who has no name tells nothing at all."""
    settings = Settings(home=tmp_path, otel_endpoint="http://127.0.0.1:9")
    door, worker, other = (observing_of(settings, name, None) for name in ("door", "worker", ""))

    assert [each.exports.metrics is not None for each in (door, worker, other)] == [True, False, False]  # fmt: skip
    assert [each.tracing.is_on for each in (door, worker, other)] == [True, True, False]
    for each in (door, worker, other):
        each.stop()


def test_events_of_new_relic_are_of_what_was_moved(stage, monkeypatch):
    """Moved predictions and labels become events; a fault in it holds up no move."""
    settings = Settings(home=stage.parts.settings.home, new_relic_account="42", new_relic_key="k", new_relic_region="http://127.0.0.1:9", new_relic_share=1.0)  # fmt: skip
    observing = observing_of(settings, "worker", stage.parts.lake)
    observing.definition = lambda name: stage.parts.models.get(name).model
    stage.parts = replace(stage.parts, observing=observing)
    stage.send(stage.clock() - timedelta(days=3), rows=4)
    stage.parts.worker().mover.move()
    waiting = observing.inference.fates().waiting
    observing.definition = None
    monkeypatch.setattr(Observing, "heard", lambda *_: 1 / 0)
    stage.send(stage.clock() - timedelta(days=2), rows=4)

    assert waiting == 4 * 4 + 4
    assert stage.parts.worker().mover.move()


def test_what_people_do_is_told(stage):
    """An incident that somebody acknowledged or closed is a record, too."""
    from datetime import UTC, datetime
    from types import SimpleNamespace

    from watchkeeper.alerts.service import Alerting
    from watchkeeper.domain.alert import AlertState, Incident
    from watchkeeper.domain.verdict import Severity

    when = datetime(2026, 3, 1, tzinfo=UTC)
    incident = Incident("i1", "loans", AlertState.OPEN, Severity.WARNING, "income", "unknown", when, when)  # fmt: skip
    store = SimpleNamespace(amend=lambda _, change: change(incident), incident=lambda _: incident, alerts_of=lambda _: (), record=lambda **_: None)  # fmt: skip
    observing = Observing(Exports(Spans(), kept()))
    alerting = Alerting(store, None, wall=stage.clock, heard=observing.incident)

    alerting.acknowledge("i1", by="ada", now=when)
    alerting.resolve("i1", now=when)
    seen = [(record.attributes["watchkeeper.incident.state"], record.attributes["watchkeeper.incident.acknowledged_by"]) for record in records(observing.exports)]  # fmt: skip

    assert seen == [("acknowledged", "ada"), ("resolved", None)]
