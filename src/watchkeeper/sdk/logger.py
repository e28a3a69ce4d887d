"""The logger of one version of a model, for the predict path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchkeeper.sdk.encode import encode_line, utc
from watchkeeper.sdk.ids import new_id

if TYPE_CHECKING:
    from watchkeeper.sdk.client import Client

__all__ = ["Logger"]


class Logger:
    """Logs predictions and labels of one model.

    No call raises, and none waits for the network: a row is on disk when the call returns, so it
    outlives the process, and is sent in the background. What cannot be kept is counted in
    `Client.counts` and logged at most once a minute.
    """

    def __init__(self, client: Client, model: str, *, version: str | None, arm: str | None) -> None:
        self._client = client
        self._model = str(model)
        self._same = {
            key: str(value)
            for key, value in (("version", version), ("arm", arm))
            if value is not None
        }

    def prediction(  # noqa: PLR0913  all but the first two are keyword-only facts of one answer
        self,
        features: Mapping[str, object],
        *,
        prediction: object = None,
        score: object = None,
        prediction_id: str | None = None,
        time: datetime | None = None,
        latency_ms: float | None = None,
        error: str | None = None,
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
            How long the answer took, and why there was none.
        trace_id
            The trace that the request belongs to, as your tracing system names it.
        """
        try:
            when = datetime.now(UTC) if time is None else utc(time)
            identity = new_id(when) if prediction_id is None else str(prediction_id)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self._client.drop(f"a prediction has no usable time or id: {problem!r}")
            return new_id(datetime.now(UTC))
        row: dict[str, object] = {
            "id": identity,
            "time": when.isoformat(),
            **self._same,
            "features": features,
            "prediction": prediction,
        }
        told = {
            "score": score,
            "latency_ms": latency_ms,
            "error": error,
            "trace_id": trace_id,
        }
        row.update((key, value) for key, value in told.items() if value is not None)
        self._spool("predictions", row)
        return identity

    def label(self, prediction_id: str, value: object, *, time: datetime | None = None) -> None:
        """Log the truth of a prediction; logging it again corrects it.

        ``time`` is when it became true; now by default.
        """
        try:
            when = datetime.now(UTC) if time is None else utc(time)
            self._spool(
                "labels", {"id": str(prediction_id), "label": value, "time": when.isoformat()}
            )
        except Exception as problem:  # noqa: BLE001  as above
            self._client.drop(f"a label has no usable time or id: {problem!r}")

    def _spool(self, kind: str, row: Mapping[str, object]) -> None:
        try:
            line = encode_line(self._model, kind, row)
        except Exception as problem:  # noqa: BLE001  a value's own code may raise anything
            self._client.drop(f"a row of {self._model!r} has no JSON form: {problem!r}")
        else:
            self._client.spool_line(line)
