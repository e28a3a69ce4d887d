"""Text from outside made safe to print, and the few phrases that every face of a report uses."""

from __future__ import annotations

import unicodedata

from watchkeeper.domain.window import Window
from watchkeeper.reports.report import Finding

__all__ = ["clean", "since_words"]

_LONGEST = 400
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def clean(text: str, longest: int = _LONGEST) -> str:
    r"""The text in one line, without control characters (terminal escapes, text that runs
    backwards), and not longer than ``longest``.

    >>> clean("a\x1b[31mb\nc")
    'a�[31mb�c'
    """
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join("�" if unicodedata.category(c) in _UNPRINTABLE else c for c in shown)


def since_words(finding: Finding) -> str:
    """Since when, in how many windows, and which the figures are of; nothing without time."""
    parts = []
    if finding.since is not None and finding.clearest is not None:
        parts.append(
            f"since {_when(finding.since)}, in {finding.windows} of {finding.judged_windows} windows"
        )
        if finding.windows > 1:
            parts.append(f"clearest {_when(finding.clearest)}")
    if finding.segments:
        shown = ", ".join(clean(segment, 40) for segment in finding.segments[:3])
        more = f" and {len(finding.segments) - 3} more" if len(finding.segments) > 3 else ""
        parts.append(f"segments {shown}{more}")
    return "; ".join(parts)


def _when(window: Window) -> str:
    whole_days = window.length.days >= 1
    return f"{window.start:%Y-%m-%d}" if whole_days else f"{window.start:%Y-%m-%d %H:%M} UTC"
