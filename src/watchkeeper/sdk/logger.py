"""The logger of one version of a model, for the predict path."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from datetime import datetime
from time import time_ns
from typing import TYPE_CHECKING, cast

from watchkeeper.sdk.encode import is_plain, micros, simple
from watchkeeper.sdk.ids import mint
from watchkeeper.sdk.packing import LABELS, PREDICTIONS
from watchkeeper.sdk.shapes import FORMAT, Shape
from watchkeeper.sdk.trace import trace_now

if TYPE_CHECKING:
    from watchkeeper.sdk.client import Client
    from watchkeeper.sdk.counters import Stream
    from watchkeeper.sdk.policies import Policies
    from watchkeeper.sdk.sampling import Sampling

__all__ = ["Logger"]

_MOST_SHAPES = 64
_LONGEST_ERROR = 1000
_dumps = cast("Callable[[object, int], bytes]", marshal.dumps)


class Logger:
    """Logs predictions and labels of one model.

    No call raises, and none waits for the network: a row is on disk when the call returns, so it
    outlives the process, and is sent in the background. What cannot be kept is counted in
    `Client.counts` and logged at most once a minute.
    """

    def __init__(
        self,
        client: Client,
        model: str,
        *,
        constants: Mapping[str, object],
        policies: Policies | None,
        sampling: Sampling | None,
        kind: str = PREDICTIONS,
    ) -> None:
        self._client = client
        self._append = client.spool.append
        self._constants = dict(constants)
        self._policies = policies
        self._sampling = sampling
        self._predictions = client.stream(model, kind)
        self._sends_rows = kind == PREDICTIONS
        self._labels = Shape(client.stream(model, LABELS), {}, ())
        self._shapes: dict[tuple[object, ...], Shape] = {}
        self._shape = Shape(self._predictions, {}, ())

    @property
    def client(self) -> Client:
        """Where its rows go."""
        return self._client

    def prediction(  # noqa: PLR0913  all but the first two are keyword-only facts of one answer
        self,
        features: Mapping[str, object],
        *,
        prediction: object = None,
        score: object = None,
        prediction_id: str | None = None,
        time: datetime | None = None,
        latency_ms: float | None = None,
        error: str | BaseException | None = None,
        trace_id: str | None = None,
    ) -> str:
        """Log one answer; returns its id, under which the label is logged later.

        Parameters
        ----------
        features
            What the model saw, by column name.
        prediction, score
            What it answered: the class or number, and the probability of the positive class (for
            several classes a mapping from class to probability).
        prediction_id
            An id of your own; without it a UUIDv7 is made.
        time
            When it was asked; now by default. Without a time zone it is taken to be in UTC.
        latency_ms, error
            How long the answer took, and why there was none: a text or the exception.
        trace_id
            The trace that the request belongs to: a W3C ``traceparent``, or its id as your tracing
            system spells it. Without it that of OpenTelemetry's current span, else of the request
            that a middleware of ours watches.
        """
        identity = ""
        try:
            moment = time_ns() // 1000 if time is None else micros(time)
            if prediction_id is None:
                identity = mint(moment // 1000 if moment >= 0 else 0)
            else:
                identity = str(prediction_id)
            if self._sampling is not None and not self._sampling.keeps(identity):
                self._client.count("sampled", stream=self._predictions)
                return identity
            shape = self._shape
            if tuple(features) != shape.given:
                shape = self._shape_of(features)
            change = shape.change
            values = features.values() if change is None else change(features)
            row = (
                shape.number,
                identity,
                moment,
                prediction,
                score,
                latency_ms,
                error,
                trace_now() if trace_id is None else trace_id,
                *values,
            )
            if not is_plain(map(type, row)):
                row = _simple(row)
            refusal = self._append(shape, _dumps(row, FORMAT))
            if refusal is not None:
                self._refused(refusal, shape.stream)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self._drop("prediction", problem, self._predictions)
        return identity or mint(time_ns() // 1_000_000)

    def label(self, prediction_id: str, value: object, *, time: datetime | None = None) -> None:
        """Log the truth of a prediction; logging it again corrects it.

        ``time`` is when it became true; now by default. Where predictions are sampled, labels of
        those that were left out are left out, too.
        """
        shape = self._labels
        if not self._sends_rows:
            self._client.drop("a label needs its prediction's row, and only counts are sent")
            return
        try:
            moment = time_ns() // 1000 if time is None else micros(time)
            identity = str(prediction_id)
            if self._sampling is not None and not self._sampling.keeps(identity):
                self._client.count("sampled", stream=shape.stream)
                return
            row = (shape.number, identity, moment, simple(value))
            refusal = self._append(shape, _dumps(row, FORMAT))
            if refusal is not None:
                self._refused(refusal, shape.stream)
        except Exception as problem:  # noqa: BLE001  as above
            self._drop("label", problem, shape.stream)

    def _shape_of(self, features: Mapping[str, object]) -> Shape:
        """The shape of rows with these columns, made where they are seen for the first time."""
        if not isinstance(features, Mapping):
            raise TypeError(f"features must map column names to values, got {type(features)}")
        given = tuple(features)
        shape = self._shapes.get(given)
        if shape is None:
            shape = self._new_shape(given)
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[given] = shape
        self._shape = shape
        return shape

    def _new_shape(self, given: tuple[object, ...]) -> Shape:
        names = {key: key if type(key) is str else str(key) for key in given}
        change = None
        if self._policies is not None:
            names, change = self._policies.plan(names)
        return Shape(
            self._predictions, self._constants, tuple(names.values()), given=given, change=change
        )

    def _refused(self, why: str, stream: Stream) -> None:
        self._client.drop(f"the newest rows are dropped: {why}", stream=stream)

    def _drop(self, what: str, problem: Exception, stream: Stream) -> None:
        try:
            shown = repr(problem)
        except Exception:  # noqa: BLE001  as above
            shown = type(problem).__name__
        self._client.drop(f"a {what} of {stream.model!r} cannot be logged: {shown}", stream=stream)


def _simple(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(
        f"{type(value).__name__}: {value}"[:_LONGEST_ERROR]
        if isinstance(value, BaseException)
        else simple(value)
        for value in row
    )
