"""Bulk calls: they wait for the server and raise what goes wrong. Not for the predict path."""

from __future__ import annotations

import gzip
import json
import random
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urlencode

from watchkeeper.errors import InvalidDefinition, InvalidInput, NotInstalled
from watchkeeper.sdk.encode import encode_row, utc
from watchkeeper.sdk.http import Answer, Failure, Http, model_path

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArrowTable", "Bulk", "Receipt"]

_ROWS_A_BATCH = 10_000
_ATTEMPTS = 6
_CHANCE = random.SystemRandom()  # who seeded the program's random numbers finds them as they were
_FIRST_WAIT_SECONDS = 0.25
_RETRIED = frozenset({0, 408, 425, 429, 502, 503, 504})
_ARROW = "application/vnd.apache.arrow.stream"
_PARQUET = "application/vnd.apache.parquet"


@runtime_checkable
class ArrowTable(Protocol):
    """Any table that speaks Arrow's C stream: of pyarrow, pandas, Polars, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The stream's capsule."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server did: its own answer, and the counts over all batches of a call."""

    data: Mapping[str, object]
    received: int = 0
    accepted: int = 0
    rejected: int = 0


class Bulk:
    """Calls that send much at once, retried under the same id until they are answered."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def apply(self, document: str | Mapping[str, object], *, plan: bool) -> Receipt:
        """Apply one model's definition."""
        definition = _parsed(document) if isinstance(document, str) else document
        name = definition.get("name")
        if not isinstance(name, str):
            raise InvalidDefinition(f"a model's document must have a name, got {name!r}")
        path = model_path(name) + ("?plan=true" if plan else "")
        body = json.dumps(definition, default=str).encode()
        return Receipt(_mapping(self._send("PUT", path, body, {"Content-Type": _JSON})))

    def upload_reference(self, model: str, source: str | Path | ArrowTable) -> Receipt:
        """Send a reference as Parquet bytes or as an Arrow stream."""
        if isinstance(source, str | Path):
            body, media_type = Path(source).read_bytes(), _PARQUET
        else:
            body, media_type = _arrow_bytes(_arrow_table(source)), _ARROW
        path = model_path(model, "reference")
        return Receipt(_mapping(self._send("POST", path, body, {"Content-Type": media_type})))

    def send_rows(
        self,
        model: str,
        kind: str,
        rows: Iterable[Mapping[str, object]] | ArrowTable,
        *,
        batch: str | None,
        known_at: datetime | None,
    ) -> Receipt:
        """Send rows in batches of 10,000; the receipt adds them up, ``data`` is the last answer's."""
        query = f"?{urlencode({'known_at': utc(known_at).isoformat()})}" if known_at else ""
        named = batch or uuid.uuid4().hex
        total = Receipt({})
        for number, (body, headers) in enumerate(_bodies(rows)):
            answer = self._send(
                "POST",
                model_path(model, kind) + query,
                body,
                {**headers, "Idempotency-Key": named if number == 0 else f"{named}-{number}"},
            )
            total = _add(total, _mapping(answer))
        return total

    def advance(self, model: str, *, batch: str, known_at: datetime) -> Receipt:
        """Send a batch without rows: its receive time is all that it says."""
        query = urlencode({"known_at": utc(known_at).isoformat()})
        path = f"{model_path(model, 'predictions')}?{query}"
        headers = {"Content-Type": _JSON, "Idempotency-Key": batch}
        return Receipt(_mapping(self._send("POST", path, b'{"rows":[]}', headers)))

    def wait_until_judged(self, timeout_seconds: float) -> bool:
        """Ask how far the worker is, ever less often, until nothing is left to be done."""
        until, wait = time.monotonic() + timeout_seconds, 0.02
        while True:
            if _mapping(self._http.get("/api/v1/clock")).get("settled") is True:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(wait)
            wait = min(wait * 1.3, 0.5)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        attempt = 0
        while True:
            found = self._http.attempt(method, path, body, headers)
            if isinstance(found, Answer):
                return found
            attempt += 1
            if found.status not in _RETRIED or attempt == _ATTEMPTS:
                raise found.error
            time.sleep(_wait(found, attempt))


_JSON = "application/json"


def _wait(failure: Failure, attempt: int) -> float:
    jittered = _FIRST_WAIT_SECONDS * 2.0**attempt * _CHANCE.uniform(0.5, 1.0)
    return max(jittered, failure.retry_after_seconds or 0.0)


def _bodies(
    rows: Iterable[Mapping[str, object]] | ArrowTable,
) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    if isinstance(rows, ArrowTable):
        table = _arrow_table(rows)
        for start in range(0, table.num_rows, _ROWS_A_BATCH):
            yield _arrow_bytes(table.slice(start, _ROWS_A_BATCH)), {"Content-Type": _ARROW}
        return
    left = iter(rows)
    while some := [encode_row(row) for row in islice(left, _ROWS_A_BATCH)]:
        body = b'{"rows":[' + b",".join(some) + b"]}"
        yield (
            gzip.compress(body, 1, mtime=0),
            {"Content-Type": _JSON, "Content-Encoding": "gzip"},
        )


def _arrow_table(source: ArrowTable) -> pa.Table:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise NotInstalled(
            "sending a table needs pyarrow: run `pip install 'watchkeeper[server]'`, or pass rows "
            "as mappings"
        ) from error
    return pa.table(source)


def _arrow_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _parsed(text: str) -> Mapping[str, object]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidDefinition(f"a model's document must be YAML: {error}") from error
    if not isinstance(found, Mapping):
        raise InvalidDefinition(
            f"a model's document must be a mapping, got {type(found).__name__}: "
            "it starts with `kind: Model`"
        )
    return found


def _mapping(answer: Answer) -> Mapping[str, object]:
    if not isinstance(answer.data, Mapping):
        raise InvalidInput(f"the server's answer must be a mapping, got {answer.data!r}")
    return answer.data


def _add(total: Receipt, data: Mapping[str, object]) -> Receipt:
    counts = {
        name: getattr(total, name) + int(str(data.get(name, 0)))
        for name in ("received", "accepted", "rejected")
    }
    return Receipt(data, **counts)
