"""The other side of `profiles_door`, in a client's process: rows in, profiles of their windows out.

It stands beside the door because the two must count alike. Rows are read and checked as the server
does it, counted by the basis that the server gives out, and only the counts are sent. The rows
themselves stay in the client's spool until their counts are acknowledged; where the basis changed
meanwhile they are counted anew.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.definitions.document import model_from_dict
from watchkeeper.domain.model import Model, Policy
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput, WatchkeeperError
from watchkeeper.ingest.rows import RowKind, open_batch
from watchkeeper.ingest.validate import Arrival, Checked, check
from watchkeeper.lake.joined import attach_labels, first_of_each_id, shaped
from watchkeeper.lake.schemas import SEQUENCE, label_schema, prediction_schema
from watchkeeper.profiles.binning_text import binnings_from_text
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.packing import Known, known_binnings, pack
from watchkeeper.profiles.partials.partial import partial
from watchkeeper.profiles.readers import open_table
from watchkeeper.sdk.http import Answer, Failure, Http
from watchkeeper.server.adding import without_crowds

__all__ = ["AtSource"]

_PROFILES = "/profiles"
_ARROW = "application/vnd.apache.arrow.stream"
_CONFLICT = 409
_WRONG = 422
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Rows: TypeAlias = "Sequence[Mapping[str, object]] | pa.Table"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What the server counts the model's rows by."""

    name: str
    model: Model
    binnings: Mapping[str, Binning]
    known: Known


@dataclass(slots=True)
class AtSource:
    """Sends rows as the profiles of their windows. Use it from one thread: the sender's."""

    http: Http
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _held: dict[str, _Basis] = field(default_factory=dict)

    def attempt(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer | Failure:
        """Count the rows of a request to ``…/profiles`` and send the counts in their place."""
        try:
            rows = _rows(body, headers)
            found = self._sent(path, rows, headers)
            if isinstance(found, Failure) and found.status == _CONFLICT:
                self._held.pop(path, None)  # counted by a basis that is no more: count anew
                found = self._sent(path, rows, headers)
        except Exception as error:  # noqa: BLE001  rows that cannot be counted are refused, and told
            wrong = error if isinstance(error, WatchkeeperError) else InvalidInput(repr(error))
            return Failure(_WRONG, wrong)
        return found

    def _sent(self, path: str, rows: Rows, headers: Mapping[str, str]) -> Answer | Failure:
        basis = self._basis(path)
        if isinstance(basis, Failure):
            return basis
        document = {"basis": basis.name, "windows": list(_windows(rows, basis, self.now()))}
        content = gzip.compress(json.dumps(document).encode(), 1, mtime=0)
        told = {**headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
        return self.http.attempt("POST", path, content, told)

    def _basis(self, path: str) -> _Basis | Failure:
        if path not in self._held:
            found = self.http.attempt("GET", path.removesuffix(_PROFILES) + "/basis")
            if isinstance(found, Failure):
                return found
            self._held[path] = _read_basis(found.data)
        return self._held[path]


def _read_basis(data: object) -> _Basis:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"a basis must be a mapping, got {type(data).__name__}")
    model = model_from_dict(data["definition"])
    binnings = binnings_from_text(str(data["binnings"]))
    return _Basis(str(data["basis"]), model, binnings, known_binnings(model, binnings))


def _rows(body: bytes, headers: Mapping[str, str]) -> Rows:
    content = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
    if headers.get("Content-Type") == _ARROW:
        with pa.ipc.open_stream(io.BytesIO(content)) as stream:
            return stream.read_all()
    rows: Rows = json.loads(content)["rows"]
    return rows


def _windows(rows: Rows, basis: _Basis, now: datetime) -> Iterator[Mapping[str, object]]:
    """What the rows say of each window, as the wire has it."""
    model = basis.model
    opened = open_batch(rows, model)
    if not opened.size:
        return
    checked = check(opened, RowKind.PREDICTIONS, model, Arrival(now, "", "at source", b""))
    rejected = checked.rejections.mask(opened.size)
    starts = _starts(checked.micros, model)
    for start in np.unique(starts).tolist():
        inside = starts == start
        held = np.flatnonzero(inside & ~rejected)
        window = model.granularity.window_of(_EPOCH + start * _MICROSECOND)
        whole, profiles = _counted(_table(checked, held, model, now), basis, window)
        yield {
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "rows": len(held),
            "rejected": int(np.count_nonzero(inside & rejected)),
            "whole": whole,
            "missing": list(checked.missing),
            "profiles": base64.b64encode(pack(profiles, basis.known)).decode(),
        }


def _starts(micros: Ints, model: Model) -> Ints:
    length = model.granularity.length // _MICROSECOND
    origin = (model.granularity.window_of(_EPOCH).start - _EPOCH) // _MICROSECOND
    return (micros - origin) // length * length + origin


def _table(checked: Checked, held: Ints, model: Model, now: datetime) -> pa.Table:
    """The accepted rows of a window as the lake would give them, no label known.

    Columns that are stored as hashes are left out: only the server knows how it hashes.
    """
    hashed = {column.name for column in model.columns if column.policy is Policy.HASH}
    columns = {
        name: array.take(pa.array(held))
        for name, array in checked.columns.items()
        if name not in hashed
    }
    ids = checked.ids.take(pa.array(held))
    stamps = pa.repeat(pa.scalar(now, pa.timestamp("us", tz="UTC")), len(held))
    rows = pa.table({**columns, "_wk_id": ids, "_wk_known_at": stamps})
    shape = pa.schema([f for f in prediction_schema(model) if f.name not in hashed])
    in_time = first_of_each_id(shaped(rows, shape))
    found = attach_labels(in_time, shaped(None, label_schema(model)), model)
    return found.drop_columns([SEQUENCE])


def _counted(rows: pa.Table, basis: _Basis, window: Window) -> tuple[bool, Sequence[WindowProfile]]:
    """The profiles of all slices, and whether they add up with others in every one."""
    if not rows.num_rows:
        return True, ()
    found = partial(rows, basis.model, basis.binnings, window)
    if found is not None:
        kept = without_crowds(found.profiles) if found.crowded else found.profiles
        return not found.crowded, kept
    profiles = profile(
        open_table(rows),
        basis.model,
        basis.binnings,
        granularity=basis.model.granularity,
        covers=window,
        breakdown=True,
    )
    return False, without_crowds(profiles)
