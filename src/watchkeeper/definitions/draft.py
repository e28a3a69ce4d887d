"""A definition while it is being guessed: what each column is taken for, how surely, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from watchkeeper.definitions.facts import Facts
from watchkeeper.domain.model import ColumnType, Role, Task

__all__ = ["Draft", "Guess", "Take"]


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that was guessed.

    Parameters
    ----------
    column
        The column it is about; None for the whole table.
    field
        Of the column (``type``, ``role``, ``score_of``) or of the model (``task``,
        ``positive_class``, ``classes``, ``granularity``).
    value
        What was taken.
    confidence
        From 0 (a coin) to 1 (certain).
    why
        The evidence, in words.
    """

    column: str | None
    field: str
    value: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Take:
    """A value that was taken for now."""

    value: ColumnType | Role
    confidence: float
    why: str


@dataclass(slots=True)
class Draft:
    """The columns with their facts, and what has been decided so far."""

    facts: tuple[Facts, ...]
    types: dict[str, Take] = field(default_factory=dict)
    roles: dict[str, Take] = field(default_factory=dict)
    holders: dict[ColumnType | Role, list[Facts]] = field(default_factory=dict)
    score_of: dict[str, str] = field(default_factory=dict)
    task: Task = Task.NONE
    positive_class: str | None = None
    classes: tuple[str, ...] = ()
    guesses: list[Guess] = field(default_factory=list)

    def free(self, *kinds: ColumnType) -> list[Facts]:
        """The columns without a role yet, of these types (or of any)."""
        return [
            facts
            for facts in self.facts
            if facts.name not in self.roles and (not kinds or self.types[facts.name].value in kinds)
        ]

    def take(self, facts: Facts, role: Role, confidence: float, why: str) -> None:
        """Decide a column's role."""
        before = self.roles.get(facts.name)
        if before is not None:
            self.holders[before.value].remove(facts)
        self.roles[facts.name] = Take(role, confidence, why)
        self.holders.setdefault(role, []).append(facts)

    def retype(self, names: Iterable[str], kind: ColumnType, confidence: float, why: str) -> None:
        """Decide these columns' type anew, where it differs."""
        for name in names:
            if self.types[name].value is not kind:
                self.types[name] = Take(kind, confidence, why)

    def with_role(self, role: Role) -> list[Facts]:
        """The columns that have the role so far, in the order they were taken."""
        return list(self.holders.get(role, ()))

    def say(self, name: str, value: str, confidence: float, why: str) -> None:
        """Note a guess about the whole model."""
        self.guesses.append(Guess(None, name, value, confidence, why))
