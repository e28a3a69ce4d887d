"""Matchers as text (``team="pricing"``, ``column=~"wind_.*"``), and whether labels fit them.

Patterns are RE2, as in Prometheus: matching takes time in proportion to the text, so nobody's
pattern can hold up the worker, and what RE2 leaves out (references back, looking around) is
refused when the matcher is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from watchkeeper.definitions.fields import Field
from watchkeeper.domain.matcher import Matcher, MatchOp
from watchkeeper.errors import InvalidDefinition

__all__ = ["fits", "parse_matcher", "read_matchers"]

_FORM = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*\Z", re.DOTALL)
_WORDS = re.compile(r"(?:[\w \-:/=@,]*(?:\.\*)?)(?:\|[\w \-:/=@,]*(?:\.\*)?)*\Z")
_MOST_LETTERS = 1_000
_MOST_KEPT = 65_536


def parse_matcher(text: str) -> Matcher:
    """The matcher that a text states; the value may stand in double quotes.

    Raises
    ------
    InvalidDefinition
        It is no matcher, or its pattern is none.

    Examples
    --------
    >>> parse_matcher('column =~ "wind_.*"')
    Matcher(name='column', op=<MatchOp.LIKE: '=~'>, value='wind_.*')
    """
    found = _FORM.match(text)
    if found is None or len(text) > _MOST_LETTERS:
        raise InvalidDefinition(
            'a matcher must look like severity="critical", team!=x, column=~"wind_.*" or '
            f"column!~x, of at most {_MOST_LETTERS:,} characters, got {text[:200]!r}"
        )
    matcher = Matcher(found[1], MatchOp(found[2]), _unquoted(found[3], text))
    if matcher.op in (MatchOp.LIKE, MatchOp.NOT_LIKE):
        _check(matcher.value)
    return matcher


def read_matchers(field: Field, *, least: int = 0) -> tuple[Matcher, ...]:
    """A list of matchers, each as text; one may stand alone."""
    entries = [field] if isinstance(field.value, str) else field.sequence(most=100)
    if len(entries) < least:
        raise field.must_be(f"at least {least} matcher")
    return tuple(_read(entry) for entry in entries)


def fits(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the labels fit all matchers; a label that is not there is the empty text."""
    return all(_fits(matcher, labels.get(matcher.name, "")) for matcher in matchers)


def _fits(matcher: Matcher, value: str) -> bool:
    match matcher.op:
        case MatchOp.EQUAL:
            return value == matcher.value
        case MatchOp.NOT_EQUAL:
            return value != matcher.value
        case MatchOp.LIKE:
            return _like(matcher.value, value)
    return not _like(matcher.value, value)


def _like(pattern: str, value: str) -> bool:
    plain = _plain(pattern)
    if plain is None:
        return _searched(pattern, value)
    words, beginnings = plain
    return value in words or value.startswith(beginnings)


@lru_cache(maxsize=4_096)
def _plain(pattern: str) -> tuple[frozenset[str], tuple[str, ...]] | None:
    """The words and beginnings of a pattern that is nothing but these (``a|b``, ``wind_.*``): what
    most people write, and what needs no search.
    """
    if not _WORDS.match(pattern):
        return None
    parts = pattern.split("|")
    beginnings = tuple(part[:-2] for part in parts if part.endswith(".*"))
    return frozenset(part for part in parts if not part.endswith(".*")), beginnings


@lru_cache(maxsize=_MOST_KEPT)
def _searched(pattern: str, value: str) -> bool:
    return _search(pattern, [value])[0]


def _search(pattern: str, values: Sequence[str]) -> list[bool]:
    import pyarrow as pa
    import pyarrow.compute as pc

    # Whole lines and whole texts alike: `.` matches line ends, `$` is the end of the text alone.
    whole = f"^(?s:{pattern})$"
    found: list[bool] = pc.match_substring_regex(pa.array(values, pa.string()), whole).to_pylist()
    return found


def _check(pattern: str) -> None:
    import pyarrow as pa

    try:
        _search(pattern, [""])
        _search(f"(?:{pattern})", [""])  # so that a bracket closed too early is none
    except pa.ArrowInvalid as error:
        raise InvalidDefinition(
            f"a pattern must be an expression of RE2, got {pattern!r}: {error}"
        ) from error


def _unquoted(value: str, text: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        found = json.loads(value, strict=False)
    except json.JSONDecodeError as error:
        raise InvalidDefinition(
            f"a matcher's quotes must be closed, and quotes within escaped, got {text!r}"
        ) from error
    return str(found)


def _read(entry: Field) -> Matcher:
    text = entry.text(most=_MOST_LETTERS)
    try:
        return parse_matcher(text)
    except InvalidDefinition as error:
        raise entry.fail(str(error)) from error
