"""The definitions that an export is made from: a server's, or those of files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchkeeper.domain.model import Model

__all__ = ["models_for"]


def models_for(paths: Sequence[str], *, url: str | None, key: str | None) -> list[Model]:
    """The models of the files, or without files the server's; in the order of their names."""
    from watchkeeper.definitions.document import load_files, model_from_dict
    from watchkeeper.domain.model import Model

    if paths:
        found = [entry for path in paths for entry, _ in load_files(path)]
        return sorted((m for m in found if isinstance(m, Model)), key=lambda model: model.name)
    from watchkeeper.cli.server_options import connect, every

    http = connect(url, key)
    names = [str(each["name"]) for each in every(http, "/api/v1/models")]
    models = []
    for name in names:
        answer = http.get(f"/api/v1/models/{quote(name, safe='')}").data
        definition = answer.get("definition") if isinstance(answer, dict) else None
        if isinstance(definition, dict):
            models.append(model_from_dict(definition))
    return models
