"""Rejected rows sent again, fixed or as they are, each at most once.

A row that would be rejected again stays where it is. One that is taken is marked in the transaction
that takes it, under an id that follows from its place in the quarantine where it had none: so a
replay that is repeated, interrupted or run twice at once counts no row twice. To the accounts it is
a row received anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.database import to_micros
from watchkeeper.catalog.inbox import InboxWrite, StoredReceipt
from watchkeeper.catalog.replays import mark_replayed
from watchkeeper.domain.model import Column, ColumnType, Model, Policy
from watchkeeper.ingest.content import mint_id
from watchkeeper.ingest.fixes import Fix, fixed
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind, open_batch
from watchkeeper.ingest.validate import Arrival, check

__all__ = ["Example", "HeldRow", "Replay", "Replayed"]

_AT_ONCE = 5_000
_EXAMPLES = 5
_SENDER = "quarantine"
_INTERNAL = ("_wk_batch", "_wk_day", "_wk_known_at", "_wk_extra", "_wk_seq")
_LOST = ("(withheld)", "… (")  # what policies or the length of a value kept out of the quarantine


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row of the quarantine: its place there and its name, when it came, what it was, and its
    JSON text.
    """

    place: int
    name: str
    known_at: datetime
    kind: RowKind
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """What becomes of one row: how it looks after the fix, and why it is not taken (None: it is)."""

    name: str
    row: Mapping[str, object] | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did, or would do.

    ``rows = ready + held``: ``ready`` rows can be taken and ``held`` ones not. Of the ready ones
    ``accepted`` were taken, ``duplicate`` are there already, ``rejected`` were rejected anew for
    another reason than before (an id of other content).
    """

    rows: int = 0
    ready: int = 0
    held: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    examples: tuple[Example, ...] = ()

    def plus(self, other: Replayed) -> Replayed:
        """Both together."""
        return Replayed(
            self.rows + other.rows,
            self.ready + other.ready,
            self.held + other.held,
            self.accepted + other.accepted,
            self.duplicate + other.duplicate,
            self.rejected + other.rejected,
            (*self.examples, *other.examples)[:_EXAMPLES],
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Rows of one kind after the fix; ``problems`` says of each why it is not taken, or None."""

    held: Sequence[HeldRow]
    rows: Sequence[Mapping[str, object] | None]
    problems: Sequence[str | None]

    def ready(self) -> list[int]:
        """The places, in this group, of the rows that can be taken."""
        return [place for place, problem in enumerate(self.problems) if problem is None]


@dataclass(frozen=True, slots=True)
class Replay:
    """Sends rows of the quarantine again."""

    catalog: Catalog
    receiver: Receiver

    def run(
        self, model: Model, rows: Iterable[HeldRow], fix: Fix, *, now: datetime, only_say: bool
    ) -> Replayed:
        """Fix rows and take those that are sound now; ``only_say``: change nothing, say what it
        would do. Rows that were replayed before are left out.
        """
        done, left = Replayed(), iter(rows)
        while some := list(islice(left, _AT_ONCE)):
            marked = self.catalog.replays.of(model.name, [row.place for row in some])
            for kind in RowKind:
                group = [row for row in some if row.kind is kind and row.place not in marked]
                if group:
                    prepared = _prepared(_guarded(model), group, fix, now=now)
                    done = done.plus(self._take(model, kind, prepared, now, only_say=only_say))
        return done

    def _take(
        self, model: Model, kind: RowKind, group: _Prepared, now: datetime, *, only_say: bool
    ) -> Replayed:
        ready = group.ready()
        told = Replayed(
            rows=len(group.held),
            ready=len(ready),
            held=len(group.held) - len(ready),
            examples=tuple(islice(_examples(group), _EXAMPLES)),
        )
        if only_say or not ready:
            return told
        places = [group.held[row].place for row in ready]
        batch = f"replay-{_digest(places)}"

        def mark(inbox: InboxWrite, _: StoredReceipt) -> None:
            mark_replayed(inbox, model.name, places, batch=batch, at=now)

        receipt = self.receiver.receive(
            _guarded(model),
            kind,
            [dict(group.rows[row] or {}) for row in ready],
            batch_id=batch,
            key=_SENDER,
            known_at=now,
            beside=mark,
        )
        return replace(
            told,
            accepted=receipt.accepted,
            duplicate=receipt.duplicate,
            rejected=receipt.rejected,
        )


def _prepared(model: Model, held: Sequence[HeldRow], fix: Fix, *, now: datetime) -> _Prepared:
    rows: list[Mapping[str, object] | None] = []
    problems: list[str | None] = []
    for row in held:
        try:
            rows.append(_named(fixed(_parsed(row.text), fix), row, model))
            problems.append(None)
        except ValueError as error:
            rows.append(None)
            problems.append(str(error))
    batch = open_batch([row or {} for row in rows], model)
    arrival = Arrival(now, _SENDER, _SENDER, b"")
    for item in check(batch, held[0].kind, model, arrival).rejections.all():
        problems[item.row] = problems[item.row] or item.detail
    return _Prepared(held, rows, problems)


def _parsed(text: str) -> Mapping[str, object]:
    row = json.loads(text)
    if not isinstance(row, dict):
        raise ValueError("it is no row of names and values")  # noqa: TRY004  of the text
    if any(word in text or json.dumps(word)[1:-1] in text for word in _LOST):
        raise ValueError("a part of it was kept out of the quarantine, by a policy or its length")
    return {name: value for name, value in row.items() if name not in _INTERNAL}


def _named(row: dict[str, object], held: HeldRow, model: Model) -> Mapping[str, object]:
    """The row with an id and a time that are the same at every replay."""
    batch = open_batch([row], model)
    micros = to_micros(held.known_at)
    for word, given in (
        ("id", mint_id(f"{_SENDER}\x00{model.name}\x00{held.place}", micros)),
        ("time", held.known_at.isoformat()),
    ):
        values = batch.system(word, model)
        absent = values is None or values[0] is None
        if absent and held.kind is RowKind.PREDICTIONS:
            row[f"_wk_{word}"] = given
    return row


def _guarded(model: Model) -> Model:
    """The model for rows that its policies were applied to: they are not applied again."""
    columns = tuple(
        replace(column, policy=Policy.KEEP, type=_as_stored(column))
        if column.policy in {Policy.HASH, Policy.BUCKET}
        else column
        for column in model.columns
    )
    return replace(model, columns=columns)


def _as_stored(column: Column) -> ColumnType:
    return ColumnType.CATEGORICAL if column.policy is Policy.HASH else column.type


def _examples(group: _Prepared) -> Iterator[Example]:
    """First those that are not taken."""
    order = sorted(range(len(group.held)), key=lambda row: group.problems[row] is None)
    for row in order:
        yield Example(group.held[row].name, group.rows[row], group.problems[row])


def _digest(places: Sequence[int]) -> str:
    return hashlib.blake2b(repr(list(places)).encode(), digest_size=12).hexdigest()
