"""Prediction ids: UUIDv7, whose first 48 bits are the milliseconds since 1970."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

__all__ = ["mint", "new_id", "time_of_id"]

_LONGEST = (1 << 48) - 1

# Seeded from the system's randomness, and anew in a forked child: one system call an id is a
# quarter of what a logged row may cost.
_random = random.Random(os.urandom(32))  # noqa: S311  ids must differ, not be secret
_bits = _random.getrandbits
_last: tuple[int, str] = (-1, "")


def mint(milliseconds: int) -> str:
    """A new id of that moment since 1970, with 72 random bits.

    References
    ----------
    RFC 9562, section 5.7.
    """
    global _last  # noqa: PLW0603  the text of the millisecond, which many ids share
    known, head = _last
    if known != milliseconds:
        head = "%08x-%04x-7" % (milliseconds >> 16, milliseconds & 0xFFFF)  # noqa: UP031  see below
        _last = (milliseconds, head)
    # Two thirds of the time that an f-string takes.
    return "%s%03x-8%03x-%012x" % (head, _bits(12), _bits(12), _bits(48))  # noqa: UP031


def new_id(when: datetime) -> str:
    """A new id whose time is ``when`` (aware), to the millisecond; before 1970 it is 1970."""
    return mint(min(max(0, int(when.timestamp() * 1000)), _LONGEST))


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


def _reseed() -> None:
    _random.seed(os.urandom(32))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reseed)
