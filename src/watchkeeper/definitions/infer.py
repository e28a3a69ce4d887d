"""Guessing a definition from a table: types, roles, task, with the evidence and how sure it is.

A bounded sample of rows is looked at, so the time does not grow with the table. Whatever the
table holds, a definition comes out: what cannot be used is said, not raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from watchkeeper.definitions.document import dump_model
from watchkeeper.definitions.draft import Draft, Guess
from watchkeeper.definitions.facts import Facts, facts_of
from watchkeeper.definitions.granularity import Span, choose
from watchkeeper.definitions.names import is_column_name, slug
from watchkeeper.definitions.outputs import guess_outputs
from watchkeeper.definitions.roles import guess_ids, guess_rest, guess_time
from watchkeeper.definitions.sample import Sample, take_sample
from watchkeeper.definitions.texts import guess_texts
from watchkeeper.definitions.value_types import guess_types
from watchkeeper.domain.model import Column, Model, Role, Task

__all__ = ["Guess", "Inferred", "annotated_yaml", "infer", "infer_model"]

_MOST_COLUMNS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CERTAIN = 0.9  # a feature that is at least this sure needs no comment


@dataclass(frozen=True, slots=True)
class Inferred:
    """A guessed definition, and every guess in it with its confidence and evidence."""

    model: Model
    guesses: tuple[Guess, ...]


def infer(table: object, *, name: str = "model") -> Inferred:
    """Guess the definition of the model whose inputs and answers a table holds.

    Parameters
    ----------
    table
        Whatever ``open_table`` opens: a path to Parquet, CSV or JSON lines, a pandas or Polars
        frame, an Arrow, DuckDB or ibis table. It may be empty, and its columns constant, null,
        mixed, nested or named alike.
    name
        Of the model; what a name may not hold is replaced.

    Returns
    -------
    Inferred
        A definition that is valid, and the guesses that it is made of.

    Raises
    ------
    InvalidInput
        The source is no table, or cannot be read at all.
    """
    sample = take_sample(table)
    draft = Draft(_facts(sample))
    _note_names(draft, sample)
    guess_types(draft)
    guess_time(draft)
    guess_ids(draft)
    guess_texts(draft)
    guess_outputs(draft)
    guess_rest(draft)
    model = Model(
        name=slug(name) or "model",
        task=draft.task,
        columns=_columns(draft),
        positive_class=draft.positive_class if draft.task is Task.BINARY else None,
        classes=draft.classes if draft.task in (Task.BINARY, Task.MULTICLASS) else (),
    )
    return Inferred(_with_granularity(model, draft, sample), tuple(_guesses(draft)))


def infer_model(table: object, *, name: str = "model") -> Model:
    """The guessed definition alone, as ``wk.infer(frame)`` gives it; see `infer`."""
    return infer(table, name=name).model


def annotated_yaml(inferred: Inferred) -> str:
    """The YAML of a guessed definition, with the guesses as comments above what they are about."""
    head, _, columns = dump_model(inferred.model).partition("\ncolumns:")
    of_model = [guess for guess in inferred.guesses if guess.column is None]
    of_model.sort(key=lambda guess: guess.field != "task")
    of_column: dict[str, list[Guess]] = {}
    for guess in inferred.guesses:
        if guess.column is not None:
            of_column.setdefault(guess.column, []).append(guess)
    lines = [
        "# Guessed by `watchkeeper infer`: read it, correct it, then `watchkeeper apply -f` it."
    ]
    lines += [_comment(guess) for guess in of_model] + head.split("\n")
    body = columns.split("\n")
    lines.append(f"columns:{body[0]}")
    # every column stands on one line, in the model's order
    for column, line in zip(inferred.model.columns, body[1:], strict=False):
        lines += [f"  {_comment(guess)}" for guess in of_column.get(column.name, ())]
        lines.append(line)
    lines += body[1 + len(inferred.model.columns) :]
    return "\n".join(lines).rstrip("\n") + "\n"


def _comment(guess: Guess) -> str:
    field = "" if guess.field == "role" else f"{guess.field} "
    why = " ".join("".join(letter if letter.isprintable() else " " for letter in guess.why).split())
    value = " ".join(
        "".join(letter if letter.isprintable() else " " for letter in guess.value).split()
    )
    return f"# guessed: {field}{value[:120]} ({guess.confidence:.2f}): {why[:300]}"


def _facts(sample: Sample) -> tuple[Facts, ...]:
    """The facts of every column that a definition can name."""
    usable = [place for place, name in enumerate(sample.names) if is_column_name(name)]
    return tuple(
        facts_of(
            sample.names[place],
            place,
            sample.columns[place],
            sample.unreadable.get(sample.names[place], ""),
        )
        for place in usable[:_MOST_COLUMNS]
    )


def _note_names(draft: Draft, sample: Sample) -> None:
    kept = {facts.name for facts in draft.facts}
    left_out = [name for name in sample.names if name not in kept]
    if left_out:
        shown = ", ".join(repr(name[:40]) for name in left_out[:5])
        draft.say(
            "columns",
            f"{len(left_out)} left out",
            1.0,
            f"a definition cannot name them, or they are too many: {shown}",
        )
    if sample.rows == 0:
        draft.say("columns", "from names and storage alone", 1.0, "the table has no rows")
    for fresh, name in sample.renamed.items():
        why = (
            f"the name {name!r} is taken by an earlier column" if name else "the column has no name"
        )
        draft.guesses.append(Guess(fresh, "name", fresh, 1.0, why))


def _columns(draft: Draft) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=facts.name,
            type=draft.types[facts.name].value,  # type: ignore[arg-type]  # types holds types only
            role=draft.roles[facts.name].value,  # type: ignore[arg-type]  # roles holds roles only
            score_of=draft.score_of.get(facts.name),
        )
        for facts in draft.facts
    )


def _guesses(draft: Draft) -> Sequence[Guess]:
    found = list(draft.guesses)
    for facts in draft.facts:
        role, kind = draft.roles[facts.name], draft.types[facts.name]
        if role.value is not Role.FEATURE or role.confidence < _CERTAIN:
            found.append(Guess(facts.name, "role", str(role.value), role.confidence, role.why))
        if kind.confidence < _CERTAIN:
            found.append(Guess(facts.name, "type", str(kind.value), kind.confidence, kind.why))
    return found


def _with_granularity(model: Model, draft: Draft, sample: Sample) -> Model:
    """Windows that fit how often rows come, where the table says; else the default stays."""
    time = draft.with_role(Role.TIME)
    seconds = None
    if time:
        seconds = time[0].moments if time[0].moments is not None else _epoch_seconds(time[0])
    if seconds is None or not np.isfinite(seconds).any() or not sample.rows:
        return model
    low, high = float(np.nanmin(seconds)), float(np.nanmax(seconds))
    if not (-6e10 < low <= high < 2.5e11):  # years 69 to 9892: what a datetime holds
        return model
    span = Span(_EPOCH + timedelta(seconds=low), _EPOCH + timedelta(seconds=high), sample.rows)
    chosen = choose(span)
    if chosen is None:
        return model
    rate = span.rows_per_window(chosen)
    draft.say(
        "granularity",
        str(chosen),
        0.7,
        f"about {rate:,.0f} rows a window over {span.windows(chosen):,.0f} windows",
    )
    return replace(model, granularity=chosen)


def _epoch_seconds(facts: Facts) -> np.ndarray | None:
    """Seconds since 1970 from numbers in s, ms, µs or ns; None where they are years."""
    numbers = facts.numbers
    if numbers is None or not np.isfinite(numbers).any() or np.nanmax(numbers) < 10_000:
        return None
    largest = float(np.nanmax(np.abs(numbers)))
    for unit in (1.0, 1e3, 1e6, 1e9):
        if largest / unit < 1e10:
            return numbers / unit
    return None
