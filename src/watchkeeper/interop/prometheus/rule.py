"""A rule with the series that prove it: what makes it fire, and what must not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Alert", "Case", "Recording", "duration", "quoted"]

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


@dataclass(frozen=True, slots=True)
class Case:
    """Series by what they are, with their values a minute: of an alert that fires, and of one that
    must not. ``labels`` are those that the firing alert takes from its series.
    """

    fires: Mapping[str, str]
    quiet: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. ``runbook`` says in a sentence or two what to do; ``link`` is the page of
    ours that shows more.
    """

    name: str
    expr: str
    minutes: int
    severity: str
    summary: str
    runbook: str
    case: Case
    link: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def form(self, page: str) -> dict[str, object]:
        """As a rule file has it; ``page`` is where people reach our page, empty: nowhere."""
        found: dict[str, object] = {"alert": self.name, "expr": self.expr}
        if self.minutes:
            found["for"] = duration(60 * self.minutes)
        found["labels"] = {"severity": self.severity, **self.labels}
        found["annotations"] = self.annotations(page)
        return found

    def annotations(self, page: str) -> dict[str, str]:
        """What the rule says."""
        found = {"summary": self.summary, "runbook": self.runbook}
        if page and self.link:
            found["runbook_url"] = page.rstrip("/") + self.link
        return found

    def fired(self, page: str) -> dict[str, object]:
        """The alert that its case makes, with its templates filled in, as a unit test has it."""
        labels = {"severity": self.severity, **self.labels, **self.case.labels}
        return {
            "exp_labels": labels,
            "exp_annotations": {
                name: _LABEL.sub(lambda found: labels[found[1]], text)
                for name, text in self.annotations(page).items()
            },
        }


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expr: str

    def form(self) -> dict[str, object]:
        """As a rule file has it."""
        return {"record": self.record, "expr": self.expr}


def duration(seconds: int) -> str:
    """A length of time as Prometheus writes it.

    >>> duration(5400), duration(86_400), duration(45)
    ('90m', '1d', '45s')
    """
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def quoted(text: str) -> str:
    r"""A text as a string of PromQL.

    >>> print(quoted('a "b" \\ c'))
    "a \"b\" \\ c"
    """
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'
