"""Runbooks: every built-in monitor has one, every link leads to one, and what they say is there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import click
import pytest

from watchkeeper.cli.main import cli
from watchkeeper.definitions.document import load_text, model_from_dict, model_to_dict
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.identity import config_hash
from watchkeeper.monitors.kinds import KINDS, check_monitors
from watchkeeper.server.alerting.runbooks import RunbookLinks, runbook_html

FOLDER = Path(__file__).parents[3] / "docs" / "runbooks"
NOW = datetime(2024, 3, 4, tzinfo=UTC)
OWN = MonitorSpec("rows-left", "static", options={"figure": "rows", "below": 1})
COLUMNS = (
    *(
        Column(name, ColumnType.NUMERIC)
        for name in ("km", "fare", "disk_used_share", "gpu_memory_used_share")
    ),
    Column("city", ColumnType.CATEGORICAL),
)


def alert(monitor):
    return Alert("a", "k", "m", monitor, AlertState.OPEN, Severity.WARNING, "w", "m", NOW, NOW)


def test_every_kind_of_monitor_has_a_runbook():
    """One page a kind, and none of a kind that is not there."""
    assert {path.stem for path in FOLDER.glob("*.md")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_runbook_answers_what_is_asked_at_night(kind):
    """Meaning, looking, causes, doing, tuning: each has its part, and none is empty."""
    text = (FOLDER / f"{kind}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    wanted = ["What it means", "How to look", "Common causes", "What to do"]
    assert parts[1::2][:4] == wanted
    assert parts[1::2][4:] == ["How to tune it, or switch it off"]
    assert all(len(part.split()) > 20 for part in parts[2::2])


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_runbook_shows_is_there(kind):
    """Its definitions are valid, its commands exist with those options."""
    text = (FOLDER / f"{kind}.md").read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        (monitor,) = load_text(block)
        check_monitors(Model("loans", Task.NONE, COLUMNS, monitors=(monitor.spec,)))
    commands = re.findall(r"watchkeeper ([a-z][^`\n]*)", "\n".join(_code(text)))
    assert commands
    for command in commands:
        _parse(cli, command.split())


def _code(text):
    return re.findall(r"```bash\n(.*?)```", text, re.DOTALL) + re.findall(r"`(watchkeeper [^`]+)`", text)  # fmt: skip


def _parse(command, arguments):
    """Fails where a command, an option or an argument is not there."""
    if isinstance(command, click.Group) and arguments:
        context = click.Context(command)
        found = command.get_command(context, arguments[0])
        assert found is not None, arguments
        if not isinstance(found, click.Group):
            known = {option for each in found.params for option in each.opts}
            asked = {word for word in arguments[1:] if word.startswith("--")}
            assert asked <= known, arguments
        else:
            _parse(found, arguments[1:])


def test_an_alert_leads_to_the_page_of_its_kind():
    """The link is that of the monitor's kind, whatever the monitor is called, and is served."""
    model = Model("m", Task.BINARY, (), monitors=(OWN,))
    links = RunbookLinks("https://watch.example/")
    assert links.of(model, alert("rows-left")) == "https://watch.example/runbooks/static"
    assert links.of(model, alert("drift")) == "https://watch.example/runbooks/drift"
    assert RunbookLinks(None).of(model, alert("drift")) is None


def test_every_link_of_a_notice_leads_to_its_page(stage, anonymous):
    """Of each monitor that a model may have, the address in the message opens the page of its kind."""
    specs = tuple(MonitorSpec(f"my-{kind}", kind) for kind in KINDS)
    model = replace(stage.parts.models.get("loans").model, monitors=specs)
    context = replace(
        stage.parts.context,
        models=SimpleNamespace(get=lambda _: SimpleNamespace(model=model)),
        runbooks=RunbookLinks("https://watch.example"),
    )
    alerts = tuple(alert(f"my-{kind}") for kind in KINDS)
    incident = Incident("i", "m", AlertState.OPEN, Severity.WARNING, "t", "unknown", NOW, NOW)
    notice = Notice("k", NoticeKind.OPENED, "mail", 0, incident, alerts, NOW)
    told = context.complete(notice)
    for kind, sent in zip(KINDS, told.alerts, strict=True):
        answer = anonymous("GET", urlsplit(sent.runbook).path)
        assert f"<h1>Runbook: {kind}</h1>" in answer.text


def test_a_monitor_has_a_runbook_of_its_own():
    """What the definition says goes before, and needs no public address."""
    own = replace(OWN, runbook="https://wiki.example/rows")
    model = Model("m", Task.NONE, (), monitors=(own,))
    assert RunbookLinks(None).of(model, alert("rows-left")) == "https://wiki.example/rows"
    assert model_from_dict(model_to_dict(model)) == model
    assert config_hash(model) == config_hash(replace(model, monitors=(OWN,)))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "wiki", "https://", "https:// a"])
def test_a_runbook_is_an_address(address):
    """Whatever a browser would run, or could not open, is refused."""
    model = model_to_dict(Model("m", Task.NONE, (), monitors=(OWN,)))
    model["monitors"][0]["runbook"] = address
    with pytest.raises(InvalidDefinition, match="monitors"):
        model_from_dict(model)


def test_runbooks_are_served_to_whoever_asks(anonymous):
    """Every page opens without a login; its links stay on the server, and lead somewhere."""
    for kind in KINDS:
        answer = anonymous("GET", f"/runbooks/{kind}")
        assert answer.status_code == 200
        assert "<h1>" in answer.text
        assert "script" not in answer.text
    linked = {link for kind in KINDS for link in re.findall(r'href="([^"]+)"', runbook_html(kind))}
    assert {anonymous("GET", link).status_code for link in linked} == {200}
    assert anonymous("GET", "/runbooks").text.count("<li>") == len(KINDS)
    assert anonymous("GET", "/runbooks/nothing").status_code == 404
