"""Which rows are new, which repeat an earlier one, and which contradict it.

A prediction's id stands for one content for ever: the same again is a duplicate, another one is
rejected (`id_reused`). A label may be told again, and corrected, at any time and in any order:
every telling is kept, for the join to choose from; only a row that repeats another one of its own
batch is a duplicate. Labels also learn here when their prediction was made, so that they are
stored with it; where that is not known yet they are kept under no day, and joined from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.ingest.id_index import Ids, IdSession
from watchkeeper.ingest.reasons import Reason
from watchkeeper.ingest.rows import RowKind
from watchkeeper.ingest.validate import Checked

__all__ = ["UNKNOWN", "Settled", "settle"]

Ints = npt.NDArray[np.int64]
UNKNOWN = -1  # no event time is negative: ingest refuses times before 1970
_NONE = np.empty(0, dtype=np.int64)


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


def settle(checked: Checked, kind: RowKind, ids: Ids, session: IdSession, *, until: int) -> Settled:
    """Compare a batch's rows, whose ids are ``ids``, with what is remembered, and remember them
    ``until`` then (microseconds since 1970).
    """
    new = _NONE
    rows = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
    if kind is RowKind.PREDICTIONS:
        new, repeats = _settle_predictions(checked, rows, ids, session, until)
        sound = np.flatnonzero(~checked.rejections.mask(len(checked.ids)))
        labels, _ = _distinct_labels(checked, _with_label(checked, sound), ids)
        accepted = len(new)
    else:
        labels, repeats = _distinct_labels(checked, rows, ids)
        accepted = len(labels)
    micros = session.find(ids.take(labels)).times if len(labels) else _NONE
    return Settled(new, labels, micros, repeats, (accepted, len(checked.rejections), len(repeats)))


def _settle_predictions(
    checked: Checked, rows: Ints, ids: Ids, session: IdSession, until: int
) -> tuple[Ints, Ints]:
    if len(rows) == 0:
        return _NONE, _NONE
    some, contents = ids.take(rows), checked.contents[rows]
    known = session.find(some)
    _, first, owner = np.unique(some.hashes, return_index=True, return_inverse=True)
    earlier = np.where(known.found, known.contents, contents[first[owner]])
    is_new = ~known.found & (first[owner] == np.arange(len(rows)))
    is_repeat = ~is_new & (earlier == contents)
    for row in rows[~is_new & ~is_repeat].tolist():
        _reject_reused(checked, row)
    new = rows[is_new]
    session.add(ids.take(new), checked.micros[new], checked.contents[new], until=until)
    return new, rows[is_repeat]


def _reject_reused(checked: Checked, row: int) -> None:
    checked.rejections.add(
        row,
        Reason.ID_REUSED,
        f"an id must stand for one prediction, and {checked.ids[row].as_py()!r} was received with "
        "other content: give every prediction its own id",
    )


def _distinct_labels(checked: Checked, rows: Ints, ids: Ids) -> tuple[Ints, Ints]:
    """The rows that tell a truth, and those that only tell the batch's last truth of an id again."""
    order = rows[np.argsort(ids.hashes[rows], kind="stable")]
    hashes, truths = ids.hashes[order], checked.label_contents[order]
    repeats = np.zeros(len(order), dtype=bool)
    repeats[1:] = (hashes[1:] == hashes[:-1]) & (truths[1:] == truths[:-1])
    return np.sort(order[~repeats]), np.sort(order[repeats])


def _with_label(checked: Checked, rows: Ints) -> Ints:
    if checked.labels is None:
        return _NONE
    given = checked.labels.is_valid().to_numpy(zero_copy_only=False)
    told: Ints = rows[given[rows]]
    return told
