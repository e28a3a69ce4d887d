"""How long rows are kept, as plain values (``retention:`` of a model's document), and back."""

from __future__ import annotations

from dataclasses import fields as fields_of
from datetime import timedelta

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import duration_text, read_duration
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.model import Model, Retention

__all__ = [
    "FOREVER",
    "RETENTION_KEYS",
    "check_retention",
    "form_of_retention",
    "read_retention",
    "retention_texts",
]

RETENTION_KEYS = tuple(item.name for item in fields_of(Retention))
FOREVER = "forever"
# Rolling baselines look back so far beyond their days, over windows that were left out.
_BEYOND = timedelta(days=14)


def read_retention(field: Field) -> Retention:
    """The retention that a mapping of tables to lengths of time (or ``forever``) says."""
    fields = field.mapping(RETENTION_KEYS)
    return Retention(
        **{
            key: timedelta.max if told.value == FOREVER else read_duration(told)
            for key, told in fields.items()
        }
    )


def form_of_retention(retention: Retention) -> Flow:
    """The document's mapping: what is left to the tier is left out."""
    return Flow({key: text for key, text in retention_texts(retention).items() if text is not None})


def retention_texts(retention: Retention) -> dict[str, str | None]:
    """For each table what the document says; None: as the tier says.

    >>> retention_texts(Retention(predictions=timedelta(days=400)))["predictions"]
    '400d'
    """
    held: dict[str, timedelta | None] = {key: getattr(retention, key) for key in RETENTION_KEYS}
    return {key: None if length is None else _text(length) for key, length in held.items()}


def _text(length: timedelta) -> str:
    return FOREVER if length == timedelta.max else duration_text(length)


def check_retention(model: Model, document: Field) -> None:
    """Refuse to delete rows before what is still to be joined to them, or compared with them.

    Raises
    ------
    InvalidDefinition
        With the path of the table.
    """
    place, kept = document.child("retention", None), model.retention
    rolling = timedelta(days=model.baseline.rolling_days) + _BEYOND
    for name, length, needed, why in (
        ("predictions", kept.predictions, model.label_horizon, "label_horizon"),
        ("labels", kept.labels, model.label_horizon, "label_horizon"),
        ("profiles", kept.profiles, rolling, "baseline.rolling_days and a fortnight"),
    ):
        if length is not None and length < needed:
            raise place.child(name, None).fail(
                f"must be at least {duration_text(needed)} ({why}), got {duration_text(length)}"
            )
