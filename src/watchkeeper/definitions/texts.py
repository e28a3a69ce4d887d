"""Finding texts that a model wrote: beside a reference text, whose words they share."""

from __future__ import annotations

import re

import numpy as np

from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts
from watchkeeper.definitions.words import vocabulary
from watchkeeper.domain.model import ColumnType, Role

__all__ = ["guess_texts"]

_REFERENCE = vocabulary("ref reference references gold target human")
_SHARED = 0.15
_COPY = 0.7
_ROWS = 300


def guess_texts(draft: Draft) -> None:
    """Take a reference text as the label, and texts of the same words as predictions.

    No metric of texts exists yet, so the task stays none and several systems may stand side by
    side; a second form of the reference (retokenised, cleaned) is context.
    """
    texts = draft.free(ColumnType.TEXT)
    references = [facts for facts in texts if set(facts.words) & _REFERENCE]
    if not references or len(texts) < 2:
        return
    label = min(references, key=lambda facts: (len(facts.words) > 1, facts.position))
    others = [(facts, _shared(label, facts)) for facts in texts if facts is not label]
    if not any(shared > _SHARED for _, shared in others):
        return
    draft.take(
        label, Role.LABEL, 0.85, "text named as the reference, whose words other columns share"
    )
    for facts, shared in others:
        if facts in references:
            draft.take(
                facts,
                Role.CONTEXT,
                0.7,
                f"another form of {label.name!r} ({shared:.0%} of the words shared)",
            )
        elif shared > _SHARED:
            draft.take(
                facts,
                Role.PREDICTION,
                0.75,
                f"shares {shared:.0%} of its words with {label.name!r}",
            )


def _shared(one: Facts, other: Facts) -> float:
    """Mean share of words in common over the first rows that have both (Jaccard)."""
    rows = np.flatnonzero((one.codes >= 0) & (other.codes >= 0))[:_ROWS]
    shares = []
    for row in rows:
        left, right = _bag(one, int(row)), _bag(other, int(row))
        shares.append(len(left & right) / max(1, len(left | right)))
    return float(np.mean(shares)) if shares else 0.0


def _bag(facts: Facts, row: int) -> set[str]:
    return set(re.findall(r"\w+", str(facts.values[int(facts.codes[row])]).lower()))
