"""Which rows are new, which repeat an earlier one, and which contradict it.

A prediction's id stands for one content for ever: the same again is a duplicate, another one is
rejected (`id_reused`). A label may be corrected: the same truth again is a duplicate, another one
a correction. Labels also learn here when their prediction was made, so that they are stored with
it; where that is not known yet they are kept under no day, and joined from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from watchkeeper.catalog.database import to_micros
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
    checked: Checked,
    kind: RowKind,
    model: Model,
    inbox: InboxWrite,
    *,
    known_at: datetime,
    until: datetime,
) -> Settled:
    """Compare a batch's rows with what is remembered, and remember them."""
    known = to_micros(known_at)
    rows = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
    if kind is RowKind.PREDICTIONS:
        new, repeats = _settle_predictions(checked, rows, model, inbox, (known, until))
        sound = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
        told = _with_label(checked, sound)
        labels, _ = _settle_labels(checked, told, model, inbox, (known, until))
        micros = checked.micros[labels]
        accepted = len(new)
    else:
        new = np.empty(0, dtype=np.int64)
        labels, repeats = _settle_labels(checked, rows, model, inbox, (known, until))
        micros = _prediction_times(checked, labels, model, inbox)
        accepted = len(labels)
    counts = (accepted, len(checked.rejections), len(repeats))
    return Settled(new, labels, micros, repeats, counts)


def _settle_predictions(
    checked: Checked, rows: Ints, model: Model, inbox: InboxWrite, stamp: tuple[int, datetime]
) -> tuple[Ints, Ints]:
    known_at, until = stamp
    hashes = id_hashes(model.name, RowKind.PREDICTIONS.value, _ids(checked, rows))
    known = dict(inbox.known(hashes))
    fresh: dict[int, IdRecord] = {}
    owner: dict[int, int] = {}
    for row, identity in zip(rows.tolist(), hashes, strict=True):
        if identity not in known and identity not in fresh:
            content = int(checked.contents[row])
            fresh[identity] = IdRecord(identity, int(checked.micros[row]), known_at, content)
            owner[identity] = row
    raced = inbox.remember(tuple(fresh.values()), until=until)
    if raced:  # another writer remembered them between our look and our write
        known.update(inbox.known(sorted(raced)))
        for identity in raced:
            del owner[identity]
    new, repeats = [], []
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


def _settle_labels(
    checked: Checked, rows: Ints, model: Model, inbox: InboxWrite, stamp: tuple[int, datetime]
) -> tuple[Ints, Ints]:
    if len(rows) == 0 or checked.labels is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    known_at, until = stamp
    contents = checked.label_contents
    hashes = id_hashes(model.name, RowKind.LABELS.value, _ids(checked, rows))
    known: dict[int, IdRecord] = dict(inbox.known(hashes))
    fresh: dict[int, IdRecord] = {}
    revised: dict[int, IdRecord] = {}
    new, repeats = [], []
    for row, identity in zip(rows.tolist(), hashes, strict=True):
        said = IdRecord(identity, None, known_at, int(contents[row]))
        earlier = revised.get(identity) or fresh.get(identity) or known.get(identity)
        if earlier is not None and earlier.content == said.content and earlier.known_at <= known_at:
            repeats.append(row)
            continue
        new.append(row)
        if earlier is None or identity in fresh:
            fresh[identity] = said
        elif earlier.known_at <= known_at:
            revised[identity] = said
    # Where two writers tell of one label at once, both are stored and the later known wins.
    inbox.remember(tuple(fresh.values()), until=until)
    inbox.revise(tuple(revised.values()))
    return np.array(new, dtype=np.int64), np.array(repeats, dtype=np.int64)


def _with_label(checked: Checked, rows: Ints) -> Ints:
    if checked.labels is None:
        return np.empty(0, dtype=np.int64)
    given = checked.labels.is_valid().to_numpy(zero_copy_only=False)
    told: Ints = rows[given[rows]]
    return told


def _prediction_times(checked: Checked, rows: Ints, model: Model, inbox: InboxWrite) -> Ints:
    hashes = id_hashes(model.name, RowKind.PREDICTIONS.value, _ids(checked, rows))
    known: Mapping[int, IdRecord] = inbox.known(hashes)
    times = [known[identity].time if identity in known else None for identity in hashes]
    return np.array([UNKNOWN if time is None else time for time in times], dtype=np.int64)


def _ids(checked: Checked, rows: Ints) -> Sequence[str]:
    return [str(checked.ids[row]) for row in rows.tolist()]
