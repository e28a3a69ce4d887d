"""What a model server was asked and what it answered, of every protocol: KServe v1 and v2, Seldon,
TensorFlow Serving, MLflow.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.block import Block
from watchkeeper.ingest.cloud_events.tensors import read_tensors, split_tail

__all__ = ["Payload", "read_payload"]

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 64 * 2**20
# Where each protocol has its rows: of requests, and of responses.
_LISTS = ("instances", "predictions", "dataframe_records")
_TENSORS = ("inputs", "outputs")


@dataclass(frozen=True, slots=True)
class Payload:
    """What a payload says. ``error``: the server's, in the place of an answer; ``version`` of the
    model, where the payload tells it; ``truth``: that of a feedback.
    """

    blocks: Sequence[Block] = ()
    error: str | None = None
    version: str | None = None
    truth: Sequence[Block] = ()


def read_payload(data: bytes) -> Payload:
    """Read a payload; its media type is not looked at, because loggers state a wrong one.

    Raises
    ------
    InvalidInput
        It is none of the protocols.
    """
    document, tail = split_tail(_unpacked(data))
    if not isinstance(document, Mapping):
        raise InvalidInput("a payload must be a JSON object")
    error = document.get("error")
    if error is not None and not any(key in document for key in (*_LISTS, *_TENSORS, "data")):
        return Payload(error=error if isinstance(error, str) else str(error))
    version = document.get("model_version")
    truth = document.get("truth")
    return Payload(
        blocks=_blocks(document, tail),
        version=version if isinstance(version, str) and version else None,
        truth=_blocks(truth, b"") if isinstance(truth, Mapping) else (),
    )


def _blocks(document: Mapping[str, object], tail: bytes) -> list[Block]:
    for name in (*_LISTS, *_TENSORS):
        found = document.get(name)
        if isinstance(found, list | Mapping):
            return _listing(name, found, tail)
    split = document.get("dataframe_split")
    if isinstance(split, Mapping):
        return [_named("dataframe_split", split.get("data"), split.get("columns"))]
    if "data" in document or "jsonData" in document or "strData" in document:
        return _seldon(document)
    if any(key in document for key in ("truth", "reward", "request")):
        return []  # a feedback: what was asked and answered is told elsewhere
    raise InvalidInput(
        "a payload must have instances, predictions, inputs, outputs, dataframe_split, "
        f"dataframe_records or data, got {sorted(map(str, document))[:10]}"
    )


def _listing(name: str, found: Sequence[object] | Mapping[str, object], tail: bytes) -> list[Block]:
    if isinstance(found, Mapping):  # TensorFlow Serving's and MLflow's columns
        return [Block(str(key), _listed(values)) for key, values in found.items()]
    if name in _TENSORS and found and isinstance(found[0], Mapping):
        return read_tensors(found, tail)
    return [Block(name, found)]


def _seldon(document: Mapping[str, object]) -> list[Block]:
    data = document.get("data")
    if not isinstance(data, Mapping):
        other = document.get("jsonData", document.get("strData"))
        return [Block("data", other if isinstance(other, list) else [other])]
    tensor = data.get("tensor")
    if isinstance(tensor, Mapping):
        shape, values = tensor.get("shape"), tensor.get("values")
        if not isinstance(shape, list) or not isinstance(values, list):
            raise InvalidInput("a tensor must have a shape and values")
        (block,) = read_tensors([{"name": "data", "shape": shape, "data": values}], b"")
        return [_named("data", block.rows, data.get("names"))]
    return [_named("data", data.get("ndarray"), data.get("names"))]


def _named(name: str, rows: object, names: object) -> Block:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InvalidInput(f"{name} must have a list of rows")
    told = tuple(map(str, names)) if isinstance(names, list) else ()
    return Block(name, rows, told)


def _listed(values: object) -> Sequence[object]:
    return values if isinstance(values, list) else [values]


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            plain = packed.read(_MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise InvalidInput(f"a packed payload must be whole: {error}") from error
    if len(plain) > _MOST_BYTES:
        raise InvalidInput(f"a payload must have at most {_MOST_BYTES} bytes unpacked")
    return plain
