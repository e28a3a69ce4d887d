"""Accounts on the wire: what became of every row, and who sent them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["AccountDay", "AccountRow", "ClientRow", "ClockWire", "GapWire", "ModelAccount"]


# Predictions of which only profiles were sent are counted, and never stored.
RowsSent = Literal["predictions", "labels", "profiles"]


class AccountRow(Wire):
    """What became of the rows of one window.

    ``received = accepted + duplicate + rejected``. Of the accepted, ``joined`` have a label and
    ``late`` came to be known after the window was due. ``missing`` were numbered by a client and
    never arrived, ``dropped`` could not be kept there, ``sampled`` were left out on purpose: none of
    these was received. ``closing``: ``open`` while more is expected, ``provisional`` once it was
    judged although more may come, ``complete`` from the moment that the watermark has passed it.
    """

    window: WindowWire
    closing: Literal["open", "provisional", "complete"]
    received: int
    accepted: int
    duplicate: int
    rejected: int
    joined: int
    late: int
    missing: int
    dropped: int
    sampled: int


class AccountDay(Wire):
    """What became of the rows of one kind that came to be known on one day (UTC).

    ``checked_at`` is when the day was compared with what is stored, null until it is over;
    ``fault`` says what did not agree, empty where all of it did.
    """

    day: date
    kind: RowsSent
    received: int
    accepted: int
    duplicate: int
    rejected: int
    batches: int
    checked_at: datetime | None
    fault: str


class ModelAccount(Wire):
    """The accounts of a model: its windows, oldest first, and the days on which their rows came,
    newest first.

    ``watermark`` is the event time up to which its rows are believed to be complete, null before
    the first. ``numbered`` says whether clients number their rows: where none does, nothing is known
    of rows that never arrived, and ``missing`` is 0 for want of a witness.
    """

    watermark: datetime | None
    numbered: bool
    windows: list[AccountRow]
    days: list[AccountDay]


class GapWire(Wire):
    """Numbers ``first`` to ``last`` that did not arrive, between rows made at ``since`` and at
    ``until``. ``told``: they can hardly arrive any more, and a window is charged with them.
    """

    first: int
    last: int
    since: datetime | None
    until: datetime | None
    told: bool


class ClockWire(Wire):
    """How far a client's clock is ahead (negative: behind), in seconds: ``seconds`` and ``low`` are
    the least that its messages allow, ``high`` the most that is likely. ``off``: it is wrong by more
    than the tolerance for sure.
    """

    seconds: float
    low: float
    high: float
    n: int
    off: bool


class ClientRow(Wire):
    """One client, a life of a process, and what is known of its rows of one kind.

    ``given`` numbers were given out, as far as it said, ``arrived`` of them are here and ``missing``
    are not although a later one is; ``lost`` of those are told. ``refused`` were refused as whole
    batches. ``gaps`` holds the latest 20.
    """

    client_id: str
    name: str
    host: str
    pid: int
    kind: Literal["predictions", "labels", "profiles"]
    first_seen: datetime
    last_seen: datetime
    closed: bool
    given: int
    arrived: int
    missing: int
    lost: int
    dropped: int
    refused: int
    sampled: int
    gaps: list[GapWire]
    clock: ClockWire | None
