"""The terminal and the page."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from watchkeeper.domain.verdict import Severity
from watchkeeper.reports.html import render as render_html
from watchkeeper.reports.plain import clean
from watchkeeper.reports.terminal import render as render_terminal

_HOSTILE = "<script>alert(1)</script>\"'\x1b[31m\n\u202e&"


def _printed(report, width: int = 120) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(render_terminal(report))
    return stream.getvalue()


class _Page(HTMLParser):
    """Collects the tags, the attributes and the text of a page, and that every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_terminal_tells_what_is_wrong_first(desk):
    """Headline, then the finding with its severity in words, then the table, then the account."""
    shown = _printed(
        desk.report(desk.verdict("x", desk.ALERT, message="x: 5 % missing"), desk.verdict("c"))
    )

    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    assert lines[0] == "✗ 1 column is wrong in 1,000 rows × 2 columns over 1 day: x"
    assert lines[1].split() == [
        "WARNING",
        "x",
        "since",
        "2024-05-01,",
        "in",
        "1",
        "of",
        "1",
        "windows",
    ]
    assert lines[2] == "5 % missing"
    assert lines.index("▲ x       feature  mean 1 → 2           0 % → 1.0 %  ▲") == 4
    assert lines[-1] == "signs     ▲ warning  · ok"


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_terminal_fits_its_width(desk, width):
    """No line is wider than the terminal."""
    verdicts = [desk.verdict("x" * 60, desk.ALERT, day=day) for day in range(60)]

    assert max(map(len, _printed(desk.report(*verdicts), width).splitlines())) <= width


def test_state_is_never_colour_alone(desk):
    """Without colour, every state has its own sign, explained below."""
    verdicts = [
        desk.verdict("x", desk.ALERT, severity=Severity.CRITICAL),
        desk.verdict("c", desk.ALERT, day=1),
        desk.verdict("c", desk.FEW, day=2),
        desk.verdict("x", desk.ERROR, day=1),
    ]

    shown = _printed(desk.report(*verdicts))

    assert "signs     █ critical  ▲ warning  ! error  ? too few data" in shown


def test_hostile_text_stays_text(desk):
    """Names and messages can neither run, nor colour the terminal, nor turn the text around."""
    verdict = desk.verdict(_HOSTILE, desk.ALERT, message=_HOSTILE, segment=_HOSTILE)
    report = desk.report(verdict, names=(_HOSTILE,))

    page = _Page(render_html(report))

    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for text in (_printed(report), page.text):
        assert not re.search("[\x1b\u202e]", text)


def test_the_page_is_self_contained_and_well_formed(desk):
    """No script, nothing fetched, every tag closed, light and dark and paper."""
    html = render_html(
        desk.report(desk.verdict("x", desk.ALERT, value=0.5, low=0.4, high=0.6, n=10))
    )

    page = _Page(html)

    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"https?:|url\(|@import", html)
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html
    assert "drift 0.5 [0.4, 0.6], n = 10" in page.text


def test_the_page_of_many_columns_stays_small(desk):
    """A hundred columns over thirty windows, half of them alarming, are less than 2 MB."""
    names = tuple(f"column_{i}" for i in range(100))
    verdicts = [
        desk.verdict(name, desk.ALERT if (at + day) % 2 else desk.OK, day=day, what=what)
        for at, name in enumerate(names)
        for day in range(30)
        for what in ("drift", "missing_rate")
    ]

    assert len(render_html(desk.report(*verdicts, names=names))) < 2_000_000


def test_a_notebook_gets_the_same_without_a_page_around_it(desk):
    """The repr is a fragment with its own style."""
    shown = desk.report(desk.verdict("x"))._repr_html_()

    assert shown.startswith("<style>")
    assert "<html" not in shown


def test_clean_text_is_one_short_line():
    """Control characters are replaced, long text is cut."""
    assert clean("a\nb\tc") == "a�b�c"
    assert clean("x" * 1000) == "x" * 399 + "…"
