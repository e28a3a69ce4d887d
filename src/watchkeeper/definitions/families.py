"""Finding the probabilities of classes: columns under one stem that sum to one in every row."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from watchkeeper.definitions.classes import (
    in_order,
    may_hold_classes,
    positive_of,
    said,
    take_class,
)
from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.words import PREDICTED, SCORED, OutputKind
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["Family", "find_family", "take_family"]

_MOST_CLASSES = 1_000


@dataclass(frozen=True, slots=True)
class Family:
    """Columns that hold the probability of one class each; ``classes`` go with them."""

    columns: tuple[Facts, ...]
    classes: tuple[str, ...]


def find_family(draft: Draft) -> Family | None:
    """The largest set of probabilities under one stem that sum to one in every row."""
    groups: dict[tuple[str, tuple[str, ...]], list[Facts]] = defaultdict(list)
    floats = [
        facts
        for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN)
        if facts.storage is Storage.FLOAT and facts.bounded
    ]
    for facts in floats:
        for cut in range(1, len(facts.words)):
            groups["before", facts.words[:cut]].append(facts)
            groups["after", facts.words[-cut:]].append(facts)
    by_name = {facts.name: facts for facts in floats}
    for named in draft.free(ColumnType.CATEGORICAL):
        if 1 < named.distinct <= _MOST_CLASSES:
            groups["class", (named.name,)] = [
                by_name[name] for name in named.classes if name in by_name
            ]
    found = [
        (len(columns), len(stem), side, columns)
        for (side, stem), columns in groups.items()
        if 2 <= len(columns) <= _MOST_CLASSES and _sum_to_one(columns)
    ]
    for _, _, side, columns in sorted(found, key=lambda item: (-item[0], -item[1])):
        names = [facts.name for facts in columns]
        rests = names if side == "class" else _rests(names, from_end=side == "after")
        classes = _classes_named(draft, rests)
        speaking = set(columns[0].words) & (SCORED | PREDICTED | {"p"})
        if classes or speaking:
            return Family(tuple(columns), tuple(classes or rests))
    return None


def take_family(draft: Draft, family: Family) -> None:
    """Take the scores, and among the columns that hold the classes the prediction and the label."""
    draft.task = Task.MULTICLASS if len(family.columns) > 2 else Task.BINARY
    scores = np.stack([facts.numbers for facts in family.columns if facts.numbers is not None])
    top = np.argmax(np.nan_to_num(scores, nan=-1.0), axis=0)
    why = f"one of {len(family.columns)} columns of probabilities that sum to one in every row"
    agreeing = sorted(
        (
            (_matches(facts, top, family.classes), facts)
            for facts in may_hold_classes(draft, len(family.classes))
        ),
        key=lambda item: -item[0],
    )
    prediction, label = _prediction_and_label(
        [item for item in agreeing if item[0] > 1.2 / len(family.classes)]
    )
    if draft.task is Task.BINARY:
        positive = positive_of(family.classes)
        draft.positive_class, draft.classes = positive, in_order(family.classes)
        for facts, name in zip(family.columns, family.classes, strict=True):
            of_positive = name == positive
            complement = f"one minus the probability of class {positive!r}"
            draft.take(
                facts,
                Role.SCORE if of_positive else Role.CONTEXT,
                0.95,
                why if of_positive else complement,
            )
    else:
        for facts, name in zip(family.columns, family.classes, strict=True):
            draft.take(facts, Role.SCORE, 0.97, why)
            draft.score_of[facts.name] = name
        draft.classes = in_order(family.classes)
    if prediction is not None:
        take_class(
            draft,
            prediction[1],
            Role.PREDICTION,
            0.97,
            f"equals the most probable class in {prediction[0]:.0%} of rows",
        )
    if label is not None:
        take_class(
            draft,
            label[1],
            Role.LABEL,
            0.9,
            f"holds the same classes and equals the most probable one in {label[0]:.0%} of rows",
        )
    draft.say("task", str(draft.task), 0.97, why.replace("one of ", "", 1))


def _sum_to_one(columns: list[Facts]) -> bool:
    if all(facts.whole for facts in columns):
        return False  # one-hot columns sum to one as well
    rows = np.stack([facts.numbers for facts in columns if facts.numbers is not None])
    total = rows[:, np.isfinite(rows).all(axis=0)].sum(axis=0)
    return total.size > 0 and float(np.mean(np.abs(total - 1) < 0.02 + 0.005 * len(columns))) > 0.99


def _rests(names: list[str], *, from_end: bool) -> list[str]:
    """What is left of each name without the longest stem that all share."""
    turned = [name[::-1] if from_end else name for name in names]
    shared = 0
    while all(len(name) > shared + 1 and name[shared] == turned[0][shared] for name in turned):
        shared += 1
    # not within a word: `proba_premium`, `proba_prepaid` share `proba_p`, and the stem is `proba_`
    while shared and turned[0][shared - 1].isalnum():
        shared -= 1
    rests = [name[shared:][::-1] if from_end else name[shared:] for name in turned]
    return [rest.strip("_-. ") or rest for rest in rests]


def _classes_named(draft: Draft, rests: list[str]) -> list[str]:
    """The rests as classes of some column, spelled as it spells them; empty where none has all."""
    wanted = [_plain(rest) for rest in rests]
    for facts in draft.free(ColumnType.CATEGORICAL, ColumnType.BOOLEAN, ColumnType.NUMERIC):
        if 1 < facts.distinct <= len(rests) * 2 + 20:
            spelled = {_plain(text): text for text in facts.classes}
            if sum(rest in spelled for rest in wanted) >= max(2, len(wanted) * 2 // 3):
                return [spelled.get(rest, own) for rest, own in zip(wanted, rests, strict=True)]
    return []


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _matches(facts: Facts, top: np.ndarray, classes: tuple[str, ...]) -> float:
    index = {_plain(text): place for place, text in enumerate(classes)}
    place = np.array([index.get(_plain(text), -1) for text in facts.classes], dtype=np.int64)
    known = facts.codes >= 0
    if not known.any() or (place < 0).mean() > 0.34:
        return 0.0
    return float(np.mean(place[facts.codes[known]] == top[known]))


def _prediction_and_label(
    found: list[tuple[float, Facts]],
) -> tuple[tuple[float, Facts] | None, tuple[float, Facts] | None]:
    """Which of the columns that hold the classes is the answer and which the truth."""
    exact = [item for item in found if item[0] > 0.97 and said(item[1]) is not OutputKind.LABEL]
    named = [item for item in found if said(item[1]) is OutputKind.PREDICTION]
    prediction = next(iter(named or exact), None)
    others = [
        item
        for item in found
        if item is not prediction and said(item[1]) is not OutputKind.PREDICTION
    ]
    labels = [item for item in others if said(item[1]) is OutputKind.LABEL]
    return prediction, next(iter(labels or others), None)
