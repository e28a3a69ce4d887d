"""Windows of a model read from a Prometheus: how its server says that it answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.catalog.service_windows import ServiceWindows
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Elsewhere, ServiceProfile
from watchkeeper.domain.source import Source
from watchkeeper.domain.window import Window
from watchkeeper.ingest.pull.puller import Pulled
from watchkeeper.interop.prometheus.client import Prometheus
from watchkeeper.interop.prometheus.model_servers import Expressions, expressions_of, over
from watchkeeper.monitors.served import LEAST_COVERAGE
from watchkeeper.profiles.served import latency_of_buckets, write_service

__all__ = ["ServiceDoor", "ServicePuller", "measure"]

_DELAY_SECONDS, _HISTORY_SECONDS = 90.0, 7 * 86_400.0
_LEAST_STEP_SECONDS, _STEPS = 15, 60
_AT_ONCE = 24
_LONGEST_REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ServiceDoor:
    """What a source of service figures needs: the definition in force, where figures are kept, who
    is told before they are (the model goes by the wall's clock from then on), and the time.
    """

    source: Source
    model: Callable[[], Model]
    windows: ServiceWindows
    announce: Callable[[Model], None]
    now: Callable[[], datetime]


@dataclass(slots=True)
class ServicePuller:
    """Reads every window a while after its end, once, the oldest first; a `Puller`.

    Windows before the first that was watched well are none of ours: the server was not watched yet.
    Later ones are kept with whatever coverage they have, because what is missing is not zero
    requests.
    """

    door: ServiceDoor
    client: Prometheus
    _through: datetime | None = None
    _expressions: Expressions | None = field(default=None)

    def step(self) -> Pulled:
        """Read the windows that are due, a bounded number of them."""
        model, source = self.door.model(), self.door.source
        expressions = self._expressions = self._expressions or expressions_of(source)
        last = self.door.windows.last(model.name, source.name)
        due = self._due(model, last)
        for window in due[:_AT_ONCE]:
            found = measure(self.client, expressions, window, source=source.name)
            told = found.elsewhere is not None and found.elsewhere.coverage >= LEAST_COVERAGE
            if told or last is not None:
                self.door.announce(model)
                body = write_service(found)
                self.door.windows.put(
                    model.name, window, source=source.name, body=body, known_at=self.door.now()
                )
                last = window.start
            self._through = window.start
        left = max(0, len(due) - _AT_ONCE)
        rest = 0.0 if left else min(_LONGEST_REST_SECONDS, self._wait(model))
        return Pulled(events=min(len(due), _AT_ONCE), lag=left, rest=rest)

    def close(self) -> None:
        """Nothing is held open."""

    def _due(self, model: Model, last: datetime | None) -> list[Window]:
        source, granularity = self.door.source, model.granularity
        seen = max((m for m in (last, self._through) if m is not None), default=None)
        ready = self.door.now() - self._delay
        if seen is None:
            history = timedelta(seconds=source.number("history", _HISTORY_SECONDS))
            window = granularity.window_of(ready - history)
        else:
            window = granularity.window_of(seen + granularity.length)
        found = []
        while window.end <= ready:
            found.append(window)
            window = granularity.window_of(window.end)
        return found

    @property
    def _delay(self) -> timedelta:
        """For how long after its end a window's last scrapes may be on their way."""
        return timedelta(seconds=self.door.source.number("delay", _DELAY_SECONDS))

    def _wait(self, model: Model) -> float:
        ready = self.door.now() - self._delay
        return max(0.5, (model.granularity.window_of(ready).end - ready).total_seconds())


def measure(
    client: Prometheus, expressions: Expressions, window: Window, *, source: str
) -> ServiceProfile:
    """How the server answered within a window, and of how much of it that is known."""
    seconds = int((window.end - window.start).total_seconds())

    def one(expression: str | None) -> float | None:
        if expression is None:
            return None
        found = client.query(over(expression, seconds), window.end)
        return sum(sample.value for sample in found) if found else None

    answered, failed = one(expressions.answered), one(expressions.failed)
    requests = (answered or 0.0) + ((failed or 0.0) if expressions.apart else 0.0)
    coverage = _coverage(client, expressions, window, answered=answered is not None)
    mean = one(expressions.mean)
    latency = None
    if expressions.buckets is not None:
        found = client.query(over(expressions.buckets, seconds), window.end)
        latency = latency_of_buckets(
            [
                (float(s.labels["le"]) * expressions.unit_ms, s.value)
                for s in found
                if "le" in s.labels
            ]
        )
    return ServiceProfile(
        requests=round(requests),
        errors=min(round(failed or 0.0), round(requests)),
        latency=latency,
        elsewhere=Elsewhere(
            source,
            coverage,
            mean_ms=None if mean is None or latency is not None else mean * expressions.unit_ms,
            errors_known=expressions.failed is not None,
        ),
    )


def _coverage(
    client: Prometheus, expressions: Expressions, window: Window, *, answered: bool
) -> float:
    """The share of the window's moments at which there was a value: a series that ended is stale
    five minutes later at most, and Prometheus says so itself where the target went away.
    """
    if expressions.present is None:
        return 1.0 if answered else 0.0
    seconds = int((window.end - window.start).total_seconds())
    step = max(_LEAST_STEP_SECONDS, seconds // _STEPS)
    seen = client.query(
        f"count_over_time((count({expressions.present}))[{seconds}s:{step}s])", window.end
    )
    moments = seconds // step
    return min(1.0, sum(sample.value for sample in seen) / moments) if seen else 0.0
