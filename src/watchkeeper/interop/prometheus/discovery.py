"""What Prometheus' HTTP service discovery is answered: who can be scraped, and with which labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchkeeper.domain.model import Model

__all__ = ["Place", "Target", "targets_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """A door that answers at ``address`` (host and port)."""

    address: str
    host: str
    version: str


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of the answer."""

    targets: tuple[str, ...]
    labels: dict[str, str]


def targets_of(places: Sequence[Place], models: Iterable[Model] | None = None) -> list[Target]:
    """Every place; with ``models`` each model at the first of them, scraped by itself.

    One model's scrape is never near the cap on series, so with ``models`` nothing is left out of a
    large fleet. ``instance`` names place and model, because else the targets would be one.
    """
    if models is None:
        return [Target((place.address,), _of_place(place)) for place in places]
    return [
        Target(
            (place.address,),
            {
                "__param_model": model.name,
                "instance": f"{place.address}/{model.name}",
                **_of_place(place),
                "__meta_watchkeeper_model": model.name,
                "__meta_watchkeeper_owner": model.owner,
                "__meta_watchkeeper_tier": model.tier.value,
                "__meta_watchkeeper_task": model.task.value,
            },
        )
        for place in places[:1]
        for model in models
    ]


def _of_place(place: Place) -> dict[str, str]:
    return {
        "__meta_watchkeeper_host": place.host,
        "__meta_watchkeeper_version": place.version,
    }
