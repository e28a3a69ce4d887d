"""Finding a label where the table holds no model's answer, or only a score that is no probability."""

from __future__ import annotations

from watchkeeper.definitions.classes import in_order, positive_of, take_class, take_positive
from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts
from watchkeeper.definitions.relations import determines, separation
from watchkeeper.definitions.words import OutputKind, output_strength
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["guess_outcome"]


def guess_outcome(draft: Draft) -> None:
    """A label by name or place; then a score that is no probability, if it parts that label."""
    label = _outcome(draft)
    if label is None:
        return
    facts, confidence, why = label
    scores = _scores_of(draft, facts)
    if draft.types[facts.name].value is ColumnType.NUMERIC and not facts.whole:
        draft.take(facts, Role.LABEL, confidence, why)
        return
    take_class(draft, facts, Role.LABEL, confidence, why)
    if scores:
        auc, score = scores[0]
        draft.task, draft.classes = Task.BINARY, in_order(facts.classes)
        draft.take(
            score,
            Role.SCORE,
            0.7,
            f"named as a model's score, and parts {facts.name!r} (AUC {auc:.2f}); it is no probability",
        )
        draft.say("task", "binary", 0.7, f"{score.name!r} scores {facts.name!r}")
        take_positive(draft, score, [facts])
        _bands(draft, [found for _, found in scores])


def _outcome(draft: Draft) -> tuple[Facts, float, str] | None:
    """The column that a name, or its place at the end, gives away as the label."""
    found = []
    last = draft.facts[-1].position if draft.facts else 0
    for facts in draft.free(ColumnType.BOOLEAN, ColumnType.CATEGORICAL, ColumnType.NUMERIC):
        if facts.distinct < 2:
            continue
        weight = _named(draft, facts) + (
            0.4 if facts.position == last and _few(draft, facts) else 0.0
        )
        weight += 0.15 if facts.distinct == 2 else 0.0
        weight -= 0.01 * len(facts.words)  # TX_FRAUD before TX_FRAUD_SCENARIO
        if weight >= 0.35:
            named = _named(draft, facts)
            why = (
                "named as an outcome" if named else f"the last column, with {facts.distinct} values"
            )
            found.append((weight, facts, why))
    best = max(found, key=lambda item: item[0], default=None)
    return (best[1], min(0.9, best[0]), best[2]) if best else None


def _named(draft: Draft, facts: Facts) -> float:
    """How much the name speaks for an outcome; a number needs a name that says nothing else."""
    strength = output_strength(facts.words)
    if not strength or strength[0] is not OutputKind.LABEL:
        return 0.0
    return strength[1] if strength[1] > 0.9 or _few(draft, facts, most=1_000) else 0.6 * strength[1]


def _few(draft: Draft, facts: Facts, *, most: int = 20) -> bool:
    """Few different values, and no quantity as far as its type goes."""
    return facts.distinct <= (
        most if draft.types[facts.name].value is ColumnType.CATEGORICAL else 20
    ) and (facts.whole or facts.number_of_value is None)


def _scores_of(draft: Draft, label: Facts) -> list[tuple[float, Facts]]:
    """Columns named as a score that part the label, best first."""
    if label.distinct != 2:
        return []
    positive = label.codes == label.classes.index(positive_of(label.classes))
    found = []
    for facts in draft.free(ColumnType.NUMERIC):
        strength = output_strength(facts.words)
        if (
            strength
            and strength[0] is OutputKind.SCORE
            and strength[1] >= 0.5
            and facts.numbers is not None
        ):
            auc = separation(facts.numbers[label.codes >= 0], positive[label.codes >= 0]).auc
            if auc >= 0.6:
                found.append((auc, facts))
    return sorted(found, key=lambda item: (-item[0], item[1].position))


def _bands(draft: Draft, scores: list[Facts]) -> None:
    """The other scores, and the classes that a score is shown as (low, medium, high)."""
    for score in scores[1:]:
        draft.take(score, Role.CONTEXT, 0.6, "another score beside the one that is watched")
    for facts in draft.free(ColumnType.CATEGORICAL):
        for score in scores:
            if 1 < facts.distinct < score.distinct and determines(score, facts):
                draft.take(facts, Role.CONTEXT, 0.7, f"follows from {score.name!r}")
                break
