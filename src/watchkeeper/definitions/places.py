"""Places with holidays of their own: countries and their parts, by their ISO 3166 codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec

from watchkeeper.definitions.fields import Field, show

__all__ = ["PLACE", "read_place"]

PLACE = r"[A-Z]{2}(-[^\x00-\x1f\x7f-\x9f]+)?"


def read_place(field: Field) -> str:
    """A country such as ``US``, or a part of one such as ``US-NY``, whose holidays are known.

    The calendars come with the ``server`` extra. Where it is not installed only the form is
    checked; the server, which has it, checks the rest when the definition is applied.

    Raises
    ------
    InvalidDefinition
        With the place that may have been meant.
    """
    name = field.text(most=64)
    country, dash, part = name.partition("-")
    if find_spec("holidays") is None:
        if not re.fullmatch(PLACE, name):
            raise field.must_be(_COUNTRY)
        return name
    parts = _parts_of(country)
    if parts is None:
        raise field.fail(f"must be {_COUNTRY}, got {show(name)}{_hint(country, part)}")
    if dash and part not in parts.values():
        must = f"must be {country}{_parts_in_words(country, parts)}"
        raise field.fail(f"{must}, got {show(name)}{_hint(country, part)}")
    return name


_COUNTRY = "a country by its ISO 3166 code, such as US, or a part of one, such as US-NY"


def _parts_of(country: str) -> Mapping[str, str] | None:
    """The codes of a country's parts by their spellings; None where it has no calendar."""
    import holidays

    if not re.fullmatch(PLACE, country):
        return None
    try:
        found = holidays.country_holidays(country)
    except NotImplementedError:
        return None
    if found.country != country:  # an alias: UK is GB
        return None
    return {**found.subdivisions_aliases, **{code: code for code in found.subdivisions}}


def _parts_in_words(country: str, parts: Mapping[str, str]) -> str:
    if not parts:
        return " alone, none of its parts has a calendar of its own"
    shortest = min(parts.values(), key=lambda code: (len(code), code))
    return f" or a part of it, such as {country}-{shortest}"


def _hint(country: str, part: str) -> str:
    """The place nearest to what was written, by code or by name, as a question."""
    # Codes of two or three letters are all near each other: only another spelling is meant.
    meant = _closest(country, _countries(), cutoff=0.75 if len(country) > 3 else 1.0)
    if meant is None:
        return ""
    nearest = _closest(part, _parts_of(meant) or {}, cutoff=0.6)
    place = f"{meant}-{nearest}" if nearest else meant
    return f": did you mean {place!r}?"


def _countries() -> Mapping[str, str]:
    """The codes of all countries by their spellings: US, USA, UnitedStates."""
    from holidays.registry import COUNTRIES

    return {spelling: codes[1] for codes in COUNTRIES.values() for spelling in codes}


def _closest(text: str, spellings: Mapping[str, str], *, cutoff: float) -> str | None:
    known = {_plain(spelling): code for spelling, code in spellings.items()}
    close = get_close_matches(_plain(text), list(known), n=1, cutoff=cutoff)
    return known[close[0]] if close else None


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
