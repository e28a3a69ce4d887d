"""What is wrong, in words."""

from __future__ import annotations

from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.reports.findings import summarise
from watchkeeper.reports.rows import rows_of


def test_alarms_of_a_column_are_one_finding(desk):
    """Three windows and two figures of a column are one finding, since the first of them."""
    verdicts = [
        desk.verdict("x", desk.ALERT, day=1),
        desk.verdict("x", desk.ALERT, day=2, effect={"p_value": 1e-9}),
        desk.verdict("x", desk.ALERT, day=2, what="missing_rate", message="x: 5 % missing"),
        desk.verdict("c", desk.OK, day=3),
    ]

    [finding] = summarise(verdicts, desk.account()).findings

    assert (finding.subject, finding.windows, finding.judged_windows) == ("x", 2, 3)
    assert (finding.since, finding.clearest) == (desk.day(1), desk.day(1))
    assert finding.message == "it is alert"
    assert finding.more == ("5 % missing",)


def test_the_worst_comes_first(desk):
    """Critical before warning, a fault before a drift, all rows before a segment."""
    verdicts = [
        desk.verdict("a", desk.ALERT),
        desk.verdict("b", desk.ALERT, severity=Severity.CRITICAL, segment="s=1"),
        desk.verdict("b", desk.ALERT, severity=Severity.CRITICAL, message="b: everywhere"),
    ]

    findings = summarise(verdicts, desk.account()).findings

    assert [f.subject for f in findings] == ["b", "a"]
    assert (findings[0].message, findings[0].segments) == ("everywhere", ("s=1",))


def test_a_column_called_like_a_figure_is_another_thing(desk):
    """A column named volume and the volume of the model are told apart, in every face."""
    report = desk.report(
        desk.verdict("volume", desk.ALERT, message="volume: moved"),
        desk.verdict(None, desk.ALERT, what="volume", message="a gap"),
        names=("volume",),
    )

    assert [(f.subject, f.column, f.message) for f in report.summary.findings] == [
        ("volume", "volume", "moved"),
        ("volume", None, "a gap"),
    ]
    assert [(row.name, row.column, row.lead.message) for row in rows_of(report)] == [
        ("volume", True, "volume: moved"),
        ("volume", False, "a gap"),
    ]


def test_the_headline_says_what_it_comes_to(desk):
    """Counts, names and scope when something is wrong; the scope alone when nothing is."""

    def headline(*verdicts) -> str:
        return summarise(verdicts, desk.account()).headline

    fine, wrong = desk.verdict("x"), desk.verdict("c", desk.ALERT)
    figure = desk.verdict(None, desk.ALERT, what="roc_auc")
    info = desk.verdict("q", desk.ALERT, severity=Severity.INFO)

    assert headline(fine) == "Nothing is wrong in 1,000 rows × 2 columns over 1 day"
    assert headline(fine, wrong) == "1 column is wrong in 1,000 rows × 2 columns over 1 day: c"
    assert headline(wrong, figure).startswith("2 things are wrong")
    assert headline(fine, info).endswith("; worth knowing: q")
    assert headline(desk.verdict("x", desk.FEW)).startswith("Too few data")
    assert headline(fine, desk.verdict("c", desk.ERROR)).endswith(
        "1 check failed and could not say"
    )
    assert headline().startswith("Nothing could be judged")


def test_the_status_of_a_report(desk):
    """Any alarm is an alert; else any failure an error; else fine, or too few data."""

    def status(*states: Status) -> Status:
        return summarise([desk.verdict("x", state) for state in states], desk.account()).status

    assert status(desk.OK, desk.ERROR, desk.ALERT) is Status.ALERT
    assert status(desk.OK, desk.ERROR) is Status.ERROR
    assert status(desk.OK, desk.FEW) is Status.OK
    assert status(desk.FEW) is Status.INSUFFICIENT_DATA
