"""What a row says and who it is, as 64-bit numbers.

They are stored and compared over months, so they must never change with a library or a process:
BLAKE2b for text, and SplitMix64's mixing for the rest. Of 10^9 remembered ids, a new one is
mistaken for another with probability 5·10⁻¹¹; the row is then quarantined, not lost.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (the mixing).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["id_hashes", "mint_id", "row_contents", "total_content"]

Hashes = npt.NDArray[np.uint64]
_NAN = np.uint64(0x7FF8000000000000)


def id_hashes(model: str, ids: Sequence[str]) -> list[int]:
    """A signed 64-bit number for each prediction id of one model."""
    base = hashlib.blake2b(f"{model}\x00".encode(), digest_size=8)
    found = []
    for text in ids:
        one = base.copy()
        one.update(text.encode())
        found.append(int.from_bytes(one.digest(), signed=True))
    return found


def row_contents(columns: Mapping[str, pa.Array], rows: int) -> npt.NDArray[np.int64]:
    """A signed 64-bit number for what each row says, shape (rows,).

    It does not depend on the order of the columns, and a missing value adds nothing: a column
    that a definition gains later leaves the contents of old rows as they were.
    """
    total = np.zeros(rows, dtype=np.uint64)
    for name, array in columns.items():
        seed = np.uint64(_text_hash(name))
        mixed = _mix(_values(array) ^ seed)
        total += np.where(array.is_valid().to_numpy(zero_copy_only=False), mixed, np.uint64(0))
    return _mix(total).view(np.int64)


def total_content(contents: npt.NDArray[np.int64], extra: str) -> int:
    """One number for a whole batch: its rows' contents in order, and ``extra``."""
    digest = hashlib.blake2b(contents.tobytes(), digest_size=8, key=b"batch")
    digest.update(extra.encode())
    return int.from_bytes(digest.digest(), signed=True)


def mint_id(seed: str, micros: int) -> str:
    """A UUIDv7 of that time whose random part follows from ``seed``: a retry mints the same one.

    References
    ----------
    RFC 9562, section 5.7.
    """
    random = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=10).digest())
    value = ((micros // 1000) & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | 0b10 << 62 | random & ((0xFFF << 64) | ((1 << 62) - 1))
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _values(array: pa.Array) -> Hashes:
    kind = array.type
    found: Hashes
    if pa.types.is_floating(kind):
        numbers = array.fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0  # −0 becomes 0
        found = np.where(np.isnan(numbers), _NAN, numbers.view(np.uint64))
    elif pa.types.is_boolean(kind):
        found = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint64)
    elif pa.types.is_timestamp(kind):
        found = array.cast(pa.int64()).fill_null(0).to_numpy().view(np.uint64)
    elif pa.types.is_list(kind):
        found = np.array([_list_hash(item) for item in array], dtype=np.uint64)
    else:
        coded = array.dictionary_encode()
        words = [_text_hash(word) for word in coded.dictionary.to_pylist()]
        table = np.array([*words, 0], dtype=np.uint64)
        found = table[coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]
    return found


def _list_hash(item: pa.ListScalar) -> int:
    data = b""
    if item.is_valid:
        data = item.values.to_numpy(zero_copy_only=False).astype(np.float64).tobytes()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


def _text_hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _mix(x: Hashes) -> Hashes:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
