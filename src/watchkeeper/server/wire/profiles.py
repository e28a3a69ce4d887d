"""Profiles in the place of rows: what clients need to count by, and what they counted."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watchkeeper.server.wire.envelope import Wire

__all__ = ["BasisOut", "ProfilesIn", "SentWindow", "profiles_schema"]


class BasisOut(Wire):
    """What rows of the model are counted by. ``binnings`` is a JSON object by column, as text."""

    basis: str
    definition: dict[str, object]
    binnings: str


class SentWindow(Wire):
    """What a client counted of one window: ``rows`` that are in the profiles, ``rejected`` that are
    not. ``whole`` says that the profiles add up in every slice; ``missing`` are columns that no row
    had. ``profiles`` are packed, in base64: Arrow without the basis' binnings.
    """

    start: datetime
    end: datetime
    rows: int = Field(ge=0)
    rejected: int = Field(ge=0)
    whole: bool
    missing: list[str] = Field(default_factory=list, max_length=10_000)
    profiles: str


class ProfilesIn(Wire):
    """A batch of windows, counted by ``basis``."""

    basis: str
    windows: list[SentWindow] = Field(max_length=10_000)


def profiles_schema() -> dict[str, object]:
    """The JSON Schema of `ProfilesIn` in one piece, as it stands within an OpenAPI document."""
    found: dict[str, object] = ProfilesIn.model_json_schema()
    window = SentWindow.model_json_schema()
    properties = ProfilesIn.model_json_schema()["properties"]
    found.pop("$defs", None)
    return {
        **found,
        "properties": {**properties, "windows": {**properties["windows"], "items": window}},
    }
