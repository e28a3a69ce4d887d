"""Endpoints of a service: where one answers for a model, and what of an exchange is logged."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.answers import Answer, answers_of
from watchkeeper.sdk.bodies import Body
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.door import Asked, Door, error_text
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.places import MISSING, look_up
from watchkeeper.sdk.tables import Table, table_of
from watchkeeper.sdk.trace import request_trace

__all__ = ["MAX_BODY_BYTES", "Endpoint", "Endpoints", "Exchange"]

MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a service answers for a model, and where question and answer lie in its JSON.

    ``path`` is the request's, ``*`` in it any one step. ``features``, ``prediction``, ``score`` and
    ``prediction_id`` are places: names and positions between dots, ``*`` for each item of a list,
    ``""`` for the whole. Several rows, under ``features``, want as many answers.

    ``features`` may also be a function from the request's document to rows, and ``answer`` one from
    the answer's document to a mapping with ``prediction`` and ``score``, as for `watch`; then
    ``prediction`` and ``score`` are not looked at. ``names`` names the columns of rows that are
    lists, and chooses among those of rows that are mappings. ``prediction_id`` is looked for in the
    answer, then in the request; without it ids are made. ``logger`` logs the rows where they are
    sampled or columns have policies; it then says which model and version they are of.
    """

    path: str
    model: str
    version: str | None = None
    features: str | Callable[[object], object] = ""
    prediction: str = "prediction"
    score: str = "score"
    answer: Callable[[object], object] | None = None
    prediction_id: str | None = None
    names: tuple[str, ...] | None = None
    methods: tuple[str, ...] = ("POST",)
    logger: Logger | None = None


class Endpoints:
    """The endpoints of one service that are watched."""

    def __init__(
        self, endpoints: Sequence[Endpoint], client: Client | None, max_body_bytes: int
    ) -> None:
        self._most = max_body_bytes
        self._watched = [
            (_pattern(found.path), found, Door(found.model, found.version, found.logger or client))
            for found in endpoints
        ]
        if not endpoints:
            raise InvalidInput("a service must have at least one endpoint to watch, got none")

    def begin(
        self, method: str, path: str, headers: Callable[[str], str | None]
    ) -> Exchange | None:
        """The exchange that begins; None where nobody watches there.

        ``headers`` gives a header of the request by its name in small letters.
        """
        for pattern, endpoint, door in self._watched:
            if method in endpoint.methods and pattern.fullmatch(path):
                request = Body(self._most)
                request.described(headers("content-type") or "", headers("content-encoding") or "")
                trace = request_trace(headers("traceparent"))
                return Exchange(endpoint, door, (request, Body(self._most)), trace)
        return None


class Exchange:
    """One request and its answer. No method raises, and only the first end counts."""

    def __init__(
        self, endpoint: Endpoint, door: Door, bodies: tuple[Body, Body], trace: str | None
    ) -> None:
        self._endpoint, self._door = endpoint, door
        self.request, self.response = bodies
        self.trace = trace
        self._status, self._length = 0, ""
        self._time, self._began = datetime.now(UTC), time.perf_counter()
        self._latency_ms: float | None = None
        self._ended = False

    def answers(self, status: int, headers: Mapping[str, str]) -> None:
        """The answer begins; ``headers`` by their names in small letters."""
        self._status, self._length = status, headers.get("content-length", "")
        self.response.described(
            headers.get("content-type", ""), headers.get("content-encoding", "")
        )

    @property
    def wants_answer(self) -> bool:
        """Whether the body of the answer says something; before it began it may."""
        return not self._status or (HTTPStatus(200) <= self._status < 300 and self.response.is_json)

    @property
    def bytes(self) -> int:
        """How much must be read."""
        return self.request.bytes + self.response.bytes

    @property
    def is_answered(self) -> bool:
        """Whether the whole answer has gone out."""
        return self._latency_ms is not None

    def answered(self) -> None:
        """The answer has gone out; `log` may come later."""
        self._latency_ms = (time.perf_counter() - self._began) * 1000.0

    def log(self) -> None:
        """Log what was asked and answered. Requests that were at fault (4xx) are none."""
        if self._ended:
            return
        self._ended = True
        if self._length == str(self.response.bytes) and not self.is_answered:
            self.answered()  # a server need not ask whether there is more
        if not self.is_answered:
            self._door.refuse(f"the answer of {self._endpoint.path} was not sent whole")
        elif self._status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._log_failed(f"HTTP {self._status}")
        elif self._status < HTTPStatus.MULTIPLE_CHOICES:
            self._log_answered()

    def failed(self, error: BaseException) -> None:
        """There was no answer."""
        if not self._ended:
            self._ended = True
            self.answered()
            self._log_failed(error_text(error))

    def _log_answered(self) -> None:
        rows: Table | None = None
        try:
            request = self.request.json("request")
            rows = _rows(self._endpoint, request)
            response = self.response.json("answer")
            answers = _answers(self._endpoint, response, rows)
            ids = _ids(self._endpoint, (response, request), rows)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self._door.refuse(problem, rows.size if rows is not None else 1)
        else:
            self._door.answered(self._asked(rows, ids=ids), answers)

    def _log_failed(self, error: str) -> None:
        try:
            request = self.request.json("request")
            rows = _rows(self._endpoint, request)
            ids = _ids(self._endpoint, (request,), rows)
        except Exception as problem:  # noqa: BLE001  as above
            self._door.refuse(problem)
        else:
            self._door.failed(self._asked(rows, error, ids=ids))

    def _asked(self, rows: Table, error: str | None = None, *, ids: tuple[str, ...]) -> Asked:
        return Asked(rows, self._time, self._latency_ms, error, self.trace, ids)


def _pattern(path: str) -> re.Pattern[str]:
    if not path.startswith("/"):
        raise InvalidInput(f"an endpoint's path must begin with /, got {path!r}")
    return re.compile("[^/]+".join(map(re.escape, path.split("*"))))


def _rows(endpoint: Endpoint, request: object) -> Table:
    where = endpoint.features
    found = look_up(request, where) if isinstance(where, str) else where(request)
    rows = None if found is MISSING else table_of(found, endpoint.names)
    if rows is None:
        what = "nothing" if found is MISSING else type(found).__name__
        raise InvalidInput(f"a request to {endpoint.path} must hold rows at {where!r}, got {what}")
    return rows


def _answers(endpoint: Endpoint, response: object, rows: Table) -> Iterable[Answer]:
    if endpoint.answer is not None:
        return answers_of(response, rows, endpoint.answer)
    prediction, score = look_up(response, endpoint.prediction), look_up(response, endpoint.score)
    if prediction is MISSING and score is MISSING:
        raise InvalidInput(
            f"an answer of {endpoint.path} must hold something at {endpoint.prediction!r}"
        )
    told = {"prediction": prediction, "score": score}
    found = {name: value for name, value in told.items() if value is not MISSING}
    if rows.single:
        return answers_of({name: _only(value) for name, value in found.items()}, rows)
    columns = {name: _listed(value, rows) for name, value in found.items()}
    return answers_of({"prediction": None, **columns}, rows)


def _ids(endpoint: Endpoint, documents: Sequence[object], rows: Table) -> tuple[str, ...]:
    if endpoint.prediction_id is None:
        return ()
    for document in documents:
        found = look_up(document, endpoint.prediction_id)
        if found is not MISSING and found is not None:
            listed = found if isinstance(found, list) else [found]
            if len(listed) != rows.size or None in listed:
                raise InvalidInput(f"{rows.size} rows must have as many ids, got {len(listed)}")
            return tuple(map(str, listed))
    raise InvalidInput(f"an exchange must hold an id at {endpoint.prediction_id!r}, got none")


def _only(value: object) -> object:
    """The answer to one row, where it stands in a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _listed(value: object, rows: Table) -> object:
    return [value] if rows.size == 1 and not isinstance(value, list) else value
