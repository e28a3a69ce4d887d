"""What can be seen of one column in a sample: storage, distinct values, numbers, moments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from watchkeeper.definitions.words import words_of
from watchkeeper.profiles.arrays import flags, integers

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Facts", "Floats", "Storage", "class_of", "facts_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\Z")
_PADDED = re.compile(r"[-+]?0\d")  # a code such as 02139: never a number
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?\Z"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Storage(StrEnum):
    """How the values are stored, as far as guessing cares."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    MOMENT = "moment"
    VECTOR = "vector"
    OTHER = "other"
    EMPTY = "empty"


@dataclass(frozen=True, eq=False)
class Facts:
    """One column of a sample.

    ``codes`` gives each row the index of its value among ``values`` (the distinct ones, in order
    of appearance), -1 where it is missing; ``native`` is the Arrow type; ``trouble`` says why the
    values could not be read, if so. Not slotted: the derived facts are computed once, when asked.
    """

    name: str
    position: int
    native: str
    storage: Storage
    values: tuple[object, ...]
    codes: Ints
    trouble: str = ""

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name."""
        return words_of(self.name)

    @property
    def rows(self) -> int:
        """Rows of the sample."""
        return len(self.codes)

    @property
    def distinct(self) -> int:
        """Different values, the missing one not counted."""
        return len(self.values)

    @cached_property
    def present(self) -> int:
        """Rows with a value."""
        return int((self.codes >= 0).sum())

    @property
    def unique(self) -> bool:
        """Every row has a value and no value comes twice."""
        return self.rows > 1 and self.distinct == self.rows

    @cached_property
    def numbers(self) -> Floats | None:
        """The rows as numbers, NaN where missing; None where the values are no numbers."""
        by_value = self.number_of_value
        return None if by_value is None else _spread(by_value, self.codes)

    @cached_property
    def number_of_value(self) -> Floats | None:
        """The distinct values as numbers; None where they are no numbers."""
        if self.storage in (Storage.INTEGER, Storage.FLOAT, Storage.BOOLEAN):
            return np.array([float(value) for value in self.values], dtype=np.float64)  # type: ignore[arg-type]
        if self.storage is not Storage.TEXT or not self.values:
            return None
        texts = [str(value).strip() for value in self.values]
        if all(_NUMBER.match(text) and not _PADDED.match(text) for text in texts):
            return np.array([float(text) for text in texts], dtype=np.float64)
        return None

    @cached_property
    def whole(self) -> bool:
        """Every value is a whole number."""
        by_value = self.number_of_value
        return by_value is not None and bool(
            np.all(np.isfinite(by_value) & (by_value == np.round(by_value)))
        )

    @cached_property
    def moments(self) -> Floats | None:
        """The rows as seconds since 1970, NaN where missing; None where they are no moments."""
        if self.storage is Storage.MOMENT:
            return _spread(np.array(self.values, dtype=np.float64), self.codes)
        if self.storage is not Storage.TEXT or not self.values:
            return None
        texts = [str(value).strip() for value in self.values]
        if not all(_ISO.match(text) for text in texts):
            return None
        try:
            seconds = [_seconds(text) for text in texts]
        except ValueError:
            return None
        return _spread(np.array(seconds, dtype=np.float64), self.codes)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct values as class names, in the order of ``values``."""
        return tuple(class_of(value) for value in self.values)

    @property
    def bounded(self) -> bool:
        """Every number lies in [0, 1]: it may be a probability."""
        by_value = self.number_of_value
        return (
            by_value is not None
            and bool(by_value.size)
            and bool(np.all((by_value >= 0) & (by_value <= 1)))
        )


def facts_of(name: str, position: int, column: pa.ChunkedArray, trouble: str = "") -> Facts:
    """See what one column of a sample holds; never raises for what its values are."""
    import pyarrow as pa

    native = str(column.type)
    nothing = Facts(name, position, native, Storage.OTHER, (), np.full(len(column), -1), trouble)
    if trouble:
        return nothing
    storage = _storage(column)
    if storage in (Storage.OTHER, Storage.VECTOR):
        valid = flags(column.is_valid())
        return Facts(
            name, position, native, storage, ("…",) if valid.any() else (), np.where(valid, 0, -1)
        )
    try:
        values, codes = _encoded(column, storage)
    except UnicodeDecodeError:
        return Facts(
            name, position, native, Storage.OTHER, (), nothing.codes, "holds text that is not UTF-8"
        )
    except (pa.ArrowException, OverflowError, ValueError) as error:
        return Facts(
            name,
            position,
            native,
            Storage.OTHER,
            (),
            nothing.codes,
            str(error).split("\n", 1)[0][:200],
        )
    return Facts(name, position, native, storage if values else Storage.EMPTY, values, codes)


def class_of(value: object) -> str:
    """A class as text: ``1`` and ``1.0`` are "1", ``True`` is "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _storage(column: pa.ChunkedArray) -> Storage:
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    kinds = (
        (Storage.BOOLEAN, (types.is_boolean,)),
        (Storage.INTEGER, (types.is_integer,)),
        (Storage.FLOAT, (types.is_floating, types.is_decimal)),
        (Storage.TEXT, (types.is_string, types.is_large_string, types.is_string_view)),
        (Storage.MOMENT, (types.is_timestamp, types.is_date)),
        (Storage.EMPTY, (types.is_null,)),
    )
    for storage, tests in kinds:
        if any(test(kind) for test in tests):
            return storage
    return Storage.VECTOR if _is_vector(column) else Storage.OTHER


def _is_vector(column: pa.ChunkedArray) -> bool:
    """Lists of numbers, all of one length of at least two."""
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    if not lists or not (types.is_floating(kind.value_type) or types.is_integer(kind.value_type)):
        return False
    lengths = pc.min_max(pc.list_value_length(column)).as_py()
    return bool(lengths["min"] == lengths["max"] and (lengths["min"] or 0) > 1)


def _encoded(column: pa.ChunkedArray, storage: Storage) -> tuple[tuple[object, ...], Ints]:
    """The distinct values and each row's index among them; NaN and infinities count as missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if storage is Storage.MOMENT:
        column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    elif storage is Storage.FLOAT:
        column = column.cast(pa.float64(), safe=False)
        # pa.scalar would import pandas, which takes longer than all guessing.
        column = pc.if_else(pc.is_finite(column), column, pa.nulls(1, pa.float64())[0])
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = (
            encoded.combine_chunks()
            if encoded.num_chunks
            else pa.array([], column.type).dictionary_encode()
        )
    codes = integers(encoded.indices, missing=-1)
    values = encoded.dictionary.to_pylist()
    if storage is Storage.MOMENT:
        values = [value / 1e6 for value in values]
    return tuple(values), codes


def _spread(by_value: Floats, codes: Ints) -> Floats:
    if not by_value.size:
        return np.full(len(codes), np.nan)
    return np.where(codes >= 0, by_value[codes], np.nan)


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text.replace(",", ".").replace(" +", "+").replace(" Z", "Z"))
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH).total_seconds()
