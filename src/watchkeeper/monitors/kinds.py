"""The kinds of monitor, all on one screen: what each runs, which options it takes, what it is for.

A monitor is one or more pure functions that run apart, so that one that raises takes none of the
others with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.custom import custom
from watchkeeper.monitors.deviation import deviation
from watchkeeper.monitors.drift import drift
from watchkeeper.monitors.evidence import History, Monitor
from watchkeeper.monitors.performance import performance
from watchkeeper.monitors.quality import checks_of
from watchkeeper.monitors.quality.clocks import CLOCK_TOLERANCE
from watchkeeper.monitors.resources import parts_of
from watchkeeper.monitors.service import service
from watchkeeper.monitors.static import static

__all__ = ["KINDS", "Kind", "check_monitors", "functions_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of monitor: ``functions`` of a specification, the options that it may have, and
    whether what it finds is decided within the alarm budget.
    """

    about: str
    functions: Callable[[MonitorSpec], tuple[Monitor, ...]]
    options: tuple[str, ...] = ()
    budgeted: bool = False


def _only(monitor: Monitor) -> Callable[[MonitorSpec], tuple[Monitor, ...]]:
    return lambda _: (monitor,)


_LIMITS = ("above", "below")
_CHANGES = ("sd", "relative")

KINDS: Mapping[str, Kind] = {
    "quality": Kind("Faults of the data.", checks_of, ("checks", CLOCK_TOLERANCE), budgeted=True),
    "drift": Kind(
        "Whether features, scores and predictions are distributed as before.",
        _only(drift),
        budgeted=True,
    ),
    "performance": Kind(
        "How right the model is, by the labels that came.",
        _only(performance),
        ("metrics", "min_labels", "materiality"),
        budgeted=True,
    ),
    "service": Kind("How fast and how often it answers.", _only(service), budgeted=True),
    "resources": Kind(
        "What a host runs out of, or uses otherwise than before.",
        parts_of,
        ("limits",),
        budgeted=True,
    ),
    "static": Kind("A figure against limits of your own.", _only(static), ("figure", *_LIMITS)),
    "deviation": Kind(
        "A figure against what it was in the baseline.", _only(deviation), ("figure", *_CHANGES)
    ),
    "custom": Kind(
        "Your own metric, one SQL aggregate, against limits or the baseline.",
        _only(custom),
        ("sql", *_LIMITS, *_CHANGES),
    ),
}


def functions_of(spec: MonitorSpec) -> tuple[Monitor, ...]:
    """What a specification runs; InvalidDefinition for an unknown kind, and for an option that the
    kind has not, which would else be passed over in silence.
    """
    kind = KINDS.get(spec.kind)
    if kind is None:
        raise InvalidDefinition(
            f"the type of monitor {spec.name!r} must be one of {', '.join(KINDS)}, got {spec.kind!r}"
            + _meant(spec.kind, KINDS)
        )
    for option in spec.options:
        if option not in kind.options:
            known = ", ".join(kind.options) or "none"
            raise InvalidDefinition(
                f"options of {spec.kind} monitor {spec.name!r} must be of {known}, got {option!r}"
                + _meant(option, kind.options)
            )
    return kind.functions(spec)


def check_monitors(model: Model) -> None:
    """Let every monitor of a model judge nothing: InvalidDefinition where one is defined wrongly,
    before it stands in each window as an error.
    """
    for spec in model.monitors:
        for monitor in functions_of(spec):
            deque(monitor(spec, model, (), History((), timed=True)), maxlen=0)


def _meant(given: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    near = get_close_matches(given, list(known), 1)
    return f": did you mean {near[0]!r}?" if near else ""
