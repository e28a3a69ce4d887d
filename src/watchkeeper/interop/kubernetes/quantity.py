"""Quantities of Kubernetes: ``412345678n`` cores, ``913456Ki`` bytes, ``1e3``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from watchkeeper.errors import InvalidInput

__all__ = ["quantity"]

_FORM = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:[eE](?P<power>[+-]?\d{1,2})|(?P<suffix>[A-Za-z]{1,2}))?"
)
_SUFFIXES: Mapping[str, Decimal] = {
    "n": Decimal(10) ** -9,
    "u": Decimal(10) ** -6,
    "m": Decimal(10) ** -3,
    "k": Decimal(10) ** 3,
    **{name: Decimal(10) ** power for name, power in zip("MGTPE", range(6, 19, 3), strict=True)},
    **{f"{name}i": Decimal(1024) ** at for at, name in enumerate("KMGTPE", start=1)},
}


def quantity(text: str) -> float:
    """A quantity as a number; InvalidInput where it is none.

    >>> quantity("500m"), quantity("2Gi"), quantity("412345678n")
    (0.5, 2147483648.0, 0.412345678)
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or (found["suffix"] or "m") not in _SUFFIXES:
        raise InvalidInput(f"a quantity must look like 500m, 2Gi or 1e3, got {text!r}")
    number = Decimal(found["number"])
    if found["power"]:
        return float(number.scaleb(int(found["power"])))
    return float(number * _SUFFIXES[found["suffix"]] if found["suffix"] else number)
