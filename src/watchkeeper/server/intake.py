"""The door for rows: batches and references, read from what came over the wire."""

from __future__ import annotations

import io
import json
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from watchkeeper.catalog.windows import Windows
from watchkeeper.domain.key import Scope
from watchkeeper.domain.sending import Sending
from watchkeeper.errors import InvalidInput, TooLarge
from watchkeeper.ingest.reasons import Reason, Refused
from watchkeeper.ingest.receive import Receipt, Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.access import Principal
from watchkeeper.server.api.body import ARROW_STREAM, JSON, NDJSON, PARQUET, Body, Room
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.flow import Flow
from watchkeeper.server.logs.context import note
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.models import Models
from watchkeeper.server.references import References
from watchkeeper.server.wire.ingest import Acknowledged, ReferenceStored, Rejection

__all__ = ["Arrival", "Intake", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes of a body, unzipped, and the most rows of a batch."""

    batch_bytes: int = 64 * 2**20
    batch_rows: int = 100_000
    reference_bytes: int = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch at the door: for which model, of what, under which id, known when, from whom, and
    what its client says of itself.
    """

    model: str
    kind: RowKind
    batch: str | None
    known_at: datetime | None
    caller: Principal
    sending: Sending | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in batches and references."""

    models: Models
    receiver: Receiver
    clocks: Clocks
    references: References
    windows: Windows
    telemetry: Telemetry
    limits: Limits
    now: Callable[[], datetime]
    room: Room
    flow: Flow

    def knows_room(self) -> bool:
        """Whether `require_room` would answer at once, without waiting for a database."""
        return self.receiver.knows_room()

    def require_room(self, caller: Principal) -> None:
        """RateLimited where a batch could not be taken now, before its body is read."""
        self.flow.require(caller.key)
        self.receiver.require_room()

    def take(self, arrival: Arrival, body: Body) -> Acknowledged:
        """Make a batch durable and say so. One bad row is quarantined, the others unharmed."""
        model = self.models.get(arrival.model).model
        note(model=model.name, batch=arrival.batch or "")
        known_at = self._known_at(arrival)
        rows = _rows(body)
        self.flow.spend(arrival.caller.key, rows=len(rows), size=body.sent)
        if len(rows) > self.limits.batch_rows:
            raise TooLarge(
                f"a batch must hold at most {self.limits.batch_rows} rows, got {len(rows)}: "
                "send smaller batches"
            )
        # Before the rows, so that none of them is ever judged by the other clock.
        self.clocks.driven_by_data(
            model.name, data=arrival.known_at is not None, by=arrival.caller.name
        )
        receipt = self.receiver.receive(
            model,
            arrival.kind,
            rows,
            batch_id=uuid.uuid4().hex if arrival.batch is None else arrival.batch,
            key=arrival.caller.key.id,
            known_at=known_at,
            sending=arrival.sending,
        )
        if not receipt.repeated:
            self.telemetry.received(
                model.name,
                arrival.kind.value,
                accepted=receipt.accepted,
                rejected=receipt.rejected,
                duplicate=receipt.duplicate,
            )
        return _acknowledged(receipt)

    def store_reference(self, name: str, body: Body, *, by: str) -> ReferenceStored:
        """Store and profile a reference; windows that are still compared are judged anew."""
        defined = self.models.get(name)
        if body.media_type == ARROW_STREAM:
            stored = self.references.store(defined, _table(body), by=by)
        elif body.media_type == PARQUET:
            with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
                file.write(body.content)
                file.flush()
                stored = self.references.store(defined, file.name, by=by)
        else:
            raise InvalidInput(
                f"a reference must be {PARQUET} or {ARROW_STREAM}, got {body.media_type!r}"
            )
        self._judge_anew(name)
        return ReferenceStored(rows=stored.rows, windows=stored.windows, timed=stored.timed)

    def _known_at(self, arrival: Arrival) -> datetime:
        if arrival.known_at is None:
            return self.now()
        arrival.caller.require(Scope.BACKFILL)
        if arrival.known_at.tzinfo is None:
            raise InvalidInput(
                f"known_at must carry a time zone, got {arrival.known_at.isoformat()!r}: "
                "write for example 2013-03-01T00:00:00Z"
            )
        if arrival.known_at > self.now():
            raise InvalidInput(f"known_at must not lie in the future, got {arrival.known_at}")
        return arrival.known_at

    def _judge_anew(self, name: str) -> None:
        """Mark the windows that the rolling baseline still reaches: they are counted anew."""
        model = self.models.get(name).model
        last = self.windows.page(name, limit=1).items
        if last:
            window = last[0].window
            reach = timedelta(days=model.baseline.rolling_days) + model.label_horizon
            self.windows.touch(name, start=window.end - reach, end=window.end)


def _rows(body: Body) -> Sequence[Mapping[str, object] | Refused] | pa.Table:
    reader = _READERS.get(body.media_type)
    if reader is None:
        raise InvalidInput(
            f"Content-Type must be one of {', '.join(_READERS)}, got {body.media_type!r}"
        )
    return reader(body)


def _json_rows(body: Body) -> list[dict[str, object]]:
    try:
        document = json.loads(body.content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body must be JSON: {error or 'nested too deeply'}") from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise InvalidInput('the body must look like {"rows": [{…}, …]}, got no list of rows')
    return rows


def _json_lines(body: Body) -> list[dict[str, object] | Refused]:
    """One row a line; a line that is no JSON is a bad row, and the others are unharmed."""
    lines = [line for line in body.content.splitlines() if line.strip()]
    try:
        rows: list[dict[str, object] | Refused] = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        rows = []
    return rows if len(rows) == len(lines) else [_json_line(line) for line in lines]


def _json_line(line: bytes) -> dict[str, object] | Refused:
    try:
        row: dict[str, object] = json.loads(line)
    except (ValueError, RecursionError) as error:
        told = f"a line must be a row as JSON: {error or 'nested too deeply'}"
        return Refused(Reason.UNREADABLE, told, line.decode("utf-8", "replace"))
    return row


def _parquet(body: Body) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(body.content))
        size = sum(
            file.metadata.row_group(group).total_byte_size
            for group in range(file.metadata.num_row_groups)
        )
        if size > _MOST_UNPACKED * max(len(body.content), 2**20):
            raise InvalidInput(f"a Parquet body must not unpack to {size} bytes: send less at once")
        return file.read()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"the body must be a Parquet file: {error}") from error


def _table(body: Body) -> pa.Table:
    try:
        with pa.ipc.open_stream(io.BytesIO(body.content)) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InvalidInput(f"the body must be an Arrow IPC stream: {error}") from error
    return table


_MOST_UNPACKED = 50  # times its size: beyond it a body was made to fill the memory
_READERS: Mapping[str, Callable[[Body], Sequence[Mapping[str, object] | Refused] | pa.Table]] = {
    JSON: _json_rows,
    NDJSON: _json_lines,
    ARROW_STREAM: _table,
    PARQUET: _parquet,
}


def _acknowledged(receipt: Receipt) -> Acknowledged:
    return Acknowledged(
        batch=receipt.batch_id,
        received=receipt.received,
        accepted=receipt.accepted,
        rejected=receipt.rejected,
        duplicate=receipt.duplicate,
        rejections=[
            Rejection(row=item.row, reason=item.reason.value, detail=item.detail)
            for item in receipt.rejections
        ],
        repeated=receipt.repeated,
    )
