"""What was told and the notices about it, in every database that records can lie in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.alerts.deciding import Rules
from watchkeeper.alerts.telling import MOST_ALERTS, Telling
from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.domain.group import Group
from watchkeeper.domain.matcher import Matcher, MatchOp
from watchkeeper.domain.route import AlertRoute, Grouping, SinkSpec
from watchkeeper.domain.silence import Silence
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import Conflict, NotFound

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_ONCE = Grouping(wait=timedelta(), interval=timedelta())
RULES = Rules(routes=(AlertRoute("all", (SinkSpec("log"), SinkSpec("log")), grouping=AT_ONCE),))


def incident(**changes):
    """An open incident."""
    return Incident(
        **{
            "id": "i",
            "model": "m",
            "state": AlertState.OPEN,
            "severity": Severity.WARNING,
            "title": "t",
            "cause": "unknown",
            "opened_at": NOW,
            "updated_at": NOW,
            "facts": {"certainty": 1},
            **changes,
        }
    )


def alert(name, **changes):
    """A firing alert of the incident."""
    return Alert(
        **{
            "id": name,
            "key": name,
            "model": "m",
            "monitor": "drift",
            "state": AlertState.OPEN,
            "severity": Severity.WARNING,
            "what": "drift",
            "message": "it moved",
            "opened_at": NOW,
            "updated_at": NOW,
            "incident": "i",
            "labels": {"model": "m", "incident": "i", "severity": "warning"},
            "fault": "i",
            **changes,
        }
    )


def waiting(catalog):
    """What stands in the outbox."""
    return [fate.notice for fate in catalog.alerts.notices_of("i")]


@pytest.fixture
def telling(catalog):
    """Tells through one route of two sinks, at once."""
    return Telling(catalog.alerts, catalog.groups, lambda _: RULES)


def test_what_fires_is_told_once_and_its_end_once(catalog, telling):
    """Two looks tell nothing twice; the state that says so is that of the databases."""
    catalog.alerts.record(alerts=[alert("a"), alert("b")], forgotten=[], incidents=[incident()])
    told = [
        telling.look(NOW),
        telling.look(NOW),
        Telling(catalog.alerts, catalog.groups, lambda _: RULES).look(NOW),
    ]
    over = [alert(name, state=AlertState.RESOLVED) for name in "ab"]
    resolved = incident(state=AlertState.RESOLVED, resolved_at=NOW)
    catalog.alerts.record(alerts=over, forgotten=[], incidents=[resolved])
    ended = [telling.look(NOW + HOUR), telling.look(NOW + HOUR)]

    assert (told, ended) == ([2, 0, 0], [2, 0])
    kinds = [(str(notice.kind), notice.sink, len(notice.alerts)) for notice in waiting(catalog)]
    assert kinds == [("opened", 0, 2), ("opened", 1, 2), ("resolved", 0, 2), ("resolved", 1, 2)]
    assert catalog.groups.standing() == ((), ())


def test_a_look_that_dies_before_its_commit_is_taken_again(catalog, telling, monkeypatch):
    """Nothing of it is left; the next one tells the same, under the same keys."""
    catalog.alerts.record(alerts=[alert("a")], forgotten=[], incidents=[incident()])
    decided = []

    def dies(**found):
        decided.extend(notice.key for notice in found["notices"])
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(catalog.groups, "record", dies)
        with pytest.raises(SystemExit):
            telling.look(NOW)
    assert waiting(catalog) == []

    assert telling.look(NOW) == 2
    assert [notice.key for notice in waiting(catalog)] == decided


def test_signals_are_what_fires_in_short(catalog):
    """Pending and resolved alerts are none; severity, certainty and who acknowledged it are the
    incident's.
    """
    states = {"a": AlertState.OPEN, "b": AlertState.PENDING, "c": AlertState.RESOLVED}
    made = [alert(name, state=state) for name, state in states.items()]
    seen = incident(severity=Severity.CRITICAL, state=AlertState.ACKNOWLEDGED)
    catalog.alerts.record(alerts=made, forgotten=[], incidents=[seen])

    (found,) = catalog.groups.standing()[0]
    assert (found.id, found.severity, found.certainty) == ("a", Severity.CRITICAL, 1)
    assert found.acknowledged
    assert found.labels["model"] == "m"


def test_of_two_who_decide_at_once_one_wins(catalog):
    """A group that was changed meanwhile is not overwritten, and no notice of the loser is kept."""
    group = Group("k", "all", {"model": "m"}, opened_at=NOW)
    assert catalog.groups.record(groups=[group], ended=[], notices=[])
    (held,) = catalog.groups.standing()[1]

    assert not catalog.groups.record(groups=[group], ended=[], notices=[])
    assert catalog.groups.record(groups=[held], ended=[], notices=[])
    assert not catalog.groups.record(groups=[held], ended=[], notices=[])
    assert not catalog.groups.record(groups=[], ended=[held], notices=[])
    assert catalog.groups.standing()[1] == (held,)


def test_a_notice_holds_as_many_alerts_as_fit(catalog, telling):
    """The worst hundred, and how many there are beside them."""
    made = [alert(f"a{number:03}") for number in range(MOST_ALERTS + 40)]
    made.append(alert("worst", severity=Severity.CRITICAL))
    catalog.alerts.record(alerts=made, forgotten=[], incidents=[incident()])
    telling.look(NOW)

    notice = waiting(catalog)[0]
    assert (len(notice.alerts), notice.omitted) == (MOST_ALERTS, 41)
    assert notice.alerts[0].id == "worst"


def test_silences_are_kept_and_ended(catalog):
    """By when they end; ended ones are kept, and end once."""
    matcher = Matcher("model", MatchOp.LIKE, "m.*")
    made = [
        Silence(f"s{hours}", (matcher,), NOW, NOW + hours * HOUR, "ada", "why", NOW)
        for hours in (3, 1, 2)
    ]
    for silence in made:
        catalog.silences.put(silence)

    assert [each.id for each in catalog.silences.ending_after(NOW + HOUR)] == ["s2", "s3"]
    assert catalog.silences.get("s3") == made[0]
    ended = catalog.silences.expire("s3", now=NOW + HOUR)
    assert ended.ends_at == NOW + HOUR
    with pytest.raises(Conflict, match="ended"):
        catalog.silences.expire("s3", now=NOW + HOUR)
    with pytest.raises(NotFound):
        catalog.silences.get("none")
    assert len(catalog.silences.all()) == 3
