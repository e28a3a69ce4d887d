"""The door for rows: batches and references, read from what came over the wire."""

from __future__ import annotations

import io
import json
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from watchkeeper.catalog.windows import Windows
from watchkeeper.domain.key import Scope
from watchkeeper.domain.sending import Sending
from watchkeeper.errors import InvalidInput, TooLarge
from watchkeeper.ingest.receive import Receipt, Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.access import Principal
from watchkeeper.server.api.body import ARROW_STREAM, JSON, PARQUET, Body
from watchkeeper.server.clocks import Clocks
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

    def take(self, arrival: Arrival, body: Body) -> Acknowledged:
        """Make a batch durable and say so. One bad row is quarantined, the others unharmed."""
        model = self.models.get(arrival.model).model
        known_at = self._known_at(arrival)
        rows = _rows(body)
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


def _rows(body: Body) -> list[dict[str, object]] | pa.Table:
    if body.media_type == ARROW_STREAM:
        return _table(body)
    if body.media_type != JSON:
        raise InvalidInput(
            f"Content-Type must be {JSON} or {ARROW_STREAM}, got {body.media_type!r}"
        )
    try:
        document = json.loads(body.content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body must be JSON: {error or 'nested too deeply'}") from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise InvalidInput('the body must look like {"rows": [{…}, …]}, got no list of rows')
    return rows


def _table(body: Body) -> pa.Table:
    try:
        with pa.ipc.open_stream(io.BytesIO(body.content)) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InvalidInput(f"the body must be an Arrow IPC stream: {error}") from error
    return table


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
