"""The examples of "Define a model" are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from watchkeeper.cli.infer import command as infer
from watchkeeper.definitions.document import Monitor, dump_document, load_text
from watchkeeper.definitions.plan import plan, render
from watchkeeper.monitors.figures import reading_of
from watchkeeper.monitors.kinds import functions_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "define-a-model.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language):
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_document_is_valid(block):
    """What the page shows can be applied, and is written back as the same."""
    (document,) = load_text(block)

    assert load_text(dump_document(document)) == (document,)


def test_the_programs_run(tmp_path, monkeypatch):
    """The Python of the page runs from top to bottom, and the guess is the definition shown."""
    monkeypatch.chdir(tmp_path)
    scope = {}
    for block in blocks("python"):
        exec(compile(block, str(PAGE), "exec"), scope)  # the page's own examples

    printed = CliRunner().invoke(infer, ["flights.parquet"]).stdout
    (shown,) = load_text(blocks("yaml")[0])
    (guessed,) = load_text(printed)
    assert guessed.columns == shown.columns
    assert (guessed.name, guessed.task, guessed.classes) == (shown.name, shown.task, shown.classes)


def test_the_plan_that_is_shown():
    """The plan of the page is what the documents of the page give."""
    loans = next(doc for block in blocks("yaml") for doc in load_text(block) if doc.name == "loans")
    before = load_text(
        dump_document(loans)
        .replace("1h", "1d")
        .replace(
            "  channel: {type: categorical, role: segment, categories: [branch, web, phone]}\n", ""
        )
    )[0]
    wanted = load_text(dump_document(loans).replace("classes:", "granularity: 1h\nclasses:"))[0]

    assert render(plan(before, wanted)) + "\n" == blocks("text")[0]


def test_the_monitor_of_the_page_fits_its_model():
    """The monitor that stands alone looks at columns that its model has."""
    documents = [doc for block in blocks("yaml") for doc in load_text(block)]
    (monitor,) = [doc for doc in documents if isinstance(doc, Monitor)]
    model = next(doc for doc in documents if doc.name == monitor.model)

    assert all(model.column(name) for name in monitor.spec.columns)


def test_the_monitors_of_the_page_can_run():
    """Each is of a kind that exists, and its figure is one that its column has."""
    documents = [doc for block in blocks("yaml") for doc in load_text(block)]
    loans = next(doc for doc in documents if doc.name == "loans")
    specs = [*loans.monitors, *(doc.spec for doc in documents if isinstance(doc, Monitor))]

    assert len(specs) == 2
    for spec in specs:
        assert functions_of(spec)
        assert reading_of(spec.options["figure"], spec.columns[0], loans)
