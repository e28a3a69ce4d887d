"""What a row says and who it is, as 64-bit numbers.

They are stored and compared over months, so they must never change with a library or a process:
SplitMix64's mixing, of whole columns at once. Of 10^9 remembered ids, a new one is
mistaken for another with probability 5·10⁻¹¹; the row is then quarantined, not lost.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (the mixing).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.ingest.id_index import Ids
from watchkeeper.profiles.arrays import flags, integers, reals, valid

__all__ = ["id_numbers", "mint_id", "row_contents", "text_hashes", "total_content"]

Hashes = npt.NDArray[np.uint64]
_NAN = np.uint64(0x7FF8000000000000)
_WORD = (1 << 64) - 1
_TEXT = 0x74657874
_KEPT = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype=np.uint64)  # by bytes left
_UUID_LENGTH = 36
_TOGETHER = 16_384  # values that are mixed at once: they fit a processor's cache
_HEX = np.full(256, -1, dtype=np.int64)
for _letter in "0123456789abcdefABCDEF":
    _HEX[ord(_letter)] = int(_letter, 16)


def text_hashes(texts: pa.Array, seed: int) -> Hashes:
    """A number for each text, shape (rows,); that of a missing one means nothing.

    The text's bytes, eight at a time, are mixed into a number that begins with ``seed`` and the
    length: a chain of one-to-one steps, so different texts meet as rarely as random numbers.
    """
    rows = len(texts)
    _, offset_buffer, data = texts.buffers()
    if rows == 0 or offset_buffer is None:
        return np.full(rows, seed & _WORD, dtype=np.uint64)
    offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=texts.offset + rows + 1)
    starts = offsets[texts.offset : -1].astype(np.int64)
    lengths = offsets[texts.offset + 1 :].astype(np.int64) - starts
    words = _unaligned(data)
    total = _mix(lengths.astype(np.uint64) ^ np.uint64(seed & _WORD))
    active = np.flatnonzero(lengths > 0)
    for at in range(0, int(lengths.max(initial=0)), 8):
        active = active[lengths[active] > at]
        word = words[starts[active] + at] & _KEPT[np.minimum(lengths[active] - at, 8)]
        total[active] = _mix(total[active] ^ word)
    return total


def id_numbers(model: str, ids: pa.Array) -> Ids:
    """The prediction ids of one model as numbers: a hash each, and by what it is sorted."""
    hashes = text_hashes(ids, _text_hash(f"{model}\x00id")).view(np.int64)
    millis = _times_of_ids(ids)
    timed = millis >= 0
    keys = np.where(timed, (millis << 16) | (hashes & 0xFFFF), hashes)
    return Ids(keys, hashes, timed)


def _times_of_ids(ids: pa.Array) -> npt.NDArray[np.int64]:
    """The milliseconds since 1970 that each UUIDv7 carries; −1 where an id is none."""
    found = np.full(len(ids), -1, dtype=np.int64)
    _, offset_buffer, data = ids.buffers()
    if len(ids) == 0 or offset_buffer is None or data is None:
        return found
    offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=ids.offset + len(ids) + 1)
    starts = offsets[ids.offset : -1].astype(np.int64)
    rows = np.flatnonzero(np.diff(offsets[ids.offset :]) == _UUID_LENGTH)
    if len(rows) == 0:
        return found
    raw = np.frombuffer(data, dtype=np.uint8)
    letters = raw[starts[rows][:, None] + np.arange(20)]
    digits = _HEX[letters[:, [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]]]
    plain = (
        (letters[:, [8, 13, 18]] == ord("-")).all(axis=1)
        & (digits >= 0).all(axis=1)
        & (letters[:, 14] == ord("7"))
        & np.isin(_HEX[letters[:, 19]], (8, 9, 10, 11))
    )
    millis = (digits << np.arange(44, -4, -4)).sum(axis=1)
    found[rows[plain]] = millis[plain]
    return found


def row_contents(columns: Mapping[str, pa.Array], rows: int) -> npt.NDArray[np.int64]:
    """A signed 64-bit number for what each row says, shape (rows,).

    It does not depend on the order of the columns, and a missing value adds nothing: a column
    that a definition gains later leaves the contents of old rows as they were.
    """
    total = np.zeros(rows, dtype=np.uint64)
    named = list(columns.items())
    together = max(1, _TOGETHER // max(1, rows))
    for start in range(0, len(named), together):
        some = named[start : start + together]
        seeds = np.array([[_seed(name)] for name, _ in some], dtype=np.uint64)
        mixed = _mix(_stacked([array for _, array in some]) ^ seeds)
        for place, (_, array) in enumerate(some):
            held = valid(array)
            if held is not None:
                mixed[place, ~held] = 0
        total += mixed.sum(axis=0, dtype=np.uint64)
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


def _stacked(arrays: Sequence[pa.Array]) -> Hashes:
    """The number of every value, shape (arrays, rows); that of a missing one means nothing."""
    found = np.empty((len(arrays), len(arrays[0])), dtype=np.uint64)
    numbers = [place for place, array in enumerate(arrays) if pa.types.is_floating(array.type)]
    if numbers:
        real = np.stack([reals(arrays[place]) for place in numbers]) + 0.0  # −0 becomes 0
        found[numbers] = np.where(np.isnan(real), _NAN, real.view(np.uint64))
    texts = []
    for place, array in enumerate(arrays):
        kind = array.type
        if pa.types.is_boolean(kind):
            found[place] = flags(array)
        elif pa.types.is_timestamp(kind):
            found[place] = integers(array.cast(pa.int64())).view(np.uint64)
        elif pa.types.is_list(kind):
            found[place] = [_list_hash(item) for item in array]
        elif not pa.types.is_floating(kind):
            texts.append(place)
    if texts:
        whole = pa.concat_arrays([arrays[place].cast(pa.string()) for place in texts])
        found[texts] = text_hashes(whole, _TEXT).reshape(len(texts), -1)
    return found


def _list_hash(item: pa.ListScalar) -> int:
    data = b""
    if item.is_valid:
        data = item.values.to_numpy(zero_copy_only=False).astype(np.float64).tobytes()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


@lru_cache(10_000)
def _seed(name: str) -> int:
    return _text_hash(name)


def _text_hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _unaligned(data: pa.Buffer | None) -> Hashes:
    """Every eight bytes in a row of a buffer as a number, at each place."""
    size = 0 if data is None else data.size
    padded = np.zeros(size + 8, dtype=np.uint8)
    if data is not None:
        padded[:size] = np.frombuffer(data, dtype=np.uint8)
    return np.ndarray((size + 1,), dtype="<u8", buffer=padded, strides=(1,))


def _mix(x: Hashes) -> Hashes:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
