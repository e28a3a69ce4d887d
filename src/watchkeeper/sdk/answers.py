"""What was answered, row by row: results of every shape brought beside the rows that were asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.tables import Table, table_of, values_of

__all__ = ["Answer", "answers_of"]

# ``prediction`` and, where there is one, ``score``; more is passed over.
Answer = Mapping[str, object]
_PREDICTION, _SCORE = "prediction", "score"


def answers_of(
    result: object, asked: Table, told: Callable[[Any], object] | None = None
) -> Iterator[Answer]:
    """One answer for each row of ``asked``.

    Parameters
    ----------
    result
        Of a single row: the prediction, or a mapping with ``prediction`` and ``score``. Of
        several: as many answers in a list, an array or a column; a mapping or table of columns
        ``prediction`` and ``score``; or a list of mappings with these.
    told
        From the result to one of these shapes.

    Raises
    ------
    InvalidInput
        Where there are not as many answers as rows, or it cannot be told what they are.
    """
    found = result if told is None else told(result)
    if isinstance(found, Awaitable | Iterator | AsyncIterator):
        raise InvalidInput(
            f"an answer must be there when it is given, got {type(found).__name__}, which is used "
            "up by looking: watch the function that makes it"
        )
    if asked.single:
        if told is not None and not isinstance(found, Mapping):
            raise InvalidInput(
                f"answer= must give a mapping with prediction and score, got {type(found).__name__}"
            )
        return iter([_of_one(found)])
    if isinstance(found, Mapping) and _PREDICTION in found:
        return _of_columns(found, asked.size)
    listed = values_of(found)
    rows = None if listed is not None and not _all_mappings(listed) else table_of(found)
    if rows is not None and not rows.single:
        return _counted(map(_of_row, rows), rows.size, asked.size)
    if listed is not None:
        return _counted(({_PREDICTION: item} for item in listed), len(listed), asked.size)
    raise InvalidInput(
        f"{asked.size} rows must get {asked.size} answers, got {type(result).__name__}: "
        "say with answer= which they are"
    )


def _of_one(found: object) -> Answer:
    if isinstance(found, Mapping) and (_PREDICTION in found or _SCORE in found):
        return found
    rows = None if isinstance(found, Mapping | list | tuple) else table_of(found)
    if rows is not None and rows.single:  # a data class or a pydantic model
        (row,) = rows
        if _PREDICTION in row:
            return row
    return {_PREDICTION: found}


def _of_columns(found: Mapping[str, object], size: int) -> Iterator[Answer]:
    columns = {
        name: values_of(found[name])
        for name in (_PREDICTION, _SCORE)
        if found.get(name) is not None
    }
    for name, values in columns.items():
        if values is None or len(values) != size:
            got = "no list" if values is None else f"{len(values)}"
            raise InvalidInput(f"{size} rows must get {size} answers, got {got} under {name!r}")
    held = [values or [] for values in columns.values()]
    return (dict(zip(columns, row, strict=True)) for row in zip(*held, strict=True))


def _of_row(row: Mapping[str, object]) -> Answer:
    if _PREDICTION in row or _SCORE in row:
        return row
    if len(row) == 1:
        return {_PREDICTION: next(iter(row.values()))}
    raise InvalidInput(
        f"an answer must have a column prediction or be one column, got {list(row)[:10]}: "
        "say with answer= which it is"
    )


def _all_mappings(items: list[object]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) for item in items)


def _counted(answers: Iterator[Answer], got: int, size: int) -> Iterator[Answer]:
    if got != size:
        raise InvalidInput(
            f"{size} rows must get {size} answers, got {got}: say with answer= which they are"
        )
    return answers
