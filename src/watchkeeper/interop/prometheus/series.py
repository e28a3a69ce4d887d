"""Series as plain values, the cap on their number, and the metrics that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from watchkeeper.interop.prometheus.families import FAMILIES, Family, Kind, Origin

__all__ = ["Filled", "Series", "fill", "label_value"]

_LONGEST_LABEL = 120
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LEFT_OUT = "watchkeeper_metrics_series_left_out"


@dataclass(slots=True)
class Series:
    """Samples by the name of their family and the values of its labels, in their order."""

    samples: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def add(self, family: str, value: float | None, *labels: str) -> None:
        """One sample. None is no figure: no sample, never a zero."""
        if value is not None:
            cut = tuple(map(label_value, labels))
            self.samples.setdefault(family, {})[cut] = float(value)

    def of(self, label: str, value: str) -> Series:
        """Those that have the label with that value."""
        wanted, found = label_value(value), Series()
        for name, samples in self.samples.items():
            labels = FAMILIES[name].labels
            if label in labels:
                at = labels.index(label)
                kept = {held: v for held, v in samples.items() if held[at] == wanted}
                found.samples[name] = kept
        return found


@dataclass(frozen=True, slots=True)
class Filled:
    """Metrics of at most so many series, and how many of which family were left out."""

    metrics: tuple[Metric, ...]
    number: int
    left_out: Mapping[str, int]


def label_value(text: str) -> str:
    r"""A text as the value of a label: one line, and not long.

    >>> label_value("a\nb" + "c" * 200)[:5]
    'a bcc'
    """
    return _CONTROL.sub(" ", text)[:_LONGEST_LABEL]


def fill(series: Series, *, most: int) -> Filled:
    """The metrics of the series, in the order of their families, until ``most`` is reached."""
    found: list[Metric] = []
    left_out: dict[str, int] = {}
    number = 0
    for name, family in FAMILIES.items():
        samples = tuple(series.samples.get(name, {}).items())
        room = len(samples) if family.origin is Origin.SCRAPE else max(0, most - number)
        if len(samples) > room:
            left_out[name] = len(samples) - room
        if samples and room:
            found.append(_metric(family, samples[:room]))
            number += min(room, len(samples))
    return Filled(tuple(found), number, left_out)


def _metric(family: Family, samples: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    counter = family.kind is Kind.COUNTER
    made = Metric(family.name.removesuffix("_total"), family.about, str(family.kind))
    for values, value in samples:
        labels = dict(zip(family.labels, values, strict=True))
        made.add_sample(made.name + "_total" if counter else made.name, labels, value)
    return made
