"""Requests of OTLP/HTTP: protobuf, and JSON as OTLP spells it.

OTLP's JSON differs from that of protobuf in one thing: ids of traces and spans are hexadecimal.
Imports the extra's library: import it late.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError, Message

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.messages import REQUESTS, partial, status
from watchkeeper.interop.otel.target import Signal

__all__ = ["JSON", "PROTOBUF", "encode_answer", "encode_failure", "read_request"]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_IDS = {"traceId": 32, "trace_id": 32, "spanId": 16, "span_id": 16, "parentSpanId": 16, "parent_span_id": 16}  # fmt: skip
_DEEPEST = 100


def read_request(signal: Signal, content: bytes, media_type: str) -> Message:
    """The request that a body holds.

    Raises
    ------
    InvalidInput
        It is of another media type, or cannot be decoded: sending it again changes nothing.
    """
    if media_type == PROTOBUF:
        try:
            found: Message = REQUESTS[signal].FromString(content)
        except (DecodeError, ValueError) as error:
            raise InvalidInput(f"the body must be an OTLP request as protobuf: {error}") from error
        return found
    if media_type != JSON:
        raise InvalidInput(f"Content-Type must be {PROTOBUF} or {JSON}, got {media_type!r}")
    try:
        document = _object(json.loads(content))
        made: Message = ParseDict(
            _in_base64(document), REQUESTS[signal](), ignore_unknown_fields=True
        )
    except (ValueError, TypeError, ParseError, RecursionError, AttributeError) as error:
        raise InvalidInput(f"the body must be an OTLP request as JSON: {error}") from error
    return made


def encode_answer(
    signal: Signal, media_type: str, *, rejected: int = 0, message: str = ""
) -> bytes:
    """The answer to a request that was taken, but for ``rejected`` items."""
    return _encoded(partial(signal, rejected, message), media_type)


def encode_failure(code: int, message: str, media_type: str) -> bytes:
    """The answer to a request that was not taken; ``code`` is one of gRPC's."""
    return _encoded(status(code, message), media_type)


def _object(document: object) -> object:
    if not isinstance(document, dict):
        raise TypeError("it must be an object")
    return document


def _encoded(message: Message, media_type: str) -> bytes:
    if media_type == JSON:
        return json.dumps(MessageToDict(message)).encode()
    return bytes(message.SerializeToString())


def _in_base64(value: Any, deep: int = 0) -> Any:
    """The document with its ids as protobuf's JSON has them."""
    if deep > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [_in_base64(item, deep + 1) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _id(name, item) if name in _IDS else _in_base64(item, deep + 1)
        for name, item in value.items()
    }


def _id(name: str, text: object) -> str:
    if text in (None, ""):
        return ""
    if not isinstance(text, str) or len(text) != _IDS[name]:
        raise ValueError(f"{name} must be {_IDS[name]} hexadecimal digits, got {str(text)[:40]!r}")
    return base64.b64encode(bytes.fromhex(text)).decode()
