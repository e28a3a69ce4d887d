"""The id of a profile: a digest of what it says, so that equal profiles have equal ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache

import numpy as np

from watchkeeper.domain.profile import Binning, CategoricalBinning, NumericBinning, WindowProfile

__all__ = ["with_identity"]

_PLAIN = frozenset({bool, int, float, str, type(None)})
_LEFT_OUT = frozenset({"id", "revision", "accounting"})  # set after, by who keeps the profile


def with_identity(profile: WindowProfile) -> WindowProfile:
    """The profile with ``id`` set to a digest of its contents, as long as it has none."""
    if profile.id:
        return profile
    digest = hashlib.blake2b(digest_size=12)
    named = [field.name for field in fields(profile) if field.name not in _LEFT_OUT]
    _feed(digest, tuple(getattr(profile, name) for name in named))
    return replace(profile, id=digest.hexdigest())


def _feed(digest: hashlib.blake2b, value: object) -> None:
    """Put a value that is not plain into the digest: arrays by their bytes, the rest by text."""
    if isinstance(value, tuple):
        # One text for all that is plain: what this costs is the number of calls.
        plain = [x if type(x) in _PLAIN else None for x in value]
        digest.update(repr(plain).encode("utf-8", "surrogatepass"))
        for part in value:
            if type(part) not in _PLAIN:
                _feed(digest, part)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.shape}{value.dtype.char}".encode())
        digest.update(value.tobytes())
    elif isinstance(value, NumericBinning | CategoricalBinning):
        digest.update(_binning(value))
    elif is_dataclass(value) and not isinstance(value, type):
        held = (getattr(value, field.name) for field in fields(value))
        _feed(digest, (type(value).__name__, *held))
    elif isinstance(value, Mapping):
        _feed(digest, tuple(x for key in sorted(value) for x in (key, value[key])))
    else:
        digest.update(repr(value).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def _binning(binning: Binning) -> bytes:
    """Every window repeats the same binnings, and theirs may hold thousands of values."""
    if isinstance(binning, CategoricalBinning):
        shown = repr((binning.values, sorted(binning.other_values)))
    else:
        shown = repr(binning)
    return hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=12).digest()
