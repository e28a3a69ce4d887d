"""Finding the roles that are no outputs: time, ids, arms, weights, clocks, copies."""

from __future__ import annotations

import re

import numpy as np

from watchkeeper.definitions.draft import Draft, Take
from watchkeeper.definitions.facts import Facts, Floats, Storage
from watchkeeper.definitions.named_roles import role_by_name
from watchkeeper.definitions.relations import determines, same_values
from watchkeeper.definitions.words import (
    ENTITY_NOUNS,
    ID_HEADS,
    MEASURES,
    RECORD_NOUNS,
    OutputKind,
    output_strength,
    vocabulary,
)
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["guess_ids", "guess_rest", "guess_time"]

_TIMES = {
    ("timestamp",): 1.0, ("event", "time"): 1.0, ("event", "timestamp"): 1.0, ("ts",): 0.95, ("time",): 0.95,
    ("date", "time"): 0.95, ("date",): 0.9, ("prediction", "time"): 1.0, ("prediction", "timestamp"): 1.0,
    ("request", "time"): 0.95, ("event", "ts"): 1.0, ("scored", "at"): 0.95, ("predicted", "at"): 0.95,
    ("created", "at"): 0.7, ("created",): 0.65,
}  # fmt: skip
_EVENT = vocabulary(
    "event request prediction predicted inference scored scoring serving served transaction tx "
    "screening booking"
)
_LATER = vocabulary(
    "birth dob birthday expiry expires expiration due label labeled labelled feedback updated "
    "modified ingested ingest loaded received processed known deleted end ended closed out "
    "resolved signup registered joined hire hired"
)
_UUID = re.compile(
    r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\Z",
    re.IGNORECASE,
)
_FEW = 200
_COUNTING = vocabulary("time day step seconds epoch index row period timestep")
_TELLING = 30


def guess_time(draft: Draft) -> None:
    """Take the column of event time: always there, best rising with the rows, best by its name."""
    found = []
    for facts in draft.free(ColumnType.TIMESTAMP):
        moments = _seconds(facts)
        if moments is not None and facts.present >= 0.95 * facts.rows and facts.present:
            found.append((_time_weight(facts, rising(moments)), facts))
    best = max(found, key=lambda item: (item[0], -item[1].position), default=None)
    if best is not None and best[0] >= 0.4:
        weight, facts = best
        order = rising(_seconds(facts))
        why = (
            "the moments rise with the rows"
            if order > 0.999
            else "the only column of moments that fits"
            if len(found) == 1
            else "the best of the columns of moments, by name and order"
        )
        draft.take(facts, Role.TIME, min(0.98, weight), why)
        return
    _take_year(draft)


def _take_year(draft: Draft) -> None:
    """A year that never falls is a clock, though a coarse one; as a feature it would drift for ever."""
    for facts in draft.free(ColumnType.NUMERIC):
        values = facts.number_of_value
        if values is None or "year" not in facts.words or len(facts.words) > 2 or not facts.whole:
            continue
        plausible = bool(values.size) and values.min() >= 1970 and values.max() <= 2100
        if plausible and facts.present == facts.rows and rising(facts.numbers) == 1.0:
            draft.retype([facts.name], ColumnType.TIMESTAMP, 0.7, "years")
            draft.take(
                facts,
                Role.TIME,
                0.7,
                "years that never fall from row to row, and no finer clock is there",
            )
            return


def _time_weight(facts: Facts, order: float) -> float:
    words = tuple(word for word in facts.words if not word.isdigit())
    weight = _TIMES.get(words, 0.5)
    if facts.storage is Storage.INTEGER or facts.storage is Storage.FLOAT:
        weight -= 0.05
    weight += 0.15 if set(words) & _EVENT else 0.0
    weight -= 0.35 if set(words) & _LATER else 0.0
    return weight + (0.3 if order > 0.999 and facts.distinct > 1 else 0.0)


def rising(numbers: np.ndarray | None) -> float:
    """The share of steps from row to row that do not fall; missing values are passed over."""
    if numbers is None:
        return 0.0
    known = numbers[np.isfinite(numbers)]
    return float(np.mean(np.diff(known) >= 0)) if known.size > 1 else 1.0


def _seconds(facts: Facts) -> np.ndarray | None:
    return facts.moments if facts.moments is not None else facts.numbers


def guess_ids(draft: Draft) -> None:
    """Take the id of the prediction, and the entities that predictions are about."""
    candidates = [
        facts
        for facts in draft.free(ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.TEXT)
        if _may_be_id(facts)
    ]
    unique = sorted((facts for facts in candidates if facts.unique), key=_record_rank)
    if unique and _record_rank(unique[0])[0] < 3:
        _take_id(
            draft, unique[0], Role.PREDICTION_ID, 0.9, "no value comes twice, and named as an id"
        )
    for facts in draft.free(ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.TEXT):
        if facts in candidates and facts.name not in draft.roles:
            _entity_or_category(draft, facts)


def _may_be_id(facts: Facts) -> bool:
    """Whole numbers or single words, named as an id or made like one."""
    if facts.storage is Storage.FLOAT and not facts.whole:
        return False
    words = [word for word in facts.words if not word.isdigit()]
    if set(words) & MEASURES:
        return False
    named = bool(words) and (
        words[-1] in ID_HEADS or words[0] in ID_HEADS or set(words) <= ENTITY_NOUNS
    )
    if named and facts.storage is not Storage.FLOAT:
        return True
    if facts.storage is Storage.TEXT:
        some = [str(value) for value in facts.values[:200]]
        return facts.distinct > _FEW and all(_UUID.match(text) for text in some)
    counted = facts.storage is Storage.INTEGER and facts.unique and rising(facts.numbers) == 1.0
    return counted and (not words or set(words) <= RECORD_NOUNS | {"level", "key"})


def _record_rank(facts: Facts) -> tuple[int, int]:
    """0: names the prediction itself; 1: a record of some kind, or a bare id; 3: an entity."""
    words = set(facts.words)
    if words & {"prediction", "pred", "inference", "request"}:
        return 0, facts.position
    if words & ENTITY_NOUNS:
        return 3, facts.position
    return (1 if words & RECORD_NOUNS or words <= ID_HEADS else 2), facts.position


def _entity_or_category(draft: Draft, facts: Facts) -> None:
    many = facts.distinct > _FEW or facts.distinct > 0.5 * facts.present
    of_entity = bool(set(facts.words) & ENTITY_NOUNS)
    if many or (of_entity and facts.distinct > 20):
        _take_id(
            draft,
            facts,
            Role.ENTITY,
            0.85 if of_entity else 0.7,
            f"an id of {facts.distinct:,} different values in {facts.present:,} rows",
        )
    else:
        draft.retype(
            [facts.name],
            ColumnType.CATEGORICAL,
            0.75,
            f"an id of {facts.distinct:,} values only: a category",
        )


def _take_id(draft: Draft, facts: Facts, role: Role, confidence: float, why: str) -> None:
    draft.take(facts, role, confidence, why)
    draft.retype([facts.name], ColumnType.CATEGORICAL, 0.95, "an id is a name, not a quantity")


def guess_rest(draft: Draft) -> None:
    """Take the roles of what is left; a column that none of this fits is a feature."""
    _copies(draft)
    for facts in draft.free():
        found = role_by_name(draft, facts) or _by_type(draft, facts) or _by_clock(draft, facts)
        if found is not None:
            draft.take(facts, found.value, found.confidence, found.why)  # type: ignore[arg-type]
    _other_outputs(draft)
    _follows_label(draft)
    _series(draft)
    for facts in draft.free():
        draft.take(facts, Role.FEATURE, 0.9 if facts.distinct > 1 else 0.5, "nothing else fits")


def _by_type(draft: Draft, facts: Facts) -> Take | None:
    kind = draft.types[facts.name].value
    if kind is ColumnType.TIMESTAMP:
        return Take(Role.CONTEXT, 0.8, "another moment beside the event time")
    if kind is ColumnType.UNSUPPORTED:
        return Take(Role.CONTEXT, 0.8, "of a type that is only counted")
    if (
        kind is ColumnType.CATEGORICAL
        and facts.present > 50
        and facts.distinct > max(_FEW, 0.9 * facts.present)
    ):
        return Take(Role.CONTEXT, 0.6, "hardly any value comes twice: an identifier or free text")
    return None


def _by_clock(draft: Draft, facts: Facts) -> Take | None:
    """A number that only rises with time is a clock: as a feature it would drift for ever."""
    if draft.types[facts.name].value is not ColumnType.NUMERIC or facts.numbers is None:
        return None
    time = draft.with_role(Role.TIME)
    moments = _seconds(time[0]) if time else None
    if facts.distinct < 5 or facts.present < facts.rows:
        return None
    if moments is not None:
        in_time = facts.numbers[np.argsort(moments, kind="stable")]
        beside = repr(time[0].name)
    elif set(facts.words) & _COUNTING:  # without a time, the rows are taken to stand in order
        in_time, beside = facts.numbers, "the rows"
    else:
        return None
    why = f"only rises with {beside}: a clock, which would drift for ever"
    return Take(Role.CONTEXT, 0.8, why) if _climbs(in_time) else None


def _climbs(numbers: Floats) -> bool:
    """Almost every change is a rise, and they lead from one end to the other (no saw tooth)."""
    steps = np.diff(numbers)
    turns = steps[steps != 0]
    if turns.size < 4 or float(np.mean(turns > 0)) <= 0.98:
        return False
    return bool(np.corrcoef(numbers, np.arange(numbers.size))[0, 1] > 0.9)


def _copies(draft: Draft) -> None:
    """A column that repeats another one row by row would raise every alarm twice."""
    seen: dict[tuple[object, ...], list[Facts]] = {}
    for facts in draft.facts:
        if facts.distinct > 1:
            key = (facts.distinct, facts.present, facts.values[:8], facts.codes[:256].tobytes())
            seen.setdefault(key, []).append(facts)
    for group in seen.values():
        for place, facts in enumerate(group):
            if np.max(np.bincount(facts.codes + 1)) > facts.rows - _TELLING:
                continue  # two columns of a few odd rows may be alike by chance
            original = next((other for other in group[:place] if same_values(other, facts)), None)
            if original is not None and facts.name not in draft.roles:
                draft.take(facts, Role.CONTEXT, 0.8, f"repeats {original.name!r} in every row")


def _other_outputs(draft: Draft) -> None:
    """What is named as an output beside the outputs that were taken: kept, and not watched."""
    if draft.task is Task.NONE:
        return
    for facts in draft.free():
        strength = output_strength(facts.words)
        if strength and strength[0] is not OutputKind.LABEL and strength[1] >= 0.7:
            draft.take(facts, Role.CONTEXT, 0.6, "named as an output, beside those that were taken")


def _follows_label(draft: Draft) -> None:
    """Where no output is known, a class that the label fixes (or the other way) came with it."""
    label = draft.with_role(Role.LABEL)
    if not label or draft.with_role(Role.PREDICTION) or draft.with_role(Role.SCORE):
        return
    for facts in draft.free(ColumnType.CATEGORICAL, ColumnType.NUMERIC, ColumnType.BOOLEAN):
        if (
            1 < facts.distinct <= 20
            and 5 * label[0].distinct < facts.rows
            and (determines(label[0], facts) or determines(facts, label[0]))
        ):
            draft.take(
                facts,
                Role.CONTEXT,
                0.6,
                f"goes with {label[0].name!r} without exception: known with it, or derived",
            )
            if facts.whole and facts.distinct > 2:
                draft.retype(
                    [facts.name],
                    ColumnType.CATEGORICAL,
                    0.6,
                    "few whole numbers that go with the label: codes",
                )


def _series(draft: Draft) -> None:
    """Rows that come in blocks, each with its own clock, are series: their key is a segment."""
    time = draft.with_role(Role.TIME)
    moments = _seconds(time[0]) if time else None
    if moments is None or rising(moments) == 1.0:
        return
    for facts in draft.free(ColumnType.CATEGORICAL):
        turns = np.flatnonzero(np.diff(facts.codes) != 0)
        if not 2 <= facts.distinct <= facts.rows // 10 or turns.size + 1 > 1.5 * facts.distinct:
            continue
        steps = np.delete(np.diff(moments), turns)
        if np.mean(steps >= 0) > 0.999:
            draft.take(
                facts,
                Role.SEGMENT,
                0.8,
                "rows come in blocks of it, each with its own clock: it names the series",
            )
