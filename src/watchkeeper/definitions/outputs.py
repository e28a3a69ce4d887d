"""Finding what the model answered, and the truth: score, prediction, label, and so the task.

Values speak first: probabilities of classes that sum to one in every row, a prediction that
switches exactly at a threshold of a score, a score whose bins hold the share of positives that
they promise. Names break ties, and stand alone only where values cannot tell.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from watchkeeper.definitions.draft import Draft
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.relations import (
    agreement,
    calibration_error,
    determines,
    explained,
    separation,
)
from watchkeeper.definitions.words import PREDICTED, SCORED, OutputKind, output_strength
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["guess_outputs"]

_MOST_CLASSES = 1_000
_POSITIVE = (
    "1",
    "true",
    "yes",
    "y",
    "t",
    "positive",
    "pos",
    "fraud",
    "spam",
    "churn",
    "churned",
    "default",
    "bad",
    "up",
    "late",
)
_EXACT = 0.995
_ACCEPT = 0.65


def guess_outputs(draft: Draft) -> None:
    """Take the roles score, prediction and label where there is enough evidence, and the task."""
    family = _family(draft)
    if family is not None:
        _with_family(draft, family)
        return
    prediction = _best(draft, OutputKind.PREDICTION)
    if prediction is not None and _is_quantity(draft, prediction[0]):
        _regression(draft, *prediction)
        return
    score = _probability(draft)
    if score is None and prediction is None:
        score = _switch(draft)
    if score is not None or prediction is not None:
        _classification(draft, score, prediction)
        return
    _without_outputs(draft)


# --- classes with a probability each


@dataclass(frozen=True, slots=True)
class _Family:
    """Columns that hold the probability of one class each; ``classes`` go with them."""

    columns: tuple[Facts, ...]
    classes: tuple[str, ...]


def _family(draft: Draft) -> _Family | None:
    """The largest set of probabilities under one stem that sum to one in every row."""
    groups: dict[tuple[str, tuple[str, ...]], list[Facts]] = defaultdict(list)
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN):
        if facts.bounded and facts.storage is Storage.FLOAT:
            for cut in range(1, len(facts.words)):
                groups["before", facts.words[:cut]].append(facts)
                groups["after", facts.words[-cut:]].append(facts)
    found = [
        (len(columns), len(stem), side, columns)
        for (side, stem), columns in groups.items()
        if 2 <= len(columns) <= _MOST_CLASSES and _sum_to_one(columns)
    ]
    for _, _, side, columns in sorted(found, key=lambda item: (-item[0], -item[1])):
        rests = _rests([facts.name for facts in columns], from_end=side == "after")
        classes = _classes_named(draft, rests)
        speaking = set(columns[0].words) & (SCORED | PREDICTED | {"p"})
        if classes or speaking:
            return _Family(tuple(columns), tuple(classes or rests))
    return None


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


def _with_family(draft: Draft, family: _Family) -> None:
    draft.task = Task.MULTICLASS if len(family.columns) > 2 else Task.BINARY
    scores = np.stack([facts.numbers for facts in family.columns if facts.numbers is not None])
    top = np.argmax(np.nan_to_num(scores, nan=-1.0), axis=0)
    why = f"one of {len(family.columns)} columns of probabilities that sum to one in every row"
    agreeing = sorted(
        (
            (_matches(facts, top, family.classes), facts)
            for facts in _classlike(draft, len(family.classes))
        ),
        key=lambda item: -item[0],
    )
    prediction, label = _prediction_and_label(
        [item for item in agreeing if item[0] > 1.2 / len(family.classes)]
    )
    if draft.task is Task.BINARY:
        positive = _positive_of(family.classes)
        draft.positive_class, draft.classes = positive, _sorted(family.classes)
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
        draft.classes = _sorted(family.classes)
    if prediction is not None:
        _take_class(
            draft,
            prediction[1],
            Role.PREDICTION,
            0.97,
            f"equals the most probable class in {prediction[0]:.0%} of rows",
        )
    if label is not None:
        _take_class(
            draft,
            label[1],
            Role.LABEL,
            0.9,
            f"holds the same classes and equals the most probable one in {label[0]:.0%} of rows",
        )
    draft.say("task", str(draft.task), 0.97, why.replace("one of ", "", 1))


def _matches(facts: Facts, top: np.ndarray, classes: tuple[str, ...]) -> float:  # type: ignore[type-arg]
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
    exact = [item for item in found if item[0] > 0.97 and _said(item[1]) is not OutputKind.LABEL]
    named = [item for item in found if _said(item[1]) is OutputKind.PREDICTION]
    prediction = next(iter(named or exact), None)
    others = [
        item
        for item in found
        if item is not prediction and _said(item[1]) is not OutputKind.PREDICTION
    ]
    labels = [item for item in others if _said(item[1]) is OutputKind.LABEL]
    return prediction, next(iter(labels or others), None)


def _said(facts: Facts) -> OutputKind | None:
    strength = output_strength(facts.words)
    return strength[0] if strength and strength[1] >= 0.45 else None


# --- a number is answered


def _is_quantity(draft: Draft, facts: Facts) -> bool:
    """Whether a prediction is a number rather than a class."""
    if draft.types[facts.name].value is not ColumnType.NUMERIC:
        return False
    return not facts.whole or facts.distinct > 12


def _regression(draft: Draft, prediction: Facts, strength: float) -> None:
    numbers = prediction.numbers
    draft.task = Task.REGRESSION
    draft.take(
        prediction,
        Role.PREDICTION,
        strength,
        f"named as one, with {prediction.distinct:,} different numbers",
    )
    draft.say("task", "regression", strength, f"{prediction.name!r} holds numbers")
    best: tuple[float, Facts, float] | None = None
    for facts in draft.free(ColumnType.NUMERIC):
        named = _named_as_truth_of(facts, prediction)
        if named and facts.numbers is not None and numbers is not None:
            fit = explained(numbers, facts.numbers)
            total = named + max(0.0, min(fit, 1.0)) * 0.5
            if best is None or total > best[0]:
                best = (total, facts, fit)
    if best is not None and best[0] >= _ACCEPT:
        _, facts, fit = best
        draft.take(
            facts,
            Role.LABEL,
            min(0.97, best[0]),
            f"named as the truth; {prediction.name!r} explains {max(fit, 0):.0%} of its variance",
        )


def _named_as_truth_of(facts: Facts, prediction: Facts) -> float:
    """How much a name speaks for being what the prediction foresees."""
    strength = output_strength(facts.words)
    named = strength[1] if strength and strength[0] is OutputKind.LABEL else 0.0
    rest = tuple(word for word in prediction.words if word not in PREDICTED and word != "y")
    if rest and facts.words == rest:
        named = max(named, 0.8)  # `arr_delay` beside `arr_delay_pred`
    return named


# --- a class is answered


def _best(draft: Draft, kind: OutputKind, *, least: float = 0.55) -> tuple[Facts, float] | None:
    """The free column whose name speaks most for the kind."""
    found = []
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN, ColumnType.CATEGORICAL):
        strength = output_strength(facts.words)
        if strength and strength[0] is kind and strength[1] >= least and facts.present:
            found.append((facts, strength[1]))
    return max(found, key=lambda item: (item[1], -item[0].position), default=None)


def _probability(draft: Draft) -> tuple[Facts, float] | None:
    """The free column that is named as a score and may be a probability."""
    found = []
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.BOOLEAN):
        strength = output_strength(facts.words)
        if (
            strength
            and strength[0] is OutputKind.SCORE
            and strength[1] >= 0.6
            and facts.bounded
            and facts.distinct > 1
        ):
            found.append((facts, strength[1]))
    return max(
        found, key=lambda item: (item[1], item[0].distinct > 2, -item[0].position), default=None
    )


def _switch(draft: Draft) -> tuple[Facts, float] | None:
    """A probability that no name gives away: some yes-or-no column switches exactly at a threshold."""
    flags = [facts for facts in _classlike(draft, 2) if facts.distinct == 2]
    for facts in draft.free(ColumnType.NUMERIC):
        if facts.bounded and facts.distinct > 20 and facts.numbers is not None:
            spread = np.nanquantile(facts.numbers, [0.02, 0.98])
            for flag in flags:
                if spread[0] < 0.3 and spread[1] > 0.7 and _switches(facts, flag) >= 0.9999:
                    return facts, 0.7
    return None


def _switches(score: Facts, flag: Facts) -> float:
    """The share of rows in which the flag is what one threshold of the score says."""
    if score.numbers is None or flag.distinct != 2:
        return 0.0
    known = flag.codes >= 0
    rising = separation(score.numbers[known], flag.codes[known] == 1)
    falling = separation(score.numbers[known], flag.codes[known] == 0)
    return max(rising.share, falling.share)


def _classlike(draft: Draft, classes: int) -> list[Facts]:
    """Free columns that may hold classes."""
    most = max(2, classes * 2)
    return [
        facts
        for facts in draft.free(ColumnType.BOOLEAN, ColumnType.CATEGORICAL, ColumnType.NUMERIC)
        if 1 < facts.distinct <= most and (facts.storage is not Storage.FLOAT or facts.whole)
    ]


def _classification(
    draft: Draft, score: tuple[Facts, float] | None, prediction: tuple[Facts, float] | None
) -> None:
    if score is not None:
        draft.take(
            score[0],
            Role.SCORE,
            score[1],
            "named as a score, all values in [0, 1]" if score[1] != 0.7 else "all values in [0, 1]",
        )
    if score is not None and (prediction is None or prediction[0].distinct == 2):
        prediction = _threshold_of(draft, score[0]) or prediction
    if prediction is not None:
        _take_class(
            draft,
            prediction[0],
            Role.PREDICTION,
            prediction[1],
            _why_prediction(prediction[0], score),
        )
    binary = prediction is None or prediction[0].distinct <= 2
    if score is not None and not binary:
        # one number beside many classes can only be the model's confidence in its answer
        draft.take(
            score[0], Role.CONTEXT, 0.7, "the confidence in the predicted class, of whichever class"
        )
    draft.task = Task.BINARY if binary else Task.MULTICLASS
    label = _label(
        draft, score[0] if score and binary else None, prediction[0] if prediction else None
    )
    if label is not None:
        _take_class(draft, label[0], Role.LABEL, label[1], label[2])
    shown = [
        facts for facts in (prediction and prediction[0], label and label[0]) if facts is not None
    ]
    names = _sorted({name for facts in shown for name in facts.classes})
    if binary and len(names) > 2:
        draft.task = Task.MULTICLASS
    draft.classes = names or ("0", "1")
    if draft.task is Task.BINARY:
        _positive(draft, score[0] if score else None, shown)
    draft.say(
        "task",
        str(draft.task),
        0.9 if shown else 0.6,
        f"the classes are {', '.join(draft.classes[:6])}",
    )


def _threshold_of(draft: Draft, score: Facts) -> tuple[Facts, float] | None:
    """The column that switches at a threshold of the score."""
    found = []
    for facts in _classlike(draft, 2):
        if facts.distinct == 2 and _said(facts) is not OutputKind.LABEL:
            share = _switches(score, facts)
            if share >= _EXACT:
                found.append((share, _said(facts) is OutputKind.PREDICTION, -facts.position, facts))
    if not found or score.distinct <= 2:
        return None
    return max(found, key=lambda item: (item[1], item[0], item[2]))[3], 0.97


def _why_prediction(prediction: Facts, score: tuple[Facts, float] | None) -> str:
    held = (
        f"holds {'/'.join(_sorted(prediction.classes)[:4])}{'…' if prediction.distinct > 4 else ''}"
    )
    if score is None or score[0].numbers is None or prediction.distinct != 2:
        return f"named as one; {held}"
    positive = _positive_of(prediction.classes)
    parted = separation(score[0].numbers, prediction.codes == prediction.classes.index(positive))
    if parted.share < _EXACT:
        return f"named as one; {held}"
    return f"{held} and agrees with {score[0].name!r} ≥ {parted.threshold:.3g} in {parted.share:.1%} of rows"


def _label(
    draft: Draft, score: Facts | None, prediction: Facts | None
) -> tuple[Facts, float, str] | None:
    """The truth of a classification: by name, calibration of the score, agreement, same coding."""
    found = []
    classes = set(prediction.classes) if prediction else set()
    for facts in _classlike(draft, max(2, len(classes))):
        strength = output_strength(facts.words)
        if strength and strength[0] is not OutputKind.LABEL and strength[1] >= 0.55:
            continue
        weight, why = (strength[1], ["named as the truth"]) if strength else (0.0, [])
        if classes and len(set(facts.classes) & classes) < min(len(classes), facts.distinct):
            continue
        for more, reason in (_by_score(facts, score), _by_prediction(facts, prediction)):
            weight += more
            why += [reason] if reason else []
        found.append((weight, facts, "; ".join(why)))
    best = max(found, key=lambda item: item[0], default=None)
    return (best[1], min(0.98, best[0]), best[2]) if best and best[0] >= _ACCEPT else None


def _by_score(facts: Facts, score: Facts | None) -> tuple[float, str]:
    if score is None or score.numbers is None or facts.distinct != 2:
        return 0.0, ""
    known = facts.codes >= 0
    positive = facts.codes == facts.classes.index(_positive_of(facts.classes))
    parted = separation(score.numbers[known], positive[known])
    error = calibration_error(score.numbers[known], positive[known])
    if parted.auc >= 0.6 and error <= 0.1:
        return (
            0.5,
            f"{score.name!r} foretells it (AUC {parted.auc:.2f}, calibration error {error:.2f})",
        )
    return (
        (0.2, f"{score.name!r} parts it (AUC {parted.auc:.2f})") if parted.auc >= 0.7 else (0.0, "")
    )


def _by_prediction(facts: Facts, prediction: Facts | None) -> tuple[float, str]:
    if prediction is None:
        return 0.0, ""
    share = agreement(prediction, facts)
    chance = float(
        sum(
            np.mean(prediction.codes == place) * np.mean(facts.codes == facts.classes.index(name))
            for place, name in enumerate(prediction.classes)
            if name in facts.classes
        )
    )
    coded = (
        0.15
        if set(facts.classes) == set(prediction.classes) and facts.storage is not Storage.BOOLEAN
        else 0.0
    )
    if share > chance + 0.2 * (1 - chance):
        return (
            coded + 0.2,
            f"equals {prediction.name!r} in {share:.0%} of rows ({chance:.0%} by chance)",
        )
    return coded * 0.5, ""


def _positive(draft: Draft, score: Facts | None, shown: list[Facts]) -> None:
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
    usual = _positive_of(draft.classes, otherwise=rarer)
    draft.positive_class = usual
    draft.say(
        "positive_class",
        usual,
        0.7 if usual in _POSITIVE else 0.4,
        "by its name" if usual in _POSITIVE else "the rarer class",
    )


def _positive_of(classes: Iterable[str], *, otherwise: str | None = None) -> str:
    classes = list(classes)
    for word in _POSITIVE:
        for name in classes:
            if name.lower() == word:
                return name
    return otherwise if otherwise is not None else sorted(classes)[-1]


def _take_class(draft: Draft, facts: Facts, role: Role, confidence: float, why: str) -> None:
    draft.take(facts, role, confidence, why)
    if facts.storage is not Storage.BOOLEAN:
        draft.retype([facts.name], ColumnType.CATEGORICAL, 0.9, "a class")


def _sorted(classes: Iterable[str]) -> tuple[str, ...]:
    """Numbers by size, then text."""
    return tuple(
        sorted(
            set(classes),
            key=lambda name: (
                (0, float(name), name) if re.fullmatch(r"-?\d+(\.\d+)?", name) else (1, 0.0, name)
            ),
        )
    )


# --- no output that names or values give away


def _without_outputs(draft: Draft) -> None:
    """A label by name or place; then a score that is no probability, if it parts that label."""
    label = _outcome(draft)
    if label is None:
        return
    facts, confidence, why = label
    scores = _scores_of(draft, facts)
    if draft.types[facts.name].value is ColumnType.NUMERIC and not facts.whole:
        draft.take(facts, Role.LABEL, confidence, why)
        return
    _take_class(draft, facts, Role.LABEL, confidence, why)
    if scores:
        auc, score = scores[0]
        draft.task, draft.classes = Task.BINARY, _sorted(facts.classes)
        draft.take(
            score,
            Role.SCORE,
            0.7,
            f"named as a model's score, and parts {facts.name!r} (AUC {auc:.2f}); it is no probability",
        )
        draft.say("task", "binary", 0.7, f"{score.name!r} scores {facts.name!r}")
        _positive(draft, score, [facts])
        _bands(draft, [found for _, found in scores])


def _outcome(draft: Draft) -> tuple[Facts, float, str] | None:
    """The column that a name, or its place at the end, gives away as the label."""
    found = []
    last = draft.facts[-1].position if draft.facts else 0
    for facts in draft.free(ColumnType.BOOLEAN, ColumnType.CATEGORICAL, ColumnType.NUMERIC):
        strength = output_strength(facts.words)
        named = strength[1] if strength and strength[0] is OutputKind.LABEL else 0.0
        few = 1 < facts.distinct <= 20 and (facts.whole or facts.number_of_value is None)
        weight = named * (1.0 if few or named > 0.9 else 0.6) + (
            0.3 if few and facts.position == last else 0.0
        )
        weight += 0.15 if facts.distinct == 2 else 0.0
        weight -= 0.01 * len(facts.words)  # TX_FRAUD before TX_FRAUD_SCENARIO
        why = "named as an outcome" if named else f"the last column, with {facts.distinct} values"
        if weight >= 0.35 and facts.distinct > 1:
            found.append((weight, facts, why))
    best = max(found, key=lambda item: item[0], default=None)
    return (best[1], min(0.9, best[0]), best[2]) if best else None


def _scores_of(draft: Draft, label: Facts) -> list[tuple[float, Facts]]:
    """Columns named as a score that part the label, best first."""
    if label.distinct != 2:
        return []
    positive = label.codes == label.classes.index(_positive_of(label.classes))
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
