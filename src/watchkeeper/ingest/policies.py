"""What is done to a column's values before they are stored anywhere, quarantine included."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Column, ColumnType, Model, Policy
from watchkeeper.lake.schemas import STAMP

__all__ = ["apply_policy", "cleaned_row"]

_BUCKETS = 1000


def apply_policy(column: Column, array: pa.Array, pepper: bytes) -> pa.Array:
    """The values as they may be stored.

    ``hash``: BLAKE2b keyed with this installation's secret, so that equal values stay equal and a
    list of guesses does not open them. ``bucket``: a number becomes the lower edge of its step in
    1, 2, 5, 10, 20, …; a time its day; text one of 1,000 groups; a truth value stays.
    """
    if column.policy is Policy.HASH:
        return _mapped(array, lambda text: _keyed(text, pepper))
    if column.policy is not Policy.BUCKET:
        return array
    if column.type is ColumnType.NUMERIC:
        return _steps(array)
    if column.type is ColumnType.TIMESTAMP:
        return pc.floor_temporal(array, unit="day").cast(STAMP)
    if column.type in {ColumnType.CATEGORICAL, ColumnType.TEXT}:
        return _mapped(array, lambda text: f"group-{int(_keyed(text, pepper), 16) % _BUCKETS}")
    return array


def cleaned_row(row: object, model: Model, pepper: bytes) -> object:
    """A rejected row without what its columns' policies keep out of the store."""
    guarded = {c.name: c.policy for c in model.columns if c.policy is not Policy.KEEP}
    if not guarded or row is None:
        return row
    if not isinstance(row, Mapping):
        return "(withheld)"  # it may hold anything
    return {name: _cleaned(name, value, guarded, pepper) for name, value in row.items()}


def _cleaned(name: str, value: object, guarded: Mapping[str, Policy], pepper: bytes) -> object:
    if name == "features" and isinstance(value, Mapping):
        return {key: _cleaned(key, item, guarded, pepper) for key, item in value.items()}
    policy = guarded.get(name)
    if policy is None or value is None:
        return value
    return _keyed(str(value), pepper) if policy is Policy.HASH else "(withheld)"


def _mapped(array: pa.Array, change: Callable[[str], str]) -> pa.Array:
    text = array if pa.types.is_string(array.type) else array.cast(pa.string())
    coded = text.dictionary_encode()
    words = pa.array([change(word) for word in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def _keyed(text: str, pepper: bytes) -> str:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=pepper, digest_size=16)
    return digest.hexdigest()


def _steps(array: pa.Array) -> pa.Array:
    numbers = array.fill_null(math.nan).to_numpy(zero_copy_only=False)
    size = np.abs(numbers)
    regular = np.isfinite(numbers) & (size > 0)
    power = 10.0 ** np.floor(np.log10(np.where(regular, size, 1.0)))
    lead = np.where(regular, size, 1.0) / power
    edge = np.select([lead >= 5, lead >= 2], [5.0, 2.0], 1.0) * power
    stepped = np.where(regular, np.copysign(edge, numbers), numbers)
    return pa.array(stepped, mask=array.is_null().to_numpy(zero_copy_only=False))
