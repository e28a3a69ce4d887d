"""Where two profiles differ, in words: for tests that hold two ways of counting to each other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass

import numpy as np

__all__ = ["unlike"]

_TOLERANCE = 1e-9


def unlike(
    one: object, other: object, path: str = "", *, ignoring: Collection[str] = ("id", "schema")
) -> list[str]:
    """Every place where two values differ; real numbers may differ by rounding.

    ``ignoring`` names the fields of dataclasses that are not looked at.
    """
    if is_dataclass(one) and type(one) is type(other):
        names = [f.name for f in fields(one) if f.name not in ignoring]
        return [
            text
            for name in names
            for text in unlike(
                getattr(one, name), getattr(other, name), f"{path}.{name}", ignoring=ignoring
            )
        ]
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            text
            for name in one | other
            for text in unlike(one.get(name), other.get(name), f"{path}[{name}]", ignoring=ignoring)
        ]
    if isinstance(one, tuple | list) and isinstance(other, tuple | list) and len(one) == len(other):
        return [
            text
            for i, (a, b) in enumerate(zip(one, other, strict=True))
            for text in unlike(a, b, f"{path}[{i}]", ignoring=ignoring)
        ]
    if isinstance(one, np.ndarray | float) and isinstance(other, np.ndarray | float):
        same = np.shape(one) == np.shape(other) and np.allclose(
            one, other, rtol=_TOLERANCE, atol=_TOLERANCE
        )
    else:
        same = bool(one == other)
    return [] if same else [f"{path}: {one!r} != {other!r}"]
