"""Finding what the model answered, and the truth: score, prediction, label, and so the task.

Values speak first: probabilities of classes that sum to one in every row, a prediction that
switches exactly at a threshold of a score, a score whose bins hold the share of positives that
they promise. Names break ties, and stand alone only where values cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from watchkeeper.definitions.classes import (
    all_classes,
    completed,
    in_order,
    may_hold_classes,
    positive_of,
    said,
    shares_classes,
    take_class,
    take_positive,
)
from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.families import find_family, take_family
from watchkeeper.definitions.outcomes import guess_outcome
from watchkeeper.definitions.relations import (
    agreement,
    calibration_error,
    chance_agreement,
    explained,
    separation,
)
from watchkeeper.definitions.words import PREDICTED, OutputKind, output_strength
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["guess_outputs"]

_EXACT = 0.995
_ACCEPT = 0.65
_MOST_PAIRS = 1_000  # of columns that are tried on each other
_COUNTED = 12  # whole numbers of more different values than this are quantities, unless they agree


@dataclass(frozen=True, slots=True)
class _Found:
    """A column that was found for a role, with how surely and why."""

    facts: Facts
    sure: float
    why: str


def guess_outputs(draft: Draft) -> None:
    """Take the roles score, prediction and label where there is enough evidence, and the task."""
    family = find_family(draft)
    if family is not None:
        take_family(draft, family)
        return
    prediction, score = _named(draft, OutputKind.PREDICTION), _probability(draft)
    if prediction is not None and _is_quantity(draft, prediction.facts):
        if score is not None or not _is_probability(draft, prediction.facts):
            _regression(draft, prediction)
            return
        why = "named as a prediction, but holds numbers in [0, 1] beside a truth of two classes"
        score, prediction = _Found(prediction.facts, 0.75, why), None
    score = score or _margin(draft, prediction) or _unnamed(draft, prediction)
    if score is not None or prediction is not None:
        _classification(draft, score, prediction)
    else:
        guess_outcome(draft)


# --- a number is answered


def _is_quantity(draft: Draft, prediction: Facts) -> bool:
    """Whether a prediction is a number rather than a class."""
    if draft.types[prediction.name].value is not ColumnType.NUMERIC:
        return False
    truth = _truth_of(draft, prediction)
    if not prediction.whole or (
        truth is not None and truth.facts.number_of_value is not None and not truth.facts.whole
    ):
        return True
    agreed = truth is not None and agreement(prediction, truth.facts) > 0.35
    return prediction.distinct > _COUNTED and not agreed


def _is_probability(draft: Draft, prediction: Facts) -> bool:
    """Whether a number that is called a prediction is the probability of a class."""
    if not prediction.bounded:
        return False
    truth = _truth_of(draft, prediction)
    return truth is None or truth.facts.distinct == 2


def _regression(draft: Draft, prediction: _Found) -> None:
    draft.task = Task.REGRESSION
    facts = prediction.facts
    why = f"{prediction.why}, with {facts.distinct:,} different numbers"
    draft.take(facts, Role.PREDICTION, prediction.sure, why)
    draft.retype([facts.name], ColumnType.NUMERIC, 0.9, "a quantity")
    draft.say("task", "regression", prediction.sure, f"{facts.name!r} holds numbers")
    truth = _truth_of(draft, facts)
    if truth is not None:
        draft.take(truth.facts, Role.LABEL, truth.sure, truth.why)
        draft.retype([truth.facts.name], ColumnType.NUMERIC, 0.9, "a quantity")


def _truth_of(draft: Draft, prediction: Facts) -> _Found | None:
    """The number that a number foresees: its name must say so, and the fit decides among several."""
    found = []
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN):
        named = _named_as_truth_of(facts, prediction)
        if facts is prediction or not named or facts.numbers is None or prediction.numbers is None:
            continue
        fit = max(0.0, min(1.0, explained(prediction.numbers, facts.numbers)))
        why = f"named as the truth; {prediction.name!r} explains {fit:.0%} of its variance"
        if named + fit / 2 >= _ACCEPT:
            found.append(_Found(facts, min(0.97, named + fit / 2), why))
    return max(found, key=lambda item: item.sure, default=None)


def _named_as_truth_of(facts: Facts, prediction: Facts) -> float:
    """How much a name speaks for being what the prediction foresees."""
    strength = output_strength(facts.words)
    named = strength[1] if strength and strength[0] is OutputKind.LABEL else 0.0
    rest = tuple(word for word in prediction.words if word not in PREDICTED and word != "y")
    return max(named, 0.5) if rest and facts.words == rest else named  # `delay`, `delay_pred`


# --- a class is answered


def _named(draft: Draft, kind: OutputKind) -> _Found | None:
    """The free column whose name speaks most for the kind."""
    found = []
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN, ColumnType.CATEGORICAL):
        strength = output_strength(facts.words)
        if strength and strength[0] is kind and strength[1] >= 0.55 and facts.present:
            found.append(_Found(facts, strength[1], "named as one"))
    return max(found, key=lambda item: (item.sure, -item.facts.position), default=None)


def _probability(draft: Draft) -> _Found | None:
    """The free column that is named as a score and may be a probability."""
    found = []
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN):
        strength = output_strength(facts.words)
        named = strength is not None and strength[0] is OutputKind.SCORE and strength[1] >= 0.6
        if strength and named and facts.bounded and facts.distinct > 1:
            found.append(
                _Found(facts, strength[1], "named as a score, and every value lies in [0, 1]")
            )
    key = lambda item: (item.sure, item.facts.distinct > 2, -item.facts.position)  # noqa: E731
    return max(found, key=key, default=None)


def _margin(draft: Draft, prediction: _Found | None) -> _Found | None:
    """A column named as a score beyond [0, 1], at a threshold of which the prediction switches."""
    if prediction is None or prediction.facts.distinct != 2:
        return None
    for facts in draft.free(ColumnType.NUMERIC):
        strength = output_strength(facts.words)
        named = strength is not None and strength[0] is OutputKind.SCORE and strength[1] >= 0.4
        if named and _switches(facts, prediction.facts) >= _EXACT:
            why = f"named as a score, and {prediction.facts.name!r} switches at a threshold of it"
            return _Found(facts, 0.8, why)
    return None


def _unnamed(draft: Draft, prediction: _Found | None) -> _Found | None:
    """A probability that no name gives away: something switches exactly at a threshold of it, or
    it holds what it promises of what is named as the truth.
    """
    flags = [prediction.facts] if prediction else may_hold_classes(draft, 2)
    flags = [facts for facts in flags if facts.distinct == 2]
    shares = [facts for facts in draft.free(ColumnType.NUMERIC) if _spans_the_unit(facts)]
    for facts, flag in islice(product(shares, flags), _MOST_PAIRS):
        if _switches(facts, flag) >= 0.9999:
            why = f"every value lies in [0, 1], and {flag.name!r} switches at a threshold of it"
            return _Found(facts, 0.75, why)
        sure, _ = _by_score(flag, facts) if said(flag) is OutputKind.LABEL else (0.0, "")
        if sure >= _ACCEPT:
            why = f"every value lies in [0, 1], and is the share of {flag.name!r} where it stands"
            return _Found(facts, sure, why)
    return None


def _spans_the_unit(facts: Facts) -> bool:
    """Many values in [0, 1], low ones and high ones among them."""
    if not facts.bounded or facts.distinct <= 20 or facts.numbers is None:
        return False
    low, high = np.nanquantile(facts.numbers, [0.02, 0.98])
    return bool(low <= 0.3 and high >= 0.7)


def _switches(score: Facts, flag: Facts) -> float:
    """The share of rows in which the flag is what one threshold of the score says."""
    if score.numbers is None or flag.distinct != 2:
        return 0.0
    known = flag.codes >= 0
    rising = separation(score.numbers[known], flag.codes[known] == 1)
    falling = separation(score.numbers[known], flag.codes[known] == 0)
    return max(rising.share, falling.share)


def _classification(draft: Draft, score: _Found | None, prediction: _Found | None) -> None:
    if score is not None:
        draft.take(score.facts, Role.SCORE, score.sure, score.why)
        draft.retype([score.facts.name], ColumnType.NUMERIC, 0.9, "a score")
        if prediction is None or prediction.facts.distinct == 2:
            prediction = _threshold_of(draft, score.facts) or prediction
    if prediction is not None:
        why = _why_prediction(prediction, score)
        take_class(draft, prediction.facts, Role.PREDICTION, prediction.sure, why)
    if (
        score is not None
        and prediction is not None
        and _is_confidence(score.facts, prediction.facts)
    ):
        # not the chance of one class: it could not be measured against the label
        draft.take(
            score.facts, Role.CONTEXT, 0.7, "the confidence in the answer, whichever class that is"
        )
        score = None
    label = _label(draft, score, prediction)
    if label is not None:
        take_class(draft, label.facts, Role.LABEL, label.sure, label.why)
    shown = [found.facts for found in (prediction, label) if found is not None]
    draft.classes = completed(all_classes(shown))
    many = max((facts.distinct for facts in shown), default=2) > 2 or len(draft.classes) > 2
    draft.task = Task.MULTICLASS if many else Task.BINARY
    if draft.task is Task.BINARY:
        take_positive(draft, score.facts if score else None, shown)
    draft.say(
        "task",
        str(draft.task),
        0.9 if shown else 0.6,
        f"the classes are {', '.join(draft.classes[:6]) or 'many'}",
    )


def _is_confidence(score: Facts, prediction: Facts) -> bool:
    """A probability that is high for every class belongs to the predicted one, whichever it is."""
    if prediction.distinct > 2:
        return True
    if score.numbers is None or prediction.distinct < 2 or _switches(score, prediction) >= 0.9:
        return False
    return bool(score.bounded and np.nanmin(score.numbers) >= 0.49)


def _threshold_of(draft: Draft, score: Facts) -> _Found | None:
    """The column that switches at a threshold of the score."""
    found = []
    for facts in may_hold_classes(draft, 2):
        if facts.distinct == 2 and said(facts) is not OutputKind.LABEL and score.distinct > 2:
            share = _switches(score, facts)
            if share >= _EXACT:
                rank = (said(facts) is OutputKind.PREDICTION, share, -facts.position)
                found.append((rank, _Found(facts, 0.97, "")))
    return max(found, key=lambda item: item[0])[1] if found else None


def _why_prediction(prediction: _Found, score: _Found | None) -> str:
    facts = prediction.facts
    shown = "/".join(in_order(facts.classes)[:4]) + ("/…" if facts.distinct > 4 else "")
    if score is None or score.facts.numbers is None or facts.distinct != 2:
        return f"named as one; holds {shown}"
    positive = positive_of(facts.classes)
    parted = separation(score.facts.numbers, facts.codes == facts.classes.index(positive))
    if parted.share < _EXACT:
        return f"named as one; holds {shown}"
    rule = f"agrees with {score.facts.name!r} ≥ {parted.threshold:.3g}"
    return f"holds {shown} and {rule} in {parted.share:.1%} of rows"


def _label(draft: Draft, score: _Found | None, prediction: _Found | None) -> _Found | None:
    """The truth of a classification: by name, calibration of the score, agreement, same coding."""
    found = []
    for facts in may_hold_classes(draft, prediction.facts.distinct if prediction else 2):
        strength = output_strength(facts.words)
        if strength and strength[0] is not OutputKind.LABEL and strength[1] >= 0.55:
            continue
        evidence = [_by_score(facts, score.facts if score else None)]
        if prediction is not None:
            if not shares_classes(prediction.facts, facts):
                continue
            evidence += [_by_prediction(facts, prediction.facts), _by_rest(facts, prediction.facts)]
        if strength:
            evidence.append((strength[1], "named as the truth"))
        why = "; ".join(reason for weight, reason in evidence if weight and reason)
        found.append(_Found(facts, min(0.98, sum(weight for weight, _ in evidence)), why))
    best = max(found, key=lambda item: item.sure, default=None)
    return best if best is not None and best.sure >= _ACCEPT else None


def _by_score(facts: Facts, score: Facts | None) -> tuple[float, str]:
    if score is None or score.numbers is None or facts.distinct != 2:
        return 0.0, ""
    known = facts.codes >= 0
    positive = (facts.codes == facts.classes.index(positive_of(facts.classes)))[known]
    parted = separation(score.numbers[known], positive)
    error = calibration_error(score.numbers[known], positive) if score.bounded else 1.0
    spread = np.nanquantile(score.numbers, [0.1, 0.9])
    if parted.auc >= 0.6 and error <= 0.1:
        # a feature that keeps what the score promises, over a wide range, is hardly to be found
        promised = parted.auc >= 0.7 and error <= 0.04 and spread[1] - spread[0] >= 0.3
        return (
            0.65 if promised else 0.5,
            f"{score.name!r} foretells it (AUC {parted.auc:.2f}, calibration error {error:.2f})",
        )
    return (
        (0.2, f"{score.name!r} parts it (AUC {parted.auc:.2f})") if parted.auc >= 0.7 else (0.0, "")
    )


def _by_prediction(facts: Facts, prediction: Facts) -> tuple[float, str]:
    share, chance = agreement(prediction, facts), chance_agreement(prediction, facts)
    same = set(facts.classes) == set(prediction.classes) and facts.storage is not Storage.BOOLEAN
    coded = 0.15 if same else 0.0
    if share > chance + 0.2 * (1 - chance):
        return (
            coded + 0.2,
            f"equals {prediction.name!r} in {share:.0%} of rows ({chance:.0%} by chance)",
        )
    return coded / 2, ""


def _by_rest(facts: Facts, prediction: Facts) -> tuple[float, str]:
    rest = tuple(word for word in prediction.words if word not in PREDICTED)
    return (
        (0.5, f"named as what {prediction.name!r} foresees")
        if rest and facts.words == rest
        else (0.0, "")
    )
