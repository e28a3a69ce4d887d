"""What is done to a column's values before they leave the process, the spool's files included.

The policies are those of a model's definition, stated here by whoever logs: what the server does to
a column (`watchkeeper.ingest.policies`) it can only do after it has seen it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from watchkeeper.domain.model import Policy
from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.encode import simple, utc

__all__ = ["Policies"]

_GROUPS = 1000
Change = Callable[[Mapping[str, object]], Sequence[object]]


class Policies:
    """Policies by column name.

    ``drop``: the column is not logged. ``hash``: BLAKE2b keyed with ``key``, so that equal values
    stay equal and a list of guesses does not open them. ``bucket``: a number becomes the lower edge
    of its step in 1, 2, 5, 10, 20, …; a time its day; text one of 1,000 groups; a truth value
    stays. ``keep``: nothing.

    Raises
    ------
    InvalidInput
        A policy is none of these, or ``hash`` is asked for without a key.
    """

    def __init__(self, policies: Mapping[str, str], key: bytes) -> None:
        self._key = blake2b(key).digest() if key else b""
        self._policies = {name: _policy(name, text) for name, text in policies.items()}
        hashed = [name for name, policy in self._policies.items() if policy is Policy.HASH]
        if hashed and not key:
            raise InvalidInput(
                f"the policy hash needs a secret, else guesses open it, and columns {hashed} have "
                "it: set WATCHKEEPER_COLUMN_KEY to any long random text, the same in every service"
            )

    def plan(self, names: Mapping[object, str]) -> tuple[dict[object, str], Change | None]:
        """The columns that remain, and what changes their values; None where nothing does."""
        policies = {given: self._policies.get(name, Policy.KEEP) for given, name in names.items()}
        kept = {given: names[given] for given, policy in policies.items() if policy != Policy.DROP}
        changed = {
            Policy.HASH: self._hashed,
            Policy.BUCKET: self._bucketed,
        }
        steps = [(given, changed.get(policies[given])) for given in kept]
        if len(kept) == len(names) and all(step is None for _, step in steps):
            return kept, None

        def change(features: Mapping[str, object]) -> Sequence[object]:
            return [
                features[given] if step is None else step(simple(features[given]))  # type: ignore[index]  # keys are what they are
                for given, step in steps
            ]

        return kept, change

    def _hashed(self, value: object) -> object:
        text = _text(value)
        return None if text is None else self._digest(text)

    def _digest(self, text: str) -> str:
        plain = text.encode("utf-8", "surrogatepass")
        return blake2b(plain, key=self._key, digest_size=16).hexdigest()

    def _bucketed(self, value: object) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return _step(float(value))
        text = _text(value) or ""
        day = _day(text)
        return f"group-{int(self._digest(text), 16) % _GROUPS}" if day is None else day


def _policy(name: str, text: str) -> Policy:
    try:
        return Policy(text)
    except ValueError:
        raise InvalidInput(
            f"the policy of column {name!r} must be one of {[p.value for p in Policy]}, "
            f"got {text!r}"
        ) from None


def _text(value: object) -> str | None:
    """A `simple` value as text, whole numbers alike whether they are whole by type or not."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _step(number: float) -> float:
    if not math.isfinite(number) or number == 0:
        return number
    power = 10.0 ** math.floor(math.log10(abs(number)))
    if power == 0.0:  # the smallest numbers of all
        return math.copysign(0.0, number)
    lead = abs(number) / power
    edge = 5.0 if lead >= 5 else 2.0 if lead >= 2 else 1.0
    return math.copysign(edge * power, number)


def _day(text: str) -> str | None:
    """The day of a time in ISO 8601, None where the text is none."""
    if len(text) < len("2013-03-01") or text[4:5] != "-":
        return None
    try:
        moment = utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return moment.replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
