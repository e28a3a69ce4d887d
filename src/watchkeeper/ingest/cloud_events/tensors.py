"""Tensors of the Open Inference Protocol (KServe v2), as JSON or as bytes behind the JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.block import Block

__all__ = ["read_tensors", "split_tail"]

_SIZED = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_MOST_VALUES = 10_000_000
_LENGTH_BYTES = 4


def split_tail(data: bytes) -> tuple[object, bytes]:
    """A JSON document, and the bytes behind it: a logger does not say where it ends.

    InvalidInput where the data does not begin with JSON.
    """
    text = data.decode("utf-8", "surrogateescape")
    try:
        start = len(text) - len(text.lstrip())
        document, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"a payload must begin with JSON: {error}") from error
    return document, text[end:].encode("utf-8", "surrogateescape")


def read_tensors(documents: Sequence[object], tail: bytes) -> list[Block]:
    """The tensors, the first dimension being the rows.

    Raises
    ------
    InvalidInput
        A tensor's shape, type and data do not fit together; the message names it.
    """
    blocks = []
    for document in documents:
        if not isinstance(document, Mapping):
            raise InvalidInput("a tensor must be an object with name, shape, datatype and data")
        parameters = document.get("parameters")
        size = parameters.get("binary_data_size") if isinstance(parameters, Mapping) else None
        name = str(document.get("name", ""))
        shape, datatype = _shape(document, name), str(document.get("datatype", ""))
        if isinstance(size, int):
            values, tail = _from_bytes(tail[:size], size, datatype, name), tail[size:]
        else:
            values = _flat(document.get("data"), name)
        blocks.append(_block(name, shape, values))
    return blocks


def _block(name: str, shape: Sequence[int], values: Sequence[object]) -> Block:
    if math.prod(shape) != len(values):
        raise InvalidInput(
            f"tensor {name!r} of shape {list(shape)} must have {math.prod(shape)} values, "
            f"got {len(values)}"
        )
    rows = shape[0] if shape else 1
    width = len(values) // rows if rows else 0
    if len(shape) <= 1 or width == 1:
        return Block(name, list(values))
    return Block(name, [list(values[at * width : (at + 1) * width]) for at in range(rows)])


def _shape(document: Mapping[str, object], name: str) -> list[int]:
    shape = document.get("shape")
    sound = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not isinstance(shape, list) or not sound or math.prod(shape) > _MOST_VALUES:
        raise InvalidInput(f"tensor {name!r} must have a shape of whole numbers, got {shape!r}")
    return shape


def _flat(data: object, name: str) -> list[object]:
    if not isinstance(data, list):
        raise InvalidInput(f"tensor {name!r} must have a list as its data")
    found: list[object] = data
    while any(isinstance(item, list) for item in found):
        found = [value for item in found for value in (item if isinstance(item, list) else [item])]
    return found


def _from_bytes(data: bytes, size: int, datatype: str, name: str) -> list[object]:
    if len(data) != size:
        raise InvalidInput(f"tensor {name!r} must have {size} bytes, got {len(data)}")
    read = _READERS.get(datatype)
    if read is None:
        raise InvalidInput(f"tensor {name!r} has the unknown datatype {datatype!r}")
    try:
        return read(data)
    except ValueError as error:
        raise InvalidInput(f"tensor {name!r} cannot be read: {error}") from error


def _sized(data: bytes, *, kind: str) -> list[object]:
    found: list[object] = np.frombuffer(data, kind).tolist()
    return found


def _brain_floats(data: bytes) -> list[object]:
    """The upper halves of 32-bit floats."""
    halves = np.frombuffer(data, "<u2").astype(np.uint32) << 16
    found: list[object] = halves.view(np.float32).tolist()
    return found


def _texts(data: bytes) -> list[object]:
    """Each text behind its length."""
    found: list[object] = []
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + _LENGTH_BYTES], "little")
        place += _LENGTH_BYTES
        if place + length > len(data):
            raise ValueError("a text breaks off")
        found.append(data[place : place + length].decode(errors="replace"))
        place += length
    return found


_READERS: Mapping[str, Callable[[bytes], list[object]]] = {
    **{name: partial(_sized, kind=kind) for name, kind in _SIZED.items()},
    "BF16": _brain_floats,
    "BYTES": _texts,
}
