"""Guessing what the values of a column are: number, category, yes or no, moment, text, vector."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from watchkeeper.definitions.draft import Draft, Take
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.words import CODE_HEADS, ID_HEADS, MEASURES, vocabulary
from watchkeeper.domain.model import ColumnType

__all__ = ["guess_types"]

_YES_NO = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"0", "1"})
_CLOCK_WORDS = vocabulary("time timestamp ts date datetime at epoch unix when created updated")
_MOST_CODES = 1_000
_FEW_NUMBERS_AS_TEXT = 50
_FAMILY = 4
# 1990 to 2100 in seconds; the same moments in milli-, micro- and nanoseconds.
_EPOCHS = tuple((631_152_000 * unit, 4_102_444_800 * unit) for unit in (1, 10**3, 10**6, 10**9))


_BY_STORAGE = {
    Storage.BOOLEAN: Take(ColumnType.BOOLEAN, 1.0, "stored as boolean"),
    Storage.MOMENT: Take(ColumnType.TIMESTAMP, 1.0, "stored as date or time"),
    Storage.VECTOR: Take(ColumnType.EMBEDDING, 0.9, "lists of numbers, all of one length"),
    Storage.OTHER: Take(ColumnType.UNSUPPORTED, 0.9, "nested or binary, which is only counted"),
}


def guess_types(draft: Draft) -> None:
    """Take a type for every column, from its values first and from its name where these are mute."""
    for facts in draft.facts:
        draft.types[facts.name] = _type_of(facts)
    _agree_in_families(draft)


def _type_of(facts: Facts) -> Take:
    if facts.trouble:
        return Take(ColumnType.UNSUPPORTED, 0.9, f"its values cannot be read: {facts.trouble}")
    match facts.storage:
        case Storage.EMPTY:
            return _empty(facts)
        case Storage.TEXT:
            return _text(facts)
        case Storage.INTEGER | Storage.FLOAT:
            return _number(facts)
    return _BY_STORAGE[facts.storage]


def _empty(facts: Facts) -> Take:
    numeric = facts.native.startswith(("int", "uint", "float", "double", "decimal", "halffloat"))
    why = "holds no value" if facts.rows else "the table has no rows"
    return Take(
        ColumnType.NUMERIC if numeric else ColumnType.CATEGORICAL,
        0.3,
        f"{why}: taken from its storage, {facts.native}",
    )


def _number(facts: Facts) -> Take:
    values = facts.number_of_value
    if values is None or not facts.whole:
        return Take(ColumnType.NUMERIC, 1.0, f"stored as {facts.native}")
    found = set(values.tolist())
    if found == {0.0, 1.0}:
        return Take(ColumnType.BOOLEAN, 0.9, "holds only 0 and 1")
    if _is_epoch(facts):
        return Take(
            ColumnType.TIMESTAMP,
            0.8,
            "whole numbers in the range of seconds (ms, µs, ns) since 1970, and named as a time",
        )
    if is_code(facts):
        return Take(
            ColumnType.CATEGORICAL, 0.75, f"{facts.distinct} whole numbers under a name of a code"
        )
    sure = facts.storage is Storage.FLOAT or facts.distinct > 12
    why = (
        f"stored as {facts.native}"
        if sure
        else f"{facts.distinct} whole numbers: counted or ordered, by its name"
    )
    return Take(ColumnType.NUMERIC, 1.0 if sure else 0.7, why)


def is_code(facts: Facts) -> bool:
    """Whole numbers that are names: few of them, called ``sex``, ``store_type``, ``item_id``."""
    words = [word for word in facts.words if not word.isdigit()]
    if not words or facts.distinct > _MOST_CODES or facts.distinct < 2 or not facts.whole:
        return False
    return (words[-1] in CODE_HEADS or words[-1] in ID_HEADS) and not set(words) & MEASURES


def _is_epoch(facts: Facts) -> bool:
    values = facts.number_of_value
    if values is None or not values.size or not set(facts.words) & _CLOCK_WORDS:
        return False
    return any(low <= values.min() and values.max() <= high for low, high in _EPOCHS)


def _text(facts: Facts) -> Take:
    if facts.moments is not None:
        return Take(ColumnType.TIMESTAMP, 0.95, "text of dates or times in ISO 8601")
    lowered = {str(value).strip().lower() for value in facts.values}
    if lowered in _YES_NO:
        return Take(ColumnType.BOOLEAN, 0.9, f"holds only {' and '.join(sorted(lowered))}")
    if facts.number_of_value is not None:
        return _number_as_text(facts)
    if _is_prose(facts):
        return Take(ColumnType.TEXT, 0.9, "sentences: many words, hardly any value comes twice")
    sure = 0.95 if facts.distinct <= 50 else 0.8
    return Take(ColumnType.CATEGORICAL, sure, f"text of {facts.distinct:,} different values")


def _number_as_text(facts: Facts) -> Take:
    """Few numbers kept as text are codes; many are numbers that lost their type on the way."""
    if facts.distinct <= _FEW_NUMBERS_AS_TEXT or is_code(facts):
        return Take(ColumnType.CATEGORICAL, 0.85, "few numbers, stored as text: codes")
    return Take(ColumnType.NUMERIC, 0.8, "every value is a number, though stored as text")


def _is_prose(facts: Facts) -> bool:
    """Several words a value, and most values seen once."""
    some = [str(value) for value in facts.values[:500]]
    words = float(np.mean([len(re.findall(r"\S+", text)) for text in some])) if some else 0.0
    share = facts.distinct / max(1, facts.present)
    return (words >= 4 and share > 0.3 and facts.distinct > 20) or (words >= 20)


def _agree_in_families(draft: Draft) -> None:
    """Numbered siblings (``p00`` … ``p77``) are of one type: where one is a number, all are."""
    families: dict[str, list[Facts]] = defaultdict(list)
    for facts in draft.facts:
        stem = re.sub(r"\d+$", "#", facts.name)
        if stem != facts.name:
            families[stem].append(facts)
    for family in families.values():
        kinds = {draft.types[facts.name].value for facts in family}
        if len(family) >= _FAMILY and ColumnType.NUMERIC in kinds:
            if any(
                draft.types[f.name].value is ColumnType.NUMERIC and f.distinct > 1 for f in family
            ):
                flags = [
                    f.name
                    for f in family
                    if draft.types[f.name].value is ColumnType.BOOLEAN
                    and f.storage is not Storage.BOOLEAN
                ]
                draft.retype(flags, ColumnType.NUMERIC, 0.8, "numbered siblings of it are numbers")
            elif ColumnType.BOOLEAN in kinds:
                constant = [f.name for f in family if f.distinct <= 1 and f.bounded]
                draft.retype(
                    constant, ColumnType.BOOLEAN, 0.7, "numbered siblings of it hold 0 and 1"
                )
