"""Choosing classes: which columns may hold them, how they are spelled, which one is positive."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.relations import spelled_alike
from watchkeeper.definitions.words import OutputKind, output_strength
from watchkeeper.domain.model import ColumnType, Role

__all__ = [
    "USUAL_POSITIVES",
    "all_classes",
    "completed",
    "in_order",
    "may_hold_classes",
    "positive_of",
    "said",
    "shares_classes",
    "take_class",
    "take_positive",
]

_MOST = 1_000
USUAL_POSITIVES = (
    "1", "true", "yes", "y", "t", "positive", "pos", "fraud", "spam", "churn", "churned", "default", "bad", "up", "late",
)  # fmt: skip


def said(facts: Facts) -> OutputKind | None:
    """Which output the name speaks of, where it does so at all clearly."""
    strength = output_strength(facts.words)
    return strength[0] if strength and strength[1] >= 0.45 else None


def may_hold_classes(draft: Draft, classes: int) -> list[Facts]:
    """Free columns that may hold classes."""
    most = max(2, classes * 2)
    return [
        facts
        for facts in draft.free(ColumnType.BOOLEAN, ColumnType.CATEGORICAL, ColumnType.NUMERIC)
        if 1 < facts.distinct <= most and (facts.storage is not Storage.FLOAT or facts.whole)
    ]


def shares_classes(prediction: Facts, facts: Facts) -> bool:
    """Whether a column may be the truth of a prediction: the smaller set of classes is in the other."""
    mine, theirs = (set(names) for names in spelled_alike(prediction, facts))
    return len(mine & theirs) >= max(1, min(len(mine), len(theirs)))


def all_classes(shown: list[Facts]) -> tuple[str, ...]:
    """The classes of a prediction and its label, once each."""
    if len(shown) == 2:
        return in_order([name for names in spelled_alike(*shown) for name in names])
    return in_order([name for facts in shown for name in facts.classes])


def completed(classes: tuple[str, ...]) -> tuple[str, ...]:
    """A table of one class only still has two; of very many the names are left to the data."""
    for pair in (("0", "1"), ("false", "true"), ("no", "yes")):
        if len(classes) < 2 and set(classes) <= set(pair):
            return pair
    return classes if 2 <= len(classes) <= _MOST else ()


def take_class(draft: Draft, facts: Facts, role: Role, confidence: float, why: str) -> None:
    """Take the role for a column that holds classes."""
    draft.take(facts, role, confidence, why)
    if facts.storage is not Storage.BOOLEAN:
        draft.retype([facts.name], ColumnType.CATEGORICAL, 0.9, "a class")


def take_positive(draft: Draft, score: Facts | None, shown: list[Facts]) -> None:
    """The class that a higher score means; without a score the usual word, else the rarer class."""
    for facts in shown if score is not None else ():
        if score is not None and score.numbers is not None and facts.distinct == 2:
            means = [float(np.nanmean(score.numbers[facts.codes == place])) for place in (0, 1)]
            if np.isfinite(means).all() and means[0] != means[1]:
                draft.positive_class = facts.classes[int(means[1] > means[0])]
                draft.say(
                    "positive_class",
                    draft.positive_class,
                    0.9,
                    f"its mean of {score.name!r} is the higher ({max(means):.2f} against {min(means):.2f})",
                )
                return
    rarer = (
        min(
            shown[0].classes,
            key=lambda name: np.sum(shown[0].codes == shown[0].classes.index(name)),
        )
        if shown
        else None
    )
    usual = positive_of(draft.classes, otherwise=rarer)
    draft.positive_class = usual
    draft.say(
        "positive_class",
        usual,
        0.7 if usual in USUAL_POSITIVES else 0.4,
        "by its name" if usual in USUAL_POSITIVES else "the rarer class",
    )


def positive_of(classes: Iterable[str], *, otherwise: str | None = None) -> str:
    """The class that is usually the positive one, else ``otherwise``, else the last by name."""
    classes = list(classes)
    for word in USUAL_POSITIVES:
        for name in classes:
            if name.lower() == word:
                return name
    return otherwise if otherwise is not None else max(classes)


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """Numbers by size, then text."""
    return tuple(
        sorted(
            set(classes),
            key=lambda name: (
                (0, float(name), name) if re.fullmatch(r"-?\d+(\.\d+)?", name) else (1, 0.0, name)
            ),
        )
    )
