"""Roles that a column's name and values give away together: latency, weight, arm, version, ..."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from watchkeeper.definitions.draft import Draft, Take
from watchkeeper.definitions.facts import Facts, Storage
from watchkeeper.definitions.words import vocabulary
from watchkeeper.domain.model import ColumnType, Role

__all__ = ["role_by_name"]

_SPLITS = vocabulary("train training test testing val valid validation dev holdout")
_QUALIFIED = vocabulary(
    "annual yearly monthly weekly daily company avg mean last previous prev prior lag total expected budget"
)
_TIMED = vocabulary("latency duration elapsed response inference predict took runtime")
_OF_A_ROW = vocabulary("sample sampling case instance row observation survey class")
_ARMS = vocabulary("arm variant treatment experiment")
_ABOUT_ARMS = _ARMS | vocabulary("group ab bucket test")


def role_by_name(draft: Draft, facts: Facts) -> Take | None:
    """The first role of the table below whose rule holds; None where none does."""
    words = set(facts.words)
    for rule in _RULES:
        if rule.holds(draft, facts, words):
            return Take(rule.role, rule.sure, rule.why)
    return None


def _is_numeric(draft: Draft, facts: Facts) -> bool:
    return draft.types[facts.name].value is ColumnType.NUMERIC


def _is_latency(draft: Draft, facts: Facts, words: set[str]) -> bool:
    values = facts.number_of_value
    milliseconds = bool(words & {"ms", "millis", "milliseconds"})
    named = words == {"latency"} or (milliseconds and bool(words & _TIMED))
    positive = values is not None and bool(values.size) and values.min() >= 0
    return named and positive and _is_numeric(draft, facts)


def _is_weight(draft: Draft, facts: Facts, words: set[str]) -> bool:
    """A weight of rows: one of kilograms is not named after a row, and is not 1 on average."""
    values = facts.number_of_value
    named = bool(words & {"weight", "weights"}) and _is_numeric(draft, facts)
    if not named or values is None or not values.size or values.min() < 0:
        return False
    return bool(words & _OF_A_ROW) or (len(words) == 1 and 0.5 < float(np.median(values)) < 2)


def _is_value(draft: Draft, facts: Facts, words: set[str]) -> bool:
    if not _is_numeric(draft, facts):
        return False
    answered = draft.with_role(Role.PREDICTION) or draft.with_role(Role.SCORE)
    gained = bool(words & {"revenue", "profit", "margin", "gmv", "ltv"}) and not words & _QUALIFIED
    return {"business", "value"} <= words or (bool(answered) and gained)


def _is_version(draft: Draft, facts: Facts, words: set[str]) -> bool:  # noqa: ARG001 - one shape
    if words == {"model", "version"}:
        return True
    texts = [str(value) for value in facts.values[:50]]
    numbered = all(re.fullmatch(r"[vV]?\d+(\.\d+)*([-+].*)?", text) for text in texts)
    return words == {"version"} and numbered and facts.distinct <= 100


def _is_arm(draft: Draft, facts: Facts, words: set[str]) -> bool:
    if not 1 <= facts.distinct <= 20 or facts.storage is Storage.FLOAT:
        return False
    if words == {"policy"}:  # of a bandit, whose propensity stands beside
        return any("propensity" in other.words for other in draft.facts)
    if words == {"version"}:  # of what is shown, since it has no number
        return facts.storage is Storage.TEXT
    return bool(words & _ARMS) and words <= _ABOUT_ARMS


def _is_error(draft: Draft, facts: Facts, words: set[str]) -> bool:  # noqa: ARG001 - one shape
    mostly_empty = facts.present < 0.5 * facts.rows
    return facts.storage is Storage.TEXT and bool(words & {"error", "exception"}) and mostly_empty


def _is_split(draft: Draft, facts: Facts, words: set[str]) -> bool:  # noqa: ARG001 - one shape
    if words & {"split", "fold", "partition"}:
        return True
    texts = (
        [str(value).lower() for value in facts.values[:20]] if facts.storage is Storage.TEXT else []
    )
    return bool(texts) and all(set(re.split(r"[\W_]+", text)) & _SPLITS for text in texts)


def _is_segment(draft: Draft, facts: Facts, words: set[str]) -> bool:
    named = bool(words & {"segment", "cohort", "tenant"})
    return named and facts.distinct <= 50 and not _is_numeric(draft, facts)


def _is_propensity(draft: Draft, facts: Facts, words: set[str]) -> bool:
    return bool(words & {"propensity", "propensities"}) and _is_numeric(draft, facts)


def _is_residual(draft: Draft, facts: Facts, words: set[str]) -> bool:
    return bool(words & {"residual", "residuals"}) and _is_numeric(draft, facts)


@dataclass(frozen=True, slots=True)
class _Rule:
    role: Role
    sure: float
    why: str
    holds: Callable[[Draft, Facts, set[str]], bool]


_RULES = (
    _Rule(Role.LATENCY, 0.9, "named as a latency in milliseconds, never negative", _is_latency),
    _Rule(Role.WEIGHT, 0.85, "named as a weight of rows, never negative", _is_weight),
    _Rule(Role.VALUE, 0.6, "named as what the business gains", _is_value),
    _Rule(Role.VERSION, 0.9, "named as the version of the model", _is_version),
    _Rule(Role.ARM, 0.7, "named as the arm of a test", _is_arm),
    _Rule(Role.ERROR, 0.8, "named as an error, and mostly empty", _is_error),
    _Rule(Role.CONTEXT, 0.8, "says to which part of the data a row belongs", _is_split),
    _Rule(Role.SEGMENT, 0.7, "named as a segment", _is_segment),
    _Rule(Role.CONTEXT, 0.6, "a propensity, which does not foretell the label", _is_propensity),
    _Rule(Role.CONTEXT, 0.7, "a difference from the truth", _is_residual),
)
