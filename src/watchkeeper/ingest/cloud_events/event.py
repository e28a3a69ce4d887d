"""CloudEvents as they come over HTTP: binary, structured or a batch, of version 1.0 and 0.3."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import unquote

from watchkeeper.errors import InvalidInput

__all__ = ["BATCH", "STRUCTURED", "CloudEvent", "Side", "read_events"]

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_LONGEST_ID = 200
_PREFIX = "ce-"
_SPOKEN = ("specversion", "datacontenttype", "contenttype", "datacontentencoding", "schemaurl")


class Side(StrEnum):
    """What an event tells of an exchange."""

    REQUEST = "request"
    RESPONSE = "response"
    FEEDBACK = "feedback"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event. ``attributes`` are its extensions, in lower case; ``data`` its payload's bytes."""

    id: str
    type: str
    source: str
    time: datetime | None
    attributes: Mapping[str, str]
    data: bytes

    @property
    def side(self) -> Side:
        """What it tells, by its type: ``….inference.request``, ``….response``, ``….feedback``."""
        word = self.type.rpartition(".")[2].lower()
        if word in (Side.REQUEST, Side.RESPONSE) and ".inference." not in self.type:
            return Side.OTHER
        return Side(word) if word in tuple(Side) else Side.OTHER

    @property
    def exchange(self) -> str:
        """What request and response have in common: Seldon's ``requestid``, else the event's id."""
        return self.attributes.get("requestid") or self.id

    def attribute(self, name: str) -> str:
        """An extension, empty where it is not given."""
        return self.attributes.get(name, "")


def read_events(headers: Mapping[str, str], body: bytes) -> tuple[CloudEvent, ...]:
    """The events of a request. ``headers`` by their names in lower case.

    Raises
    ------
    InvalidInput
        There is no event, or one lacks its ``id`` or ``type``.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == BATCH:
        events = _json(body)
        if not isinstance(events, list):
            raise InvalidInput(f"a body of {BATCH} must be a list of events")
        return tuple(map(_structured, events))
    if media == STRUCTURED:
        return (_structured(_json(body)),)
    if f"{_PREFIX}type" not in headers:
        raise InvalidInput(
            f"a CloudEvent must come with the headers ce-id and ce-type, or as {STRUCTURED} or "
            f"{BATCH}, got Content-Type {media!r} and no ce-type"
        )
    given = {
        name.removeprefix(_PREFIX): _plain(value)
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    return (_event(given, body),)


def _structured(document: object) -> CloudEvent:
    if not isinstance(document, dict):
        raise InvalidInput("a CloudEvent must be a JSON object")
    given = {
        str(name).lower(): value if isinstance(value, str) else json.dumps(value)
        for name, value in document.items()
        if name not in ("data", "data_base64") and value is not None
    }
    return _event(given, _data(document))


def _data(document: Mapping[str, object]) -> bytes:
    packed = document.get("data_base64")
    data = document.get("data")
    if packed is None and document.get("datacontentencoding") == "base64":
        packed = data
    if isinstance(packed, str):
        try:
            return base64.b64decode(packed, validate=True)
        except binascii.Error as error:
            raise InvalidInput(f"data_base64 of an event must be base64: {error}") from error
    if isinstance(data, str):
        return data.encode()
    return b"" if data is None else json.dumps(data).encode()


def _event(given: Mapping[str, str], data: bytes) -> CloudEvent:
    for name in ("id", "type", "requestid"):
        text = given.get(name, "")
        if not text and name == "requestid":
            continue
        if not text or len(text) > _LONGEST_ID or not text.isprintable():
            raise InvalidInput(
                f"an event's {name} must have 1 to {_LONGEST_ID} printable characters, got "
                f"{text[:40]!r}"
            )
    known = ("id", "type", "source", "time", *_SPOKEN)
    return CloudEvent(
        id=given["id"],
        type=given["type"],
        source=given.get("source", ""),
        time=_time(given.get("time", "")),
        attributes={name: value for name, value in given.items() if name not in known},
        data=data,
    )


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body must be JSON: {error or 'nested too deeply'}") from error


def _plain(value: str) -> str:
    """A header's value: some senders percent-encode it, some do not."""
    return unquote(value) if "%" in value else value


def _time(text: str) -> datetime | None:
    """A moment; None where there is none, or the zero of a program that had none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found if found.year > 1970 else None
