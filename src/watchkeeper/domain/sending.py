"""What a client says about itself with every batch, so that a missing row is seen.

A client is one life of one process. It numbers the rows of one model and kind (predictions,
labels) that it writes to its spool, from 1, without a hole: such a run of numbers is a *stream*.
A row that was sampled out or dropped takes no number and is counted instead. A batch says which
numbers it holds, and how many were given out so far; whatever number never arrives is a lost row.
Numbers stay with their rows for ever: a batch that is sent again, or by another process that
found the spool of a dead one, says what the first would have said, but for ``sent_at``.

On the wire it is one header, `SENDING_HEADER`, of JSON::

    Watchkeeper-Client: {"client_id": "6f…", "sent_at": "2026-11-21T17:00:00.5+00:00",
      "first_sequence": 1, "last_sequence": 400,
      "counts": {"spooled": 450, "dropped": 0, "rejected": 0, "sampled": 0},
      "host": "web-1", "pid": 4711, "horizon_seconds": 86400.0}

The header is optional, and so is all of it but ``client_id`` and ``sent_at``. A batch without rows
may carry one: a client that falls silent, or ends (``closed``), says how many numbers it gave out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from watchkeeper.errors import InvalidInput

__all__ = ["SENDING_HEADER", "Sending", "SentCounts", "decode_sending", "encode_sending"]

SENDING_HEADER = "Watchkeeper-Client"
_LONGEST_CLIENT, _LONGEST_LABEL = 64, 200
_MOST = 2**62
_LONGEST_HORIZON_SECONDS = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class SentCounts:
    """Rows of the stream so far, by what the client did with them.

    ``spooled`` took a number, so it is the last number given out. ``dropped`` could not be kept,
    ``sampled`` were left out by sampling; neither took a number. ``rejected`` took one and were
    refused by the server as a whole, so that they are not in its quarantine.
    """

    spooled: int = 0
    dropped: int = 0
    rejected: int = 0
    sampled: int = 0

    def __post_init__(self) -> None:
        for name, rows in asdict(self).items():
            if type(rows) is not int or not 0 <= rows < _MOST:
                raise InvalidInput(f"counts.{name} must be a count of rows, got {rows!r}")


@dataclass(frozen=True, slots=True)
class Sending:
    """One batch's word about its client.

    Attributes
    ----------
    client_id
        New for every life of a process (and for a forked child).
    sent_at
        The client's own clock when it sent this, or sent it again.
    first_sequence, last_sequence
        The numbers of the batch's rows, both included; None where it has no rows.
    counts
        Rows of this stream so far.
    host, pid
        Labels for people; they tell nothing apart.
    horizon_seconds
        How long a row may wait on the client's side before it is given up.
    closed
        The process ended in order: what it gave out is all there will ever be.
    """

    client_id: str
    sent_at: datetime
    first_sequence: int | None = None
    last_sequence: int | None = None
    counts: SentCounts = field(default_factory=SentCounts)
    host: str = ""
    pid: int = 0
    horizon_seconds: float = 86_400.0
    closed: bool = False

    def __post_init__(self) -> None:
        _require_text("client_id", self.client_id, _LONGEST_CLIENT)
        if self.host:
            _require_text("host", self.host, _LONGEST_LABEL)
        if self.sent_at.tzinfo is None:
            raise InvalidInput(f"sent_at must carry a time zone, got {self.sent_at.isoformat()!r}")
        if type(self.pid) is not int or not 0 <= self.pid < _MOST:
            raise InvalidInput(f"pid must be a whole number of at least 0, got {self.pid!r}")
        if type(self.closed) is not bool:
            raise InvalidInput(f"closed must be true or false, got {self.closed!r}")
        self._require_range()
        self._require_horizon()

    @property
    def rows(self) -> int:
        """How many rows the batch must hold."""
        if self.first_sequence is None or self.last_sequence is None:
            return 0
        return self.last_sequence - self.first_sequence + 1

    def _require_range(self) -> None:
        first, last = self.first_sequence, self.last_sequence
        if first is None and last is None:
            return
        whole = type(first) is int and type(last) is int
        if not whole or not 1 <= (first or 0) <= (last or 0) < _MOST:
            raise InvalidInput(
                "first_sequence and last_sequence must be whole numbers with 1 <= first <= last, "
                f"or both be absent, got {first!r} and {last!r}"
            )

    def _require_horizon(self) -> None:
        given = self.horizon_seconds
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if not number or not 0 <= given <= _LONGEST_HORIZON_SECONDS:
            raise InvalidInput(
                f"horizon_seconds must lie between 0 and {_LONGEST_HORIZON_SECONDS:.0f}, "
                f"got {given!r}"
            )


def encode_sending(sending: Sending) -> str:
    """The value of the header: ASCII on one line, whatever the labels are."""
    document = {name: value for name, value in asdict(sending).items() if value is not None}
    return json.dumps({**document, "sent_at": sending.sent_at.isoformat()}, separators=(",", ":"))


def decode_sending(text: str) -> Sending:
    """What `encode_sending` wrote; keys of later versions are passed over.

    InvalidInput where it is no such thing: a client that says nonsense about itself is told so.
    """
    document = _document(text)
    counts = document.get("counts", {})
    if not isinstance(counts, dict):
        raise InvalidInput(f"counts in {SENDING_HEADER} must be an object, got {counts!r}")
    try:
        return Sending(
            **{name: document[name] for name in _PLAIN if name in document},
            sent_at=_moment(document.get("sent_at")),
            counts=SentCounts(**{name: counts[name] for name in _COUNTS if name in counts}),
        )
    except TypeError as error:
        raise InvalidInput(f"{SENDING_HEADER} lacks something: {error}") from error


_PLAIN = tuple(name for name in Sending.__dataclass_fields__ if name not in {"sent_at", "counts"})
_COUNTS = tuple(SentCounts.__dataclass_fields__)


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{SENDING_HEADER} must be JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{SENDING_HEADER} must be a JSON object, got {text[:100]!r}")
    return found


def _moment(given: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(given))
        return found.astimezone(UTC) if found.tzinfo is not None else found
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"sent_at must be an ISO 8601 time, got {given!r}") from error


def _require_text(name: str, given: str, longest: int) -> None:
    if not isinstance(given, str) or not 0 < len(given) <= longest or not given.isprintable():
        raise InvalidInput(
            f"{name} must have 1 to {longest} printable characters, got {str(given)[:80]!r}"
        )
