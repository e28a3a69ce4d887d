"""A model's own source of OTLP, where none is defined: the requests for a model of its name."""

from __future__ import annotations

from watchkeeper.domain.source import Source, SourceType

__all__ = ["OWN_OTLP", "own_otlp"]

OWN_OTLP = ".otlp"


def own_otlp(model: str) -> Source:
    """The source of a model for which none is defined."""
    return Source(f"{model}{OWN_OTLP}", model, SourceType.OTLP)
