"""Values as text, alike from every engine and storage type: ``1`` and ``1.0`` are one category."""

from __future__ import annotations

import hashlib

import pyarrow as pa

__all__ = ["canonical", "canonicals"]

_LONGEST = 200  # characters kept of a value; a longer one is told apart by its digest


def canonical(text: str, *, number: bool) -> str:
    """One value as the text that it is counted under.

    >>> canonical("1.0", number=True), canonical("2.50", number=True), canonical("1.0", number=False)
    ('1', '2.5', '1.0')
    """
    if number:
        return _number(text)
    if len(text) <= _LONGEST:
        return text
    return (
        f"{text[:64]}… ({len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:16]})"
    )


def _number(text: str) -> str:
    if "." not in text and "e" not in text.lower():
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def canonicals(values: pa.ChunkedArray, *, number: bool) -> tuple[list[str | None], pa.Array]:
    """The distinct values as text (None for missing and NaN), and each row's index into them."""
    encoded = values.cast(pa.string()).combine_chunks().dictionary_encode("encode")
    texts = [
        None
        if text is None or (number and text.lower() == "nan")
        else canonical(text, number=number)
        for text in encoded.dictionary.to_pylist()
    ]
    return texts, encoded.indices
