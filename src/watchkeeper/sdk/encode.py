"""Values as what the spool and JSON can hold, whatever they are.

Scalars of numpy and pandas become plain numbers, times ISO 8601 in UTC, arrays lists; what has no
JSON form becomes its text, cut short. NaN and infinities stay what they are, as the tokens that
Python's JSON writes and the server reads: a missing number is not a wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

__all__ = ["encode_plain", "encode_row", "instant", "is_plain", "iso", "micros", "simple", "utc"]

_PLAIN = frozenset({str, float, int, bool, type(None)})
is_plain = _PLAIN.issuperset
_LONGEST_TEXT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_row(row: Mapping[str, object]) -> bytes:
    """The row as JSON on one line; ValueError or RecursionError where it refers to itself."""
    return _encode(simple(row)).encode()


def encode_plain(value: Mapping[str, object] | Sequence[object]) -> str:
    """A row of `simple` values, or several, as JSON on one line; ValueError where a whole number
    has more digits than Python prints.
    """
    return _encode(value)


def simple(value: object) -> object:
    """The value as text, number, truth value, None, or lists and mappings of these.

    RecursionError where it refers to itself; whatever its own code raises.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple):
        return [*value] if is_plain(map(type, value)) else [simple(item) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): simple(item) for key, item in value.items()}
    if isinstance(value, str | int | float):
        return _exactly(value)
    return _foreign(value)


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a time zone is taken to be in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly; one without a time zone is taken to be in UTC."""
    return (utc(moment) - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """What `micros` was made of, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def iso(microseconds: int) -> str:
    """What `micros` was made of, as ISO 8601 in UTC."""
    global _second  # noqa: PLW0603  the text of the second, which many rows share
    second, rest = divmod(microseconds, 1_000_000)
    known, text = _second
    if known != second:
        text = instant(second * 1_000_000).replace(tzinfo=None).isoformat()
        _second = (second, text)
    return f"{text}.{rest:06d}+00:00" if rest else f"{text}+00:00"


def _exactly(value: str | float) -> object:
    """The value of a subclass, as are the members of enumerations and numpy's float."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def _key(key: object) -> str:
    return key if type(key) is str else str(key)


def _foreign(value: object) -> object:
    """A scalar or array of numpy, a date or time of anything: told by what it can do."""
    kind = type(value).__name__
    if kind in {"NaTType", "NAType"}:  # pandas' own marks, which need not be loaded
        return None
    if kind == "datetime64":  # its `item` is a number where it has nanoseconds
        value = value.astype("datetime64[us]").item()  # type: ignore[attr-defined]  # of numpy
    if isinstance(value, datetime):
        return utc(value).isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return [simple(item) for item in sorted(value, key=str)]
    return value if value is None else _told(value)


def _told(value: object) -> object:
    for method in ("item", "tolist", "isoformat"):
        found = getattr(value, method, None)
        if callable(found):
            try:
                plain: object = found()
            except (TypeError, ValueError):  # `item` of an array of several
                continue
            if plain is not value:
                return simple(plain)
    return str(value)[:_LONGEST_TEXT]


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode  # `simple` did
_second: tuple[int, str] = (-1, "")
