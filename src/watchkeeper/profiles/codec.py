"""Profiles as an Arrow table and back: how they lie in the lake.

One row per profile, and one per binning that they share. ``document`` is JSON; its arrays stand in
``ints`` and ``reals``, which Parquet packs well. Every dataclass is written field by field under its
name, so that a field that is added with a default needs nothing here, and old rows stay readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.profile import (
    Accounting,
    BreakdownProfile,
    CategoricalBinning,
    CategoricalProfile,
    ClassificationProfile,
    ClientAccount,
    CountProfile,
    DelayCounts,
    Elsewhere,
    NumericBinning,
    NumericProfile,
    RegressionProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.arrays import integers, reals

__all__ = ["SCHEMA", "Digests", "decode", "encode"]

SCHEMA = pa.schema(
    [
        ("kind", pa.string()),  # "profile" or "binning"
        ("id", pa.string()),
        ("version", pa.string()),
        ("arm", pa.string()),
        ("segment", pa.string()),
        ("rows", pa.int64()),
        ("document", pa.string()),
        ("ints", pa.list_(pa.int64())),
        ("reals", pa.list_(pa.float64())),
    ]
)

_CLASSES = {
    cls.__name__: cls
    for cls in (
        Accounting,
        BreakdownProfile,
        CategoricalBinning,
        CategoricalProfile,
        ClassificationProfile,
        ClientAccount,
        CountProfile,
        DelayCounts,
        Elsewhere,
        NumericBinning,
        NumericProfile,
        RegressionProfile,
        ServiceProfile,
        Window,
        WindowProfile,
    )
}

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of binnings, by identity; ``held`` keeps these alive."""

    held: tuple[NumericBinning | CategoricalBinning, ...]
    by_identity: Mapping[int, str]

    @classmethod
    def of(cls, binnings: Iterable[NumericBinning | CategoricalBinning]) -> Digests:
        """Of these binnings."""
        held, met = tuple(binnings), _Binnings()
        for binning in held:
            _Writer(met).write(binning)
        return cls(held, met.met)

    def of_value(self, binning: NumericBinning | CategoricalBinning) -> str:
        """The digest of one of ``held``."""
        return self.by_identity[id(binning)]


def encode(profiles: Sequence[WindowProfile], *, known: Digests | None = None) -> pa.Table:
    """The profiles as rows of `SCHEMA`, complete in themselves but for ``known`` binnings."""
    binnings = _Binnings() if known is None else _Binnings(met=dict(known.by_identity))
    rows = [_profile_row(profile, binnings) for profile in profiles]
    return pa.Table.from_pylist([*rows, *binnings.rows.values()], schema=SCHEMA)


def decode(table: pa.Table, *, known: Mapping[str, object] | None = None) -> list[WindowProfile]:
    """The profiles in rows of `SCHEMA` (other columns are let be), in their order; ``known`` are
    binnings by digest that are not among the rows.

    Raises
    ------
    InvalidInput
        Where the rows were not made by `encode`, or by a later release than this one.
    """
    if not table.num_rows:
        return []
    missing = set(SCHEMA.names) - set(table.column_names)
    if missing:
        raise InvalidInput(
            f"encoded profiles need columns {SCHEMA.names}, got a table without {sorted(missing)}"
        )
    rows = {name: table.column(name).to_pylist() for name in ("kind", "id", "document")}
    arrays = {name: _lists(table.column(name)) for name in ("ints", "reals")}
    binnings: dict[str, object] = dict(known or {})
    for i, kind in enumerate(rows["kind"]):
        if kind == "binning" and rows["id"][i] not in binnings:
            binnings[rows["id"][i]] = _Reader({}, *_at(arrays, i)).read(
                json.loads(rows["document"][i])
            )
    found = []
    for i, kind in enumerate(rows["kind"]):
        if kind == "profile":
            value = _Reader(binnings, *_at(arrays, i)).read(json.loads(rows["document"][i]))
            if not isinstance(value, WindowProfile):
                raise InvalidInput(f"row {i} of the encoded profiles holds no profile")
            found.append(value)
    return found


def _profile_row(profile: WindowProfile, binnings: _Binnings) -> dict[str, object]:
    writer = _Writer(binnings)
    document = json.dumps(writer.write(profile), separators=(",", ":"))
    return {
        "kind": "profile",
        "id": profile.id,
        "version": profile.version,
        "arm": profile.arm,
        "segment": profile.segment,
        "rows": profile.rows,
        "document": document,
        "ints": writer.joined(writer.ints, np.int64),
        "reals": writer.joined(writer.reals, np.float64),
    }


def _lists(column: pa.ChunkedArray) -> tuple[Ints, npt.NDArray[np.generic]]:
    """A list column as offsets and values."""
    whole = column.combine_chunks()
    values = whole.values
    read = integers if pa.types.is_integer(values.type) else reals
    return integers(whole.offsets), read(values)


def _at(
    arrays: Mapping[str, tuple[Ints, npt.NDArray[np.generic]]], row: int
) -> list[npt.NDArray[np.generic]]:
    return [values[offsets[row] : offsets[row + 1]] for offsets, values in arrays.values()]


@dataclass(slots=True)
class _Binnings:
    """Binnings by digest, as rows; and the digests of those that were met, by identity."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    met: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Writer:
    """Turns values into JSON, and keeps their arrays apart."""

    binnings: _Binnings
    ints: list[Ints] = field(default_factory=list)
    reals: list[Floats] = field(default_factory=list)

    def write(self, value: object) -> object:
        if isinstance(value, tuple | list):
            return [self.write(item) for item in value]
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, NumericBinning | CategoricalBinning):
            return {"binning": self._binning(value)}
        if is_dataclass(value) and not isinstance(value, type):
            named = {f.name: self.write(getattr(value, f.name)) for f in fields(value)}
            return {"is": type(value).__name__, "fields": named}
        return self._plain(value)

    def _plain(self, value: object) -> object:
        if isinstance(value, Mapping):
            return {"map": [[key, self.write(item)] for key, item in value.items()]}
        if isinstance(value, frozenset):
            return {"set": sorted(value)}
        if isinstance(value, datetime):
            return {"time": value.isoformat()}
        return value

    def _array(self, value: Ints | Floats) -> object:
        whole = value.dtype.kind in "iub"
        start = sum(part.size for part in (self.ints if whole else self.reals))
        if whole:
            self.ints.append(value.astype(np.int64).ravel())
        else:
            self.reals.append(value.astype(np.float64).ravel())
        return {"array": "ints" if whole else "reals", "at": start, "shape": value.shape}

    def _binning(self, value: NumericBinning | CategoricalBinning) -> str:
        known = self.binnings.met.get(id(value))
        if known is not None:
            return known
        # Fields by hand: `write` would send a binning back here.
        named = {f.name: self.write(getattr(value, f.name)) for f in fields(value)}
        document = json.dumps({"is": type(value).__name__, "fields": named}, separators=(",", ":"))
        digest = hashlib.blake2b(document.encode(), digest_size=12).hexdigest()
        self.binnings.met[id(value)] = digest
        if digest not in self.binnings.rows:
            self.binnings.rows[digest] = {
                "kind": "binning",
                "id": digest,
                "document": document,
                "ints": [],
                "reals": [],
            }
        return digest

    @staticmethod
    def joined(parts: Sequence[npt.NDArray[np.generic]], kind: type) -> npt.NDArray[np.generic]:
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns what `_Writer` wrote back into values."""

    binnings: Mapping[str, object]
    ints: npt.NDArray[np.generic]
    reals: npt.NDArray[np.generic]

    def read(self, value: object) -> object:
        if isinstance(value, list):
            return tuple(self.read(item) for item in value)
        if not isinstance(value, dict):
            return value
        for mark, read in self._forms().items():
            if mark in value:
                return read(value)
        raise InvalidInput(f"encoded profiles hold a form that is not known here: {sorted(value)}")

    def _forms(self) -> dict[str, Callable[[dict[str, object]], object]]:
        return {
            "array": self._array,
            "binning": lambda value: self.binnings[str(value["binning"])],
            "is": self._object,
            "map": lambda value: {key: self.read(item) for key, item in value["map"]},  # type: ignore[attr-defined]  # pairs
            "set": lambda value: frozenset(value["set"]),  # type: ignore[call-overload]  # a list
            "time": lambda value: datetime.fromisoformat(str(value["time"])),
        }

    def _array(self, value: dict[str, object]) -> npt.NDArray[np.generic]:
        shape: tuple[int, ...] = tuple(value["shape"])  # type: ignore[arg-type]  # a list
        start = int(str(value["at"]))
        source = self.ints if value["array"] == "ints" else self.reals
        return source[start : start + int(np.prod(shape, dtype=np.int64))].reshape(shape)

    def _object(self, value: dict[str, object]) -> object:
        cls: type | None = _CLASSES.get(str(value["is"]))
        named = value["fields"]
        if cls is None or not isinstance(named, dict):
            raise InvalidInput(
                f"encoded profiles hold a {value['is']}, which this release does not know: upgrade"
            )
        unknown = set(named) - {f.name for f in fields(cls)}
        if unknown:
            raise InvalidInput(
                f"encoded profiles hold fields {sorted(unknown)} of {value['is']}, which this "
                "release does not know: upgrade"
            )
        make: Callable[..., object] = cls
        return make(**{name: self.read(item) for name, item in named.items()})
