"""Which routes take an alert, by Alertmanager's rules: the first child that matches, unless it
goes on; a route tells what none of its children takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from watchkeeper.definitions.matchers import fits
from watchkeeper.domain.route import AlertRoute, Digest, Grouping, Hours, SinkSpec

__all__ = ["DEFAULT_GROUPING", "EVERY_LABEL", "Leaf", "Routing", "group_labels"]

DEFAULT_GROUPING = Grouping(
    by=("model", "incident"),
    wait=timedelta(seconds=30),
    interval=timedelta(minutes=5),
    repeat=timedelta(hours=4),
)
EVERY_LABEL = ("...",)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A route with all that it inherits; ``path`` names it from the top."""

    path: str
    sinks: tuple[SinkSpec, ...]
    by: tuple[str, ...]
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    hours: Hours
    escalation: str | None
    digest: Digest | None
    send_resolved: bool


@dataclass(frozen=True, slots=True)
class Routing:
    """The trees of all documents, with what each route inherits."""

    trees: tuple[_Node, ...]

    @classmethod
    def of(cls, routes: Sequence[AlertRoute]) -> Routing:
        """Of these documents."""
        return cls(tuple(_node(route, _ABOVE, DEFAULT_GROUPING, route.name) for route in routes))

    def leaves(self, labels: Mapping[str, str]) -> list[Leaf]:
        """The routes that tell of an alert: of each tree that takes it one, or more where they go
        on.
        """
        return [
            leaf
            for tree in self.trees
            if _takes(tree.route, labels)
            for leaf in _below(tree, labels)
        ]

    def find(self, path: str) -> Leaf | None:
        """The route of that path; None where there is none (any more)."""
        nodes, found = self.trees, None
        for name in path.split("/"):
            found = next((node for node in nodes if node.route.name == name), None)
            if found is None:
                return None
            nodes = found.children
        return None if found is None else found.leaf


def group_labels(leaf: Leaf, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that an alert is grouped by; what it has not is left out. A digest is one group."""
    if leaf.digest is not None:
        return {}
    names = sorted(labels) if leaf.by == EVERY_LABEL else leaf.by
    return {name: labels[name] for name in names if name in labels}


@dataclass(frozen=True, slots=True)
class _Node:
    """A route of a tree, and what holds there."""

    route: AlertRoute
    leaf: Leaf
    children: tuple[_Node, ...]


_ABOVE = Leaf(
    path="",
    sinks=(),
    by=(),
    wait=timedelta(),
    interval=timedelta(),
    repeat=timedelta(),
    hours=Hours(),
    escalation=None,
    digest=None,
    send_resolved=True,
)


def _node(route: AlertRoute, above: Leaf, grouping: Grouping, path: str) -> _Node:
    grouping = route.grouping.under(grouping)
    leaf = replace(
        above,
        path=path,
        sinks=route.sinks or above.sinks,
        by=grouping.by or (),
        wait=grouping.wait or timedelta(),
        interval=grouping.interval or timedelta(),
        repeat=grouping.repeat or timedelta(),
        hours=above.hours if route.hours is None else route.hours,
        escalation=above.escalation if route.escalation is None else route.escalation,
        digest=above.digest if route.digest is None else route.digest,
        send_resolved=above.send_resolved if route.send_resolved is None else route.send_resolved,
    )
    children = tuple(_node(child, leaf, grouping, f"{path}/{child.name}") for child in route.routes)
    return _Node(route, leaf, children)


def _below(node: _Node, labels: Mapping[str, str]) -> list[Leaf]:
    found: list[Leaf] = []
    for child in node.children:
        if _takes(child.route, labels):
            found += _below(child, labels)
            if not child.route.go_on:
                break
    return found or [node.leaf]


def _takes(route: AlertRoute, labels: Mapping[str, str]) -> bool:
    return route.match.takes(labels) and fits(route.matchers, labels)
