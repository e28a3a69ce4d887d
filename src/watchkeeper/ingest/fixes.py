"""A fix: how rejected rows are changed before they are sent again. Pure, and said as data.

In this order: columns renamed, values replaced, values cast, constants set, columns dropped. A name
is looked for in the row and in its ``features``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchkeeper.errors import InvalidInput

__all__ = ["CASTS", "Fix", "fixed"]

_FEATURES = "features"
_MILLISECONDS = 1e11  # seconds beyond this lie in the year 5138: such a number is milliseconds
_TRUE, _FALSE = {"true", "1", "yes", "y", "t"}, {"false", "0", "no", "n", "f"}


@dataclass(frozen=True, slots=True)
class Fix:
    """What is changed in a row; nothing by default.

    ``values`` maps a column's values, as text, to others; ``cast`` a column to one of `CASTS`.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    cast: Mapping[str, str] = field(default_factory=dict)
    constant: Mapping[str, object] = field(default_factory=dict)
    drop: Sequence[str] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.cast.values()) - set(CASTS))
        if unknown:
            raise InvalidInput(f"a cast must be one of {', '.join(CASTS)}, got {unknown}")


def fixed(row: Mapping[str, object], fix: Fix) -> dict[str, object]:
    """The row as the fix makes it; ValueError where a value cannot be cast."""
    found = dict(row)
    inner = found.get(_FEATURES)
    features = dict(inner) if isinstance(inner, Mapping) else {}
    for part in (found, features):
        _rename(part, fix.rename)
        for name, words in fix.values.items():
            if name in part:
                part[name] = words.get(_word(part[name]), part[name])
        for name, kind in fix.cast.items():
            if part.get(name) is not None:
                part[name] = _cast(name, part[name], kind)
        for name in fix.drop:
            part.pop(name, None)
    if isinstance(inner, Mapping):
        found[_FEATURES] = features
    for name, value in fix.constant.items():
        (features if name in features else found)[name] = value
    return found


def _rename(part: dict[str, object], names: Mapping[str, str]) -> None:
    """All at once, so that two columns can change places."""
    moved = {new: part.pop(old) for old, new in names.items() if old in part}
    part.update(moved)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cast(name: str, value: object, kind: str) -> object:
    try:
        return CASTS[kind](value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"column {name!r} cannot be cast to {kind}: {value!r}") from error


def _number(value: object) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip().replace("_", "x")  # Python reads 1_000, people do not write it
    return float(text) if text else None


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _word(value)


def _truth(value: object) -> bool:
    word = _text(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError(word)


def _time(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) >= _MILLISECONDS else value
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    text = str(value).strip()
    if text.replace(".", "", 1).isdigit() and len(text) > len("20130301"):
        return _time(float(text))
    return datetime.fromisoformat(text).isoformat()


CASTS: Mapping[str, Callable[[object], object]] = {
    "numeric": _number,
    "categorical": _text,
    "text": _text,
    "boolean": _truth,
    "timestamp": _time,
}
