"""The rows of a message: one JSON object, a list of them, JSON lines, Arrow IPC or Parquet."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from typing import cast

import pyarrow as pa

from watchkeeper.ingest.reasons import Reason, Refused

__all__ = ["rows_of"]

_SHOWN = 2_000
_MOST_BYTES = 64 * 2**20
_ARROW_STREAM, _ARROW_FILE, _PARQUET, _GZIP = b"\xff\xff\xff\xff", b"ARROW1", b"PAR1", b"\x1f\x8b"
_REGISTRY_HEAD = 5

_Row = Mapping[str, object] | Refused


def rows_of(data: bytes) -> list[_Row]:
    """The rows of a message, told by its first bytes; none where it is empty. What cannot be read
    is one `Refused`. The head that a schema registry puts before JSON is passed over.
    """
    try:
        return _rows(_unpacked(data))
    except (pa.ArrowException, ValueError, OSError, EOFError, RecursionError) as error:
        shown = data[:_SHOWN].decode(errors="replace")
        detail = f"a message must hold JSON, Arrow IPC or Parquet: {error or 'nested too deeply'}"
        return [Refused(Reason.UNREADABLE, detail, shown)]


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    with gzip.open(io.BytesIO(data)) as packed:
        plain = packed.read(_MOST_BYTES + 1)
    if len(plain) > _MOST_BYTES:
        raise ValueError(f"unpacked it has more than {_MOST_BYTES} bytes")
    return plain


def _rows(data: bytes) -> list[_Row]:
    if data.startswith(_ARROW_STREAM):
        return _table(pa.ipc.open_stream(data).read_all())
    if data.startswith(_ARROW_FILE):
        return _table(pa.ipc.open_file(data).read_all())
    if data.startswith(_PARQUET):
        import pyarrow.parquet as pq

        return _table(pq.read_table(pa.BufferReader(data)))
    if data[:1] == b"\0" and data[_REGISTRY_HEAD : _REGISTRY_HEAD + 1] in (b"{", b"["):
        data = data[_REGISTRY_HEAD:]
    return _json(data)


def _table(table: pa.Table) -> list[_Row]:
    table.validate(full=True)
    return cast("list[_Row]", table.to_pylist())


def _json(data: bytes) -> list[_Row]:
    text = data.decode("utf-8-sig").strip()
    if not text:
        return []
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise ValueError(str(error)) from error
        return [row for line in lines for row in _json_row(line)]
    if isinstance(document, dict) and isinstance(document.get("rows"), list):
        document = document["rows"]
    return cast("list[_Row]", document if isinstance(document, list) else [document])


def _json_row(line: str) -> list[_Row]:
    try:
        return [json.loads(line)]
    except (ValueError, RecursionError) as error:
        return [Refused(Reason.UNREADABLE, f"a line must be JSON: {error}", line[:_SHOWN])]
