"""How encoded profiles lie in the lake: which window, which revision, known since when."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from watchkeeper.domain.window import Window
from watchkeeper.lake.schemas import STAMP

__all__ = ["ProfilePart", "each_part", "latest_parts", "stamped"]

_SYSTEM = ("_wk_start", "_wk_end", "_wk_known_at", "_wk_revision", "_wk_reference", "_wk_part")


@dataclass(frozen=True, slots=True)
class ProfilePart:
    """One revision of one window: the encoded profiles of all its slices.

    ``window`` is None for profiles without time, and for a baseline stored as a whole.
    """

    window: Window | None
    known_at: datetime
    revision: int
    rows: pa.Table


def stamped(parts: Sequence[ProfilePart], reference: str | None) -> pa.Table:
    """The parts' rows, one below the other, with the columns by which they are found again."""
    return pa.concat_tables([_stamp(part, reference) for part in parts], promote_options="default")


def _stamp(part: ProfilePart, reference: str | None) -> pa.Table:
    window = part.window
    # A part that a crash made its writer append twice is told from its twin by this name.
    values: tuple[tuple[object, pa.DataType], ...] = (
        (window and window.start, STAMP),
        (window and window.end, STAMP),
        (part.known_at, STAMP),
        (part.revision, pa.int64()),
        (reference, pa.string()),
        (uuid.uuid4().hex, pa.string()),
    )
    rows = part.rows
    for name, (value, kind) in zip(_SYSTEM, values, strict=True):
        column = pa.repeat(pa.scalar(value, kind), rows.num_rows)
        rows = rows.append_column(name, column)
    return rows


def each_part(rows: pa.Table | None) -> list[ProfilePart]:
    """Every revision of every window, each once, in the order in which they came to be known."""
    if rows is None or not rows.num_rows:
        return []
    keys = ("_wk_start", "_wk_end", "_wk_known_at", "_wk_revision")
    parts = rows.group_by([*keys, "_wk_part"]).aggregate([]).to_pylist()
    # A part that a crash made its writer append twice has a twin: either will do.
    found = {tuple(part[name] for name in keys): part for part in parts}
    places = rows.column("_wk_part").combine_chunks().dictionary_encode()
    numbers = {name: number for number, name in enumerate(places.dictionary.to_pylist())}
    where = places.indices.to_numpy()
    plain = rows.drop_columns(list(_SYSTEM))
    made = [
        ProfilePart(
            None if part["_wk_start"] is None else Window(part["_wk_start"], part["_wk_end"]),
            part["_wk_known_at"],
            part["_wk_revision"],
            plain.take(pa.array(np.flatnonzero(where == numbers[part["_wk_part"]]))),
        )
        for part in found.values()
    ]
    return sorted(made, key=lambda part: (part.known_at, part.revision, str(part.window)))


def latest_parts(rows: pa.Table | None) -> pa.Table:
    """Of each window the rows of its latest revision, each part once, without system columns."""
    if rows is None:
        return pa.table({})
    start = rows.column("_wk_start").cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
    end = rows.column("_wk_end").cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
    revision = rows.column("_wk_revision").to_numpy()
    known = rows.column("_wk_known_at").cast(pa.int64()).to_numpy()
    part = rows.column("_wk_part").combine_chunks().dictionary_encode().indices.to_numpy()

    order = np.lexsort((part, revision, known, end, start))
    ordered = np.stack([start, end])[:, order]
    closes = np.append(np.any(ordered[:, 1:] != ordered[:, :-1], axis=0), [True] * (len(order) > 0))
    winner = part[order][np.flatnonzero(closes)]
    kept = order[np.isin(part[order], winner)]
    return rows.take(pa.array(kept)).drop_columns(list(_SYSTEM))
