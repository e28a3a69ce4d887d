"""Interleaving: two rankings shown as one, and the clicks say which is preferred.

Team draft: round by round a coin says which ranking picks first, and each picks its best item
that is not shown yet. A query's winner is the team with more clicks; under "no preference" it is
a fair coin, which the sign evidence of `paired.log_evidence` judges at every look. O(length).

References
----------
Radlinski, F., Kurup, M., and Joachims, T. (2008), How does clickthrough data reflect retrieval
quality? CIKM.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

__all__ = ["Draft", "team_draft", "winner"]

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Draft(Generic[Item]):
    """The items to show, and the team of each: 0 for the first ranking, 1 for the second."""

    items: tuple[Item, ...]
    teams: tuple[int, ...]


def team_draft(
    first: Sequence[Item], second: Sequence[Item], *, length: int, random: np.random.Generator
) -> Draft[Item]:
    """Interleave two rankings, best first, into at most ``length`` items; empty for empty ones."""
    rankings = (first, second)
    items: list[Item] = []
    teams: list[int] = []
    sizes = [0, 0]
    while len(items) < length:
        coin = int(random.integers(2))
        team = coin if sizes[0] == sizes[1] else int(sizes[1] < sizes[0])
        shown = set(items)
        pick = next((item for item in rankings[team] if item not in shown), None)
        if pick is None:  # this one has nothing left: the other goes on alone
            team = 1 - team
            pick = next((item for item in rankings[team] if item not in shown), None)
            if pick is None:
                break
        items.append(pick)
        teams.append(team)
        sizes[team] += 1
    return Draft(tuple(items), tuple(teams))


def winner(draft: Draft[Item], clicked: Sequence[Item]) -> int:
    """−1 where the first ranking won the query, 1 where the second did, 0 for a draw.

    >>> winner(Draft(("a", "b", "c"), (0, 1, 0)), ["c"])
    -1
    """
    chosen = frozenset(clicked)
    votes = [team for item, team in zip(draft.items, draft.teams, strict=True) if item in chosen]
    return int(np.sign(sum(votes) * 2 - len(votes)))
