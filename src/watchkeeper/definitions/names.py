"""What may be a name: of a model, a monitor, a route and a column; and lengths of time as text."""

from __future__ import annotations

import re
from datetime import timedelta

from watchkeeper.definitions.fields import CONTROL, Field

__all__ = [
    "COLUMN_NAME",
    "DURATION",
    "MAX_COLUMN_NAME",
    "NAME",
    "column_name",
    "duration_text",
    "is_column_name",
    "read_duration",
    "read_name",
    "read_wait",
    "slug",
]

NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
DURATION = r"[1-9][0-9]{0,8}[smhdw]"
COLUMN_NAME = r"[^\x00-\x1f\x7f-\x9f]+"
MAX_COLUMN_NAME = 512
_RESERVED = "_wk_"
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST = timedelta(days=36_525)


def read_name(field: Field) -> str:
    """The name of a document: it stands in addresses, file names and messages."""
    name = field.text(most=63)
    if not re.fullmatch(NAME, name):
        raise field.must_be(
            "lower-case letters, digits, '.', '_' or '-', starting with a letter or a digit"
            + (f" (such as {slug(name)!r})" if slug(name) else "")
        )
    return name


def column_name(field: Field) -> str:
    """The name of a column: any text of 1 to 512 characters without control characters."""
    name = field.text(most=MAX_COLUMN_NAME)
    if name.startswith(_RESERVED):
        raise field.must_be(
            f"a name that does not start with {_RESERVED!r}, which marks our own columns"
        )
    return name


def is_column_name(name: str) -> bool:
    """Whether a definition may name the column so."""
    return (
        0 < len(name) <= MAX_COLUMN_NAME
        and not CONTROL.search(name)
        and not name.startswith(_RESERVED)
        and not any("\ud800" <= letter <= "\udfff" for letter in name)
    )


def slug(text: str) -> str:
    """The nearest legal name, or an empty text where nothing of it can stand.

    >>> slug("Car loans (2024)")
    'car-loans-2024'
    """
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()[:200]).strip("-._")[:63].rstrip("-._")


def read_duration(field: Field) -> timedelta:
    """A length of time such as ``45m``, ``12h``, ``30d``, ``2w``."""
    text = field.value
    if not isinstance(text, str) or not re.fullmatch(DURATION, text):
        raise field.must_be("a length of time such as 45m, 12h, 30d or 2w")
    length = timedelta(seconds=int(text[:-1]) * _SECONDS[text[-1]])
    if length > _LONGEST:
        raise field.must_be("at most a hundred years")
    return length


def read_wait(field: Field) -> timedelta:
    """A length of time that may be none: ``0s``."""
    return timedelta() if field.value in ("0s", 0) else read_duration(field)


def duration_text(length: timedelta) -> str:
    """The shortest text of a length of whole seconds.

    >>> duration_text(timedelta(days=30)), duration_text(timedelta(hours=36))
    ('30d', '36h')
    """
    seconds = length // timedelta(seconds=1)
    if not seconds:
        return "0s"
    unit = next(letter for letter, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
