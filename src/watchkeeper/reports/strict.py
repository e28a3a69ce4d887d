"""Values as strict JSON has them: what is no number there is null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

__all__ = ["strict", "strict_json"]


def strict(value: object) -> object:
    """The value with NaN and infinities as None, and numpy's scalars and arrays as Python's own.

    >>> strict({"a": float("nan"), "b": [1.0, float("inf")]})
    {'a': None, 'b': [1.0, None]}
    """
    if isinstance(value, bool | str | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [strict(item) for item in value]
    plain = getattr(value, "tolist", None)  # numpy, which this module need not import
    return strict(plain()) if plain is not None else str(value)


def strict_json(value: object) -> str:
    """The value as strict JSON.

    >>> strict_json({"a": float("nan"), "b": (1.0, "é")})
    '{"a": null, "b": [1.0, "é"]}'
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=strict)
    except (TypeError, ValueError):  # a NaN, or a key that JSON has not: walk through all of it
        return json.dumps(strict(value), allow_nan=False, ensure_ascii=False)
