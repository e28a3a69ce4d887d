"""Runbooks: what to do about an alert, a page for every built-in kind of monitor.

The pages are those of the manual (`docs/runbooks`), which the wheel carries; the server shows them
without a login, so that a link in a message works wherever the message is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.model import Model
from watchkeeper.errors import NotFound
from watchkeeper.monitors.defaults import monitors_of
from watchkeeper.monitors.kinds import KINDS

__all__ = ["RunbookLinks", "kind_of", "runbook_html", "runbook_names"]

_INSTALLED = Path(__file__).parents[1] / "runbooks"
_CHECKOUT = Path(__file__).parents[4] / "docs" / "runbooks"
# Of the manual only the runbooks themselves are served: other links become their text.
_ELSEWHERE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")
_SIBLING = re.compile(r"\]\((\w+)\.md\)")


@dataclass(frozen=True, slots=True)
class RunbookLinks:
    """Where the runbook of an alert is; ``base_url`` is where people reach the server."""

    base_url: str | None

    def of(self, model: Model, alert: Alert) -> str | None:
        """The monitor's own runbook, else the page of its kind; None where people reach no page."""
        spec = next((spec for spec in monitors_of(model) if spec.name == alert.monitor), None)
        if spec is not None and spec.runbook is not None:
            return spec.runbook
        kind = kind_of(model, alert.monitor)
        if self.base_url is None or kind is None:
            return None
        return f"{self.base_url.rstrip('/')}/runbooks/{kind}"


def kind_of(model: Model, monitor: str) -> str | None:
    """The kind of one of a model's monitors; None where the model has it no more."""
    named = {spec.name: spec.kind for spec in (*monitors_of(model), *model.monitors)}
    return named.get(monitor, monitor if monitor in KINDS else None)


def runbook_names() -> list[str]:
    """The kinds of monitor that have a page, in the order of the kinds."""
    return [kind for kind in KINDS if (_folder() / f"{kind}.md").is_file()]


@cache
def runbook_html(kind: str) -> str:
    """The page of a kind as HTML; NotFound where there is none."""
    if kind not in KINDS:
        raise NotFound(
            f"there is no runbook of kind {kind!r}: there are those of {', '.join(KINDS)}"
        )
    text = (_folder() / f"{kind}.md").read_text(encoding="utf-8")
    text = _SIBLING.sub(r"](/runbooks/\1)", _ELSEWHERE.sub(r"\1", text))
    others = " · ".join(
        f'<a href="/runbooks/{escape(name)}">{escape(name)}</a>' if name != kind else escape(name)
        for name in runbook_names()
    )
    shown = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return f'<p class="above">{others}</p>{shown}'


def _folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
