"""Which rows are new, which repeat an earlier one, and which contradict it.

A prediction's id stands for one content for ever: the same again is a duplicate, another one is
rejected (`id_reused`). A label may be told again, and corrected, at any time and in any order:
every telling is kept, for the join to choose from; only a row that repeats another one of its own
batch is a duplicate. Labels also learn here when their prediction was made, so that they are
stored with it; where that is not known yet they are kept under no day, and joined from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from watchkeeper.catalog.inbox import IdRecord, InboxWrite
from watchkeeper.domain.model import Model
from watchkeeper.ingest.content import id_hashes
from watchkeeper.ingest.reasons import Reason, Rejections
from watchkeeper.ingest.rows import RowKind
from watchkeeper.ingest.validate import Checked

__all__ = ["Settled", "settle"]

Ints = npt.NDArray[np.int64]
UNKNOWN = -1  # no event time is negative: ingest refuses times before 1970


@dataclass(frozen=True, slots=True)
class Settled:
    """Row numbers: the predictions to store, the labels to store, and how many only repeat.

    ``label_micros`` goes with ``label_rows``: when the prediction was made; UNKNOWN (−1) where
    that is not known yet.
    """

    prediction_rows: Ints
    label_rows: Ints
    label_micros: Ints
    duplicate_rows: Ints
    counts: tuple[int, int, int]  # accepted, rejected, duplicate


def settle(
    checked: Checked, kind: RowKind, model: Model, inbox: InboxWrite, *, until: datetime
) -> Settled:
    """Compare a batch's rows with what is remembered, and remember them ``until`` then."""
    new = np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
    if kind is RowKind.PREDICTIONS:
        new, repeats = _settle_predictions(checked, rows, model, inbox, until)
        sound = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
        labels, _ = _distinct_labels(checked, _with_label(checked, sound))
        accepted = len(new)
    else:
        labels, repeats = _distinct_labels(checked, rows)
        accepted = len(labels)
    micros = _prediction_times(checked, labels, model, inbox)
    return Settled(new, labels, micros, repeats, (accepted, len(checked.rejections), len(repeats)))


def _settle_predictions(
    checked: Checked, rows: Ints, model: Model, inbox: InboxWrite, until: datetime
) -> tuple[Ints, Ints]:
    hashes = id_hashes(model.name, _ids(checked, rows))
    known = dict(inbox.known(hashes))
    fresh: dict[int, IdRecord] = {}
    owner: dict[int, int] = {}
    for row, identity in zip(rows.tolist(), hashes, strict=True):
        if identity not in known and identity not in fresh:
            content = int(checked.contents[row])
            fresh[identity] = IdRecord(identity, int(checked.micros[row]), content)
            owner[identity] = row
    raced = inbox.remember(tuple(fresh.values()), until=until)
    if raced:  # another writer remembered them between our look and our write
        known.update(inbox.known(sorted(raced)))
        for identity in raced:
            del owner[identity]
    new: list[int] = []
    repeats: list[int] = []
    for row, identity in zip(rows.tolist(), hashes, strict=True):
        if owner.get(identity) == row:
            new.append(row)
            continue
        earlier = fresh[identity] if identity in owner else known[identity]
        if earlier.content == int(checked.contents[row]):
            repeats.append(row)
        else:
            _reject_reused(checked.rejections, row, checked.ids[row])
    return np.array(new, dtype=np.int64), np.array(repeats, dtype=np.int64)


def _reject_reused(rejections: Rejections, row: int, identity: str | None) -> None:
    rejections.add(
        row,
        Reason.ID_REUSED,
        f"an id must stand for one prediction, and {identity!r} was received with other content: "
        "give every prediction its own id",
    )


def _distinct_labels(checked: Checked, rows: Ints) -> tuple[Ints, Ints]:
    """The rows that tell a truth, and those that only tell the batch's last truth of an id again."""
    last: dict[str | None, int] = {}
    new: list[int] = []
    repeats: list[int] = []
    for row in rows.tolist():
        identity, truth = checked.ids[row], int(checked.label_contents[row])
        (repeats if last.get(identity) == truth else new).append(row)
        last[identity] = truth
    return np.array(new, dtype=np.int64), np.array(repeats, dtype=np.int64)


def _with_label(checked: Checked, rows: Ints) -> Ints:
    if checked.labels is None:
        return np.empty(0, dtype=np.int64)
    given = checked.labels.is_valid().to_numpy(zero_copy_only=False)
    told: Ints = rows[given[rows]]
    return told


def _prediction_times(checked: Checked, rows: Ints, model: Model, inbox: InboxWrite) -> Ints:
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64)
    hashes = id_hashes(model.name, _ids(checked, rows))
    known: Mapping[int, IdRecord] = inbox.known(hashes)
    times = [known[identity].time if identity in known else UNKNOWN for identity in hashes]
    return np.array(times, dtype=np.int64)


def _ids(checked: Checked, rows: Ints) -> Sequence[str]:
    return [str(checked.ids[row]) for row in rows.tolist()]
