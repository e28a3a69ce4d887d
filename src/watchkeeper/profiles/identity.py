"""The id of a profile: a digest of what it says, so that equal profiles have equal ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache

import numpy as np

from watchkeeper.domain.profile import Binning, CategoricalBinning, NumericBinning, WindowProfile

__all__ = ["with_identity"]

_LEFT_OUT = frozenset({"id", "revision", "accounting"})  # set after, by who keeps the profile


def with_identity(profile: WindowProfile) -> WindowProfile:
    """The profile with ``id`` set to a digest of its contents, as long as it has none."""
    if profile.id:
        return profile
    digest = hashlib.blake2b(digest_size=12)
    for field in fields(profile):
        if field.name not in _LEFT_OUT:
            for piece in _pieces(getattr(profile, field.name)):
                digest.update(piece)
                digest.update(b"\x1f")
    return replace(profile, id=digest.hexdigest())


def _pieces(value: object) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield repr(value.shape).encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, NumericBinning | CategoricalBinning):
        yield _binning(value)
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield str(key).encode()
            yield from _pieces(value[key])
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _pieces(getattr(value, field.name))
    else:
        yield repr(value).encode()


@lru_cache(maxsize=4096)
def _binning(binning: Binning) -> bytes:
    """Every window repeats the same binnings, and theirs may hold thousands of values."""
    if isinstance(binning, CategoricalBinning):
        shown = repr((binning.values, sorted(binning.other_values)))
    else:
        shown = repr(binning)
    return hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=12).digest()
