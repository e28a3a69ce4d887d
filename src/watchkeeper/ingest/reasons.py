"""Why a row was not accepted: a stable code and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Reason", "Refused", "Rejection", "Rejections", "show"]

_SHOWN = 60


class Reason(StrEnum):
    """The stable codes; programs may depend on them."""

    BAD_ROW = "bad_row"  # not a mapping of names to values
    MISSING_ID = "missing_id"  # a label must say of which prediction it is
    BAD_ID = "bad_id"  # not text and not a whole number, or empty
    ID_TOO_LONG = "id_too_long"
    BAD_TIME = "bad_time"  # not a time, or before 1970
    FUTURE_TIME = "future_time"  # more than a day after it was received
    BAD_TYPE = "bad_type"  # a value that its column's type cannot hold
    OVERSIZED_VALUE = "oversized_value"
    MISSING_LABEL = "missing_label"
    BAD_LABEL = "bad_label"  # NaN, infinite, or not of the label's type
    ID_REUSED = "id_reused"  # the id came before with other content
    SCHEMA_CONFLICT = "schema_conflict"  # stored under another type by an older definition
    UNREADABLE = "unreadable"  # a message or a file of which no rows could be read
    UNPAIRED = "unpaired"  # a request whose response never came, or the other way round
    CHANGED_FILE = "changed_file"  # a file that was taken in before, with other content


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one row was not accepted; ``row`` counts from 0 in its batch."""

    row: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What stands in the place of a row that could not be made one: why, and what was there."""

    reason: Reason
    detail: str
    content: object


class Rejections:
    """The rejected rows of a batch while it is checked: the first reason of a row stands."""

    def __init__(self) -> None:
        self._found: dict[int, Rejection] = {}

    def add(self, row: int, reason: Reason, detail: str) -> None:
        """Reject a row, unless it is rejected already."""
        self._found.setdefault(row, Rejection(row, reason, detail))

    def mask(self, rows: int) -> npt.NDArray[np.bool_]:
        """True where a row is rejected, shape (rows,)."""
        mask = np.zeros(rows, dtype=bool)
        mask[list(self._found)] = True
        return mask

    def copy(self) -> Rejections:
        """The same, to be added to without changing these."""
        made = Rejections()
        made._found.update(self._found)
        return made

    def all(self) -> tuple[Rejection, ...]:
        """Every rejection, by row."""
        return tuple(self._found[row] for row in sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)


def show(value: object) -> str:
    """A value in a sentence: cut short, and never able to break the line."""
    text = repr(value) if len(str(value)) <= _SHOWN else repr(str(value)[:_SHOWN]) + "…"
    return f"{text} ({type(value).__name__})"
