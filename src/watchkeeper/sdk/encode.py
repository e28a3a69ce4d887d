"""Rows as one line of JSON, whatever their values are.

Scalars of numpy and pandas become plain numbers, times ISO 8601 in UTC, arrays lists; what has no
JSON form becomes its text, cut short. NaN and infinities stay what they are, as the tokens that
Python's JSON writes and the server reads: a missing number is not a wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["encode_line", "encode_row", "utc"]

_LONGEST_TEXT = 10_000


def encode_line(model: str, kind: str, row: Mapping[str, object]) -> bytes:
    """``model TAB kind TAB row NEWLINE``; ValueError or TypeError where a row refers to itself."""
    return b"%b\t%b\t%b\n" % (json.dumps(model).encode(), kind.encode(), encode_row(row))


def encode_row(row: Mapping[str, object]) -> bytes:
    """The row as JSON on one line; ValueError or TypeError where it refers to itself."""
    try:
        return _ENCODER.encode(row).encode()
    except TypeError:  # JSON's own encoder knows few kinds of keys
        return _ENCODER.encode(_text_keys(row)).encode()


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a time zone is taken to be in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text_keys(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_text_keys(item) for item in value]
    return value


def _plain(value: object) -> object:
    """What JSON has no form for, one step simpler; the encoder asks again for the rest."""
    if _is_missing(value):
        return None
    if isinstance(value, datetime):
        return utc(value).isoformat()
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return _foreign(value)


def _foreign(value: object) -> object:
    """A scalar or array of numpy, a date or time of anything: told by what it can do."""
    for method in ("item", "tolist", "isoformat"):
        found = getattr(value, method, None)
        if callable(found):
            try:
                plain: object = found()
            except (TypeError, ValueError):  # `item` of an array of several
                continue
            if plain is not value:
                return plain
    return str(value)[:_LONGEST_TEXT]


def _is_missing(value: object) -> bool:
    """Pandas' own marks of a missing value, recognised by name so that it need not be loaded."""
    return type(value).__name__ in {"NaTType", "NAType"}


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))
