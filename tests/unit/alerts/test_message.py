"""What people read, whatever it is sent by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from notices import HOSTILE, NOW, a_chart, a_notice, an_alert, every_kind
from watchkeeper.alerts.chart import Chart, Point
from watchkeeper.alerts.figures import big, in_unit, length
from watchkeeper.alerts.mail.png import draw
from watchkeeper.alerts.message import compose, lead_of
from watchkeeper.alerts.sparkline import sparkline
from watchkeeper.domain.alert import AlertState, NoticeKind
from watchkeeper.domain.verdict import Severity


def fact(message, name: str) -> str:
    return dict(message.facts).get(name, "")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NoticeKind.OPENED, "New"),
        (NoticeKind.UPDATED, "Update"),
        (NoticeKind.ACKNOWLEDGED, "Acknowledged by ada"),
        (NoticeKind.REMINDED, "Still open after 2 h"),
        (NoticeKind.ESCALATED, "Escalated"),
        (NoticeKind.RESOLVED, "Resolved after 2 h"),
        (NoticeKind.DIGEST, "Digest"),
        (NoticeKind.TEST, "Test"),
    ],
)
def test_the_status_says_what_has_happened(kind, status):
    """Every kind has its own words."""
    notice = a_notice(kind)
    incident = replace(notice.incident, acknowledged_by="ada")

    assert compose(replace(notice, incident=incident)).status == status


def test_the_title_says_model_what_and_how_big():
    """And how much else, once."""
    assert compose(a_notice(many=3)).subject == (
        "[critical] flights: missing rate of wind_speed: 5.2 %, usually 0.3 % (and 2 more) (new)"
    )


def test_a_group_of_several_incidents_says_so():
    """The worst is told, and how many there are besides."""
    notice = a_notice()
    other = replace(notice.incident, id="i2", title="volume")

    message = compose(replace(notice, incidents=(notice.incident, other)))

    assert message.title.endswith("; and 1 more incident")
    assert message.links[-2].url.endswith("/incidents/i2")


def test_the_series_of_the_title_is_the_one_that_is_told():
    """Not merely the first of them."""
    notice = a_notice(many=3)
    titled = replace(notice.incident, title="quality: missing rate of column_2 (and 2 more)")

    lead = lead_of(replace(notice, incident=titled))

    assert lead is not None
    assert lead.column == "column_2"


def test_what_lies_at_the_root_is_listed_first():
    """A fault of the data before the drift that it causes, all rows before a segment."""
    drift = an_alert(1, monitor="drift", what="drift")
    part = an_alert(2, segment="origin=JFK")

    message = compose(a_notice(alerts=(drift, part, an_alert())))

    assert [line.text.partition(":")[0] for line in message.series] == [
        "missing rate of wind_speed",
        "missing rate of column_2 at origin=JFK",
        "drift of column_1",
    ]


def test_lists_are_cut_and_say_so():
    """Ten series, and how many more, with those that the notice itself left out."""
    message = compose(a_notice(many=30, omitted=70))

    assert (len(message.series), message.omitted) == (10, 90)
    assert "- and 90 more" in message.text()


def test_what_is_over_is_marked_while_others_fire():
    """And not where all is over."""
    over = an_alert(1, state=AlertState.RESOLVED)

    assert compose(a_notice(alerts=(an_alert(), over))).series[1].text.endswith("(over)")
    assert "(over)" not in compose(a_notice(NoticeKind.RESOLVED, many=2)).text()


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (3e-10, "less than one window in a billion"),
        (3e-7, "less than one window in a million"),
        (0.004, "one window in 250"),
    ],
)
def test_how_sure_is_told_as_people_count(p_value, words):
    """Not as a power of ten."""
    alert = an_alert(facts={**an_alert().facts, "p_value": p_value})

    assert fact(compose(a_notice(alerts=(alert,))), "How sure").startswith(words)


def test_a_broken_bound_needs_no_statistics():
    """And says that it does not."""
    alert = an_alert(facts={"value": 3.0, "low": 3.0, "high": 3.0, "n": 10, "maturity": 0.4})

    told = fact(compose(a_notice(alerts=(alert,))), "How sure")

    assert told.startswith("certain")
    assert told.endswith("40% of the expected labels have arrived")


def test_nobody_is_asked_to_do_what_is_done():
    """Once somebody looks after it, nobody else is asked to; when it is over, there is nothing."""
    taken = replace(a_notice().incident, state=AlertState.ACKNOWLEDGED, assignee="grace")

    assert "ack" not in fact(compose(a_notice(incident=taken)), "What to do")
    assert fact(compose(a_notice(incident=taken)), "Looked after by") == "grace"
    assert fact(compose(a_notice(NoticeKind.RESOLVED)), "What to do") == ""


def test_why_it_is_told_now_comes_first():
    """What is new, or who is told next."""
    message = compose(a_notice(NoticeKind.ESCALATED, note="nobody answered for 30 min"))

    assert message.facts[0] == ("Why now", "nobody answered for 30 min")


def test_a_digest_lists_what_is_open_first():
    """The severe before the mild, what is over last, each with its place."""
    notice = a_notice(NoticeKind.DIGEST)
    mild = replace(notice.incident, id="i2", severity=Severity.WARNING, model="rides")
    over = replace(notice.incident, id="i3", state=AlertState.RESOLVED)

    message = compose(replace(notice, incidents=(over, mild, notice.incident)))

    assert message.subject == (
        "[digest] 3 incidents of 2 models: 1 critical, 1 warning, 1 resolved"
    )
    assert [line.url.rpartition("/")[2] for line in message.series] == ["i1", "i2", "i3"]


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_names_that_mean_harm_steer_nothing(notice):
    """They begin no line and turn no text round."""
    bad = replace(notice.incident, title=HOSTILE, cause=HOSTILE, model=HOSTILE, assignee=HOSTILE)
    alerts = tuple(an_alert(n, column=HOSTILE, message=HOSTILE) for n in range(2))

    text = compose(replace(notice, incident=bad, incidents=(bad,), alerts=alerts)).text()

    assert "\u202e" not in text
    assert not any(line.startswith("Bcc:") for line in text.splitlines())


@pytest.mark.parametrize("notice", every_kind(), ids=lambda notice: str(notice.kind))
def test_every_kind_without_links_and_alerts(notice):
    """A server without a public address, an incident without series."""
    bare = replace(notice, link=None, alerts=(), feedback={}, incidents=())

    assert "None" not in compose(bare).text()


@pytest.mark.parametrize(
    ("what", "effect", "value", "told"),
    [
        ("missing_rate", {"reference": 0.0}, 0.115, "11.5 %, usually 0 %"),
        ("drift", {}, 0.77, "77 % of rows elsewhere"),
        ("creep", {"limit": 0.479}, 0.582, "58.2 % of rows elsewhere, allowed 47.9 %"),
        ("volume", {"expected": 981.4}, 759.0, "759 rows, usually 981 rows"),
        ("latency_p95", {"reference": 80.0}, 412.5, "412.5 ms, usually 80 ms"),
        ("mean", {"above": 3.0}, 4.25, "4.25, at most 3"),
        ("mean", {}, None, ""),
    ],
)
def test_how_big_in_its_unit_beside_what_is_usual(what, effect, value, told):
    """As the figure is measured."""
    assert big(an_alert(what=what, facts={"value": value, "effect": effect})) == told


def test_units_and_lengths():
    """At the edges."""
    assert in_unit(0.0, "share") == "0 %"
    assert in_unit(0.00012, "share") == "0.012 %"
    assert in_unit(-0.678, "share") == "-67.8 %"
    assert length(timedelta(seconds=-5)) == "0 min"
    assert length(timedelta(days=3)) == "3 d"


def test_a_picture_of_letters():
    """The last forty windows; a window without a figure is a gap."""
    drawn = sparkline(a_chart())

    assert drawn.startswith("▁")
    assert drawn[7] == " "
    assert drawn.endswith("missing rate of wind_speed, the last 30 windows: 0.3 % to 5.2 %")
    assert sparkline(None) == ""


@pytest.mark.parametrize("values", [[], [1.0], [None, 2.0]])
def test_no_picture_of_less_than_two_figures(values):
    """There is no line through one point."""
    points = tuple(Point(NOW + timedelta(hours=n), value) for n, value in enumerate(values))

    assert draw(Chart("x", "", points)) is None
    assert sparkline(Chart("x", "", points)) == ""


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.0, 0.0], [-5.0, 5.0], [1e-9, 1e12]])
def test_every_range_can_be_drawn(values):
    """Also one value twice, and values of any size; it spans all that is drawn."""
    points = tuple(Point(NOW + timedelta(hours=n), value) for n, value in enumerate(values))

    drawn = draw(Chart("x", "", points))

    assert drawn is not None
    assert drawn.low <= min(values) <= max(values) <= drawn.high
