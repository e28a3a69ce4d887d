"""Keeping within what a receiver takes: texts and lists are cut, and say that they were."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["cut", "fitting", "plain"]

_T = TypeVar("_T")


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, the last an ellipsis where some were left out.

    >>> cut("a long story", 6)
    'a lon…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def plain(text: str) -> str:
    """One line without what would steer a terminal, a mail header or the direction of writing."""
    kept = (c if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") else " " for c in text)
    return " ".join("".join(kept).split())


def fitting(items: Sequence[_T], build: Callable[[Sequence[_T], int], bytes], most: int) -> bytes:
    """The body of as many items as fit into ``most`` bytes.

    ``build`` makes it of the items that are shown and the number of those that are left out. The
    body without any item is returned where not even that fits, for the receiver to judge.
    """
    shown, body = len(items), build(items, 0)
    while len(body) > most and shown > 0:
        shown = min(shown - 1, shown * most // len(body))
        body = build(items[:shown], len(items) - shown)
    return body
