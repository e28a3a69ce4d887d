"""`LogHandler`: a service that already writes its predictions to a log is watched through it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.answers import answers_of
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.door import Asked, Door, error_text
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.tables import table_of
from watchkeeper.sdk.trace import trace_now

__all__ = ["LogHandler"]

_ATTRIBUTE = "watchkeeper"


class LogHandler(logging.Handler):
    """Log each record that says so as a prediction or a label; all others are passed over.

    Parameters
    ----------
    model, version
        What answers.
    client
        Where rows go; a logger where they are sampled, or columns have policies. None: a client
        that is made from the settings at the first record.
    read
        From a record to what it says, or None where it says nothing. Without it: the record's
        ``extra={"watchkeeper": {…}}``; else the message, where that is a mapping or one in JSON.
    features
        The names of the features where they stand among the rest, not below ``features``.

    Notes
    -----
    What a record says is a mapping. With ``features`` it is a prediction: ``prediction``,
    ``score``, ``prediction_id`` (or ``id``), ``latency_ms``, ``error`` and ``trace_id`` belong to
    it; an exception of the record is its error. With ``label`` and without features it is the
    truth of ``prediction_id``. Its time is ``time``, else the record's own.

    Examples
    --------
    ::

        logging.getLogger("rides").addHandler(wk.LogHandler("rides", version="3"))
        log.info("fare", extra={"watchkeeper": {"features": {"km": 7.2}, "prediction": 16.7}})
    """

    def __init__(
        self,
        model: str,
        *,
        version: str | None = None,
        client: Client | Logger | None = None,
        read: Callable[[logging.LogRecord], Mapping[str, object] | None] | None = None,
        features: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self._door = Door(model, version, client)
        self._features = features
        telling = frozenset({*(("features",) if features is None else features), "label"})
        self._read = read or (lambda record: _said(record, telling))

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record; never raises."""
        try:
            said = self._read(record)
            if said is not None:
                self._take(said, record)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self._door.refuse(problem)

    def _take(self, said: Mapping[str, object], record: logging.LogRecord) -> None:
        when = _time(said.get("time"), record)
        identity = said.get("prediction_id", said.get("id"))
        features = self._features_of(said)
        if features is None and "label" in said:
            if identity is None:
                raise InvalidInput("a label must name its prediction_id, got a record without one")
            self._door.label(str(identity), said["label"], time=when)
            return
        rows = table_of(features)
        if rows is None or not rows.single:
            raise InvalidInput(f"features must be a mapping, got {type(features).__name__}")
        error = said.get("error")
        if error is None and record.exc_info and record.exc_info[1] is not None:
            error = error_text(record.exc_info[1])
        asked = Asked(
            rows,
            when,
            _number(said.get("latency_ms")),
            None if error is None else str(error),
            _text(said.get("trace_id")) or trace_now(),
            () if identity is None else (str(identity),),
        )
        told = {name: said[name] for name in ("prediction", "score") if name in said}
        self._door.answered(asked, answers_of({"prediction": None, **told}, rows))

    def _features_of(self, said: Mapping[str, object]) -> object:
        if self._features is None:
            return said.get("features")
        found = {name: said[name] for name in self._features if name in said}
        return found or None


def _said(record: logging.LogRecord, telling: AbstractSet[str]) -> Mapping[str, object] | None:
    """What a record says of itself: its extra, or a message with one of the ``telling`` names."""
    extra = getattr(record, _ATTRIBUTE, None)
    if isinstance(extra, Mapping):
        return extra
    message = record.msg
    if isinstance(message, str) and message.startswith("{") and not record.args:
        try:
            message = json.loads(message)
        except ValueError:
            return None
    return message if isinstance(message, Mapping) and not telling.isdisjoint(message) else None


def _time(given: object, record: logging.LogRecord) -> datetime:
    if isinstance(given, datetime):
        return given
    if isinstance(given, str):
        return datetime.fromisoformat(given)
    if given is not None:
        raise InvalidInput(f"a time must be a datetime or ISO 8601 text, got {given!r}")
    return datetime.fromtimestamp(record.created, UTC)


def _number(given: object) -> float | None:
    if given is None or isinstance(given, int | float):
        return given
    raise InvalidInput(f"latency_ms must be a number, got {given!r}")


def _text(given: object) -> str | None:
    return None if given is None else str(given)
