"""Prediction ids: UUIDv7, whose first 48 bits are the milliseconds since 1970."""

from __future__ import annotations

import os
from datetime import UTC, datetime

__all__ = ["new_id", "time_of_id"]

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = (0xFFF << 64) | ((1 << 62) - 1)


def new_id(when: datetime) -> str:
    """A new id whose time is ``when`` (aware), to the millisecond.

    References
    ----------
    RFC 9562, section 5.7.
    """
    milliseconds = max(0, int(when.timestamp() * 1000)) & ((1 << 48) - 1)
    random = int.from_bytes(os.urandom(10)) & _RANDOM_BITS
    text = f"{milliseconds << 80 | _VERSION | _VARIANT | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def time_of_id(text: str) -> datetime | None:
    """The time that a UUIDv7 carries, to the millisecond; None where ``text`` is no such id.

    >>> time_of_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").isoformat()
    '2022-02-22T19:22:22+00:00'
    """
    digits = text.replace("-", "")
    if len(digits) != 32 or len(text) != 36 or digits[12] != "7" or digits[16] not in "89abAB":
        return None
    try:
        return datetime.fromtimestamp(int(digits[:12], 16) / 1000, UTC)
    except (ValueError, OverflowError):
        return None
