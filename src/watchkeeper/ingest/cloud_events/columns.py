"""From tensors to the model's columns: by names, else by a stated or the definition's order.

A tensor, or one of its columns, that is called as a column of the model is that column. A tensor
without such names has the features in the order that the source states (``features``), else in
that of the definition. An output is what the source says (``outputs``), else the column of its
name, else by its shape: as many values a row as there are scores are the scores; as many as there
are classes hold that of the score's class; one value is the prediction, or where a model has none
its score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchkeeper.domain.model import Column, ColumnType, Model, Role
from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.block import Block

__all__ = ["answers", "features", "truths"]

Row = dict[str, object]
_UNNAMED = ("", "instances", "inputs", "data")


def features(blocks: Sequence[Block], model: Model, source: Source) -> list[Row]:
    """The features of each row of a request; InvalidInput where they cannot be told apart."""
    order = source.texts("features") or tuple(
        column.name for column in model.with_role(Role.FEATURE, Role.SEGMENT)
    )
    ours = {theirs: name for name, theirs in source.columns.items()}
    known = {column.name for column in model.columns}
    if len(blocks) == 1 and _is_one_row(blocks[0], order, known, ours):
        blocks = [Block(blocks[0].name, [list(blocks[0].rows)])]
    rows = _empty(blocks)
    for block in blocks:
        name = ours.get(block.name, block.name)
        for row, value in zip(rows, block.rows, strict=True):
            if isinstance(value, Mapping):
                row.update({ours.get(str(key), str(key)): item for key, item in value.items()})
            elif isinstance(value, list) and _kind(name, model) is not ColumnType.EMBEDDING:
                row.update(_by_order(value, _names(block, order, known, ours), block.name))
            elif name in known:
                row[name] = value
            elif len(order) == 1:
                row[order[0]] = value
            else:
                row.update(_unknown(name, value, order))
    return rows


def answers(blocks: Sequence[Block], model: Model, source: Source) -> list[Row]:
    """The prediction and the scores of each row of a response."""
    rows = _empty(blocks)
    stated = source.options.get("outputs")
    outputs = stated if isinstance(stated, Mapping) else {}
    for block in blocks:
        for row, value in zip(rows, block.rows, strict=True):
            if isinstance(value, Mapping):
                for key, item in value.items():
                    row.update(_answer(str(key), item, outputs, model))
            elif len(blocks) == 1 and "" in outputs:
                row.update(_answer("", value, outputs, model))
            else:
                row.update(_answer(block.name, value, outputs, model))
    return rows


def truths(blocks: Sequence[Block]) -> list[object]:
    """The truth of each row of a feedback."""
    if not blocks:
        return []
    return [
        value[0] if isinstance(value, list) and len(value) == 1 else value
        for value in blocks[0].rows
    ]


def _answer(name: str, value: object, outputs: Mapping[str, object], model: Model) -> Row:
    wanted = outputs.get(name)
    if isinstance(wanted, str):
        return {wanted: value}
    if isinstance(wanted, list):
        return _by_order(value if isinstance(value, list) else [value], wanted, name)
    if any(column.name == name for column in model.columns):
        return {name: value}
    if isinstance(value, list):
        return _scores(value, name, model)
    scores, prediction = model.with_role(Role.SCORE), model.only(Role.PREDICTION)
    if prediction is None and len(scores) == 1:
        return {scores[0].name: value}
    return {prediction.name if prediction is not None else "prediction": value}


def _scores(values: Sequence[object], name: str, model: Model) -> Row:
    scores = model.with_role(Role.SCORE)
    if len(values) == 1 and not scores:
        return {"prediction": values[0]}
    if len(values) == len(scores):
        return {column.name: value for column, value in zip(scores, values, strict=True)}
    if len(scores) == 1 and len(values) == len(model.classes):
        return {scores[0].name: values[_place(scores[0], model)]}
    raise InvalidInput(
        f"output {name!r} has {len(values)} values a row, and model {model.name!r} "
        f"{len(scores)} scores and {len(model.classes)} classes: say under `outputs` of the "
        "source which columns they are"
    )


def _place(score: Column, model: Model) -> int:
    wanted = score.score_of or model.positive_class
    return model.classes.index(wanted) if wanted in model.classes else len(model.classes) - 1


def _empty(blocks: Sequence[Block]) -> list[Row]:
    """One row for each entry; InvalidInput where the blocks have not the same number of them."""
    sizes = {block.name: len(block.rows) for block in blocks}
    if len(set(sizes.values())) > 1:
        raise InvalidInput(f"all tensors of a payload must have as many rows, got {sizes}")
    return [{} for _ in range(len(blocks[0].rows))] if blocks else []


def _unknown(name: str, value: object, order: Sequence[str]) -> Row:
    """A tensor that the definition does not know, which the schema monitor will tell."""
    if name in _UNNAMED:
        raise InvalidInput(
            f"a row must have a value for each of {len(order)} features, got one value: send named "
            "columns, or lists"
        )
    return {name: value}


def _is_one_row(
    block: Block, order: Sequence[str], known: set[str], ours: Mapping[str, str]
) -> bool:
    """Whether one unnamed tensor of plain values is a row, not a column: it has a value for each
    of several features.
    """
    plain = not any(isinstance(value, list | Mapping) for value in block.rows)
    unnamed = ours.get(block.name, block.name) not in known
    return plain and unnamed and len(order) > 1 and len(block.rows) == len(order)


def _names(
    block: Block, order: Sequence[str], known: set[str], ours: Mapping[str, str]
) -> Sequence[str]:
    names = [ours.get(name, name) for name in block.names]
    return names if any(name in known for name in names) else order


def _by_order(values: Sequence[object], names: Sequence[str], name: str) -> Row:
    if len(values) != len(names):
        raise InvalidInput(
            f"tensor {name!r} has {len(values)} values a row, and {len(names)} names are known "
            f"for them ({', '.join(map(str, names[:8]))}): state them on the source"
        )
    return {str(key): value for key, value in zip(names, values, strict=True)}


def _kind(name: str, model: Model) -> ColumnType | None:
    return next((column.type for column in model.columns if column.name == name), None)
