"""Notices for tests: of every kind, of many series, with names that mean harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.chart import Chart, Point
from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Delivery
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind, Tick
from watchkeeper.domain.verdict import Severity

__all__ = ["HOSTILE", "NOW", "a_chart", "a_delivery", "a_notice", "an_alert", "every_kind"]

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>\r\nBcc: all@example.org\u202e & <!channel> [a](http://b)'


def an_alert(number: int = 0, **changes) -> Alert:
    """A missing rate that fires."""
    alert = Alert(
        id=f"a{number}",
        key=f"k{number}",
        model="flights",
        monitor="quality",
        state=AlertState.OPEN,
        severity=Severity.CRITICAL,
        what="missing_rate",
        message="wind_speed: 5.2 % of 912 rows missing, 0.3 % of 9,000 before",
        opened_at=NOW - timedelta(hours=2),
        updated_at=NOW,
        column="wind_speed" if number == 0 else f"column_{number}",
        incident="i1",
        recent=(Tick(NOW - timedelta(hours=1), fired=True),),
        facts={
            "value": 0.052,
            "low": 0.04,
            "high": 0.067,
            "n": 912,
            "p_value": 3e-9,
            "effect": {"reference": 0.003},
        },
        runbook="https://watchkeeper.example.org/runbooks/quality",
    )
    return replace(alert, **changes)


def a_notice(kind: NoticeKind = NoticeKind.OPENED, *, many: int = 1, **changes) -> Notice:
    """A notice of one incident with so many series."""
    over = kind is NoticeKind.RESOLVED
    state = AlertState.RESOLVED if over else AlertState.OPEN
    ended = NOW if over else None
    incident = Incident(
        id="i1",
        model="flights",
        state=state,
        severity=Severity.CRITICAL,
        title="quality: missing rate of wind_speed"
        + (f" (and {many - 1} more)" if many > 1 else ""),
        cause="a data fault: wind_speed: 5.2 % of 912 rows missing, 0.3 % of 9,000 before",
        opened_at=NOW - timedelta(hours=2),
        updated_at=NOW,
        resolved_at=ended,
        facts={"changes": [{"title": "version 4 went live", "by": "ada", "when": "1 h before"}]},
    )
    notice = Notice(
        key=f"n-{kind}",
        kind=kind,
        route="on-call/critical",
        sink=0,
        incident=incident,
        alerts=tuple(an_alert(n, state=state, resolved_at=ended) for n in range(many)),
        created_at=NOW,
        link="https://watchkeeper.example.org/incidents/i1",
        feedback={"useful": "https://watchkeeper.example.org/f/1"},
        labels={"incident": "i1"},
        incidents=(incident,),
        thread="thread-1",
    )
    return replace(notice, **changes)


def every_kind() -> list[Notice]:
    """One notice of each kind."""
    return [a_notice(kind) for kind in NoticeKind]


def a_chart() -> Chart:
    """Thirty hours, of which the last two alarmed, and one is not known."""
    values = [0.003 + 0.001 * (hour % 3) for hour in range(28)] + [0.04, 0.052]
    return Chart(
        "missing rate of wind_speed",
        "share",
        tuple(
            Point(
                NOW - timedelta(hours=30 - hour),
                None if hour == 7 else value,
                max(0.0, value - 0.01),
                value + 0.01,
                fired=value > 0.03,
            )
            for hour, value in enumerate(values)
        ),
        usual=0.003,
    )


def a_delivery(notice: Notice | None = None, *, earlier: str | None = None) -> Delivery:
    """A notice as a sink gets it."""
    told = notice or a_notice()
    return Delivery(told, compose(told), a_chart(), earlier)
