"""The definitions of a server, through its API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from watchkeeper.errors import InvalidInput, NotFound, Unavailable
from watchkeeper.sdk.bulk import Bulk
from watchkeeper.sdk.http import Http, model_path

__all__ = ["RemoteDefinitions"]


class RemoteDefinitions:
    """A `DefinitionStore` behind HTTP. Safe to use from one thread.

    Parameters
    ----------
    http
        The connection, with a key that has the scope ``admin``.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._has_reference: dict[str, bool] = {}

    def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        """The stored document; None where there is none."""
        try:
            answer = self._http.get(_path(kind, name)).data
        except NotFound:
            return None
        if not isinstance(answer, dict) or not isinstance(answer.get("definition"), dict):
            raise Unavailable(f"the server must answer with the definition of {kind} {name!r}")
        self._has_reference[name] = answer.get("reference") is not None
        return dict(answer["definition"])

    def put(self, kind: str, name: str, document: Mapping[str, object]) -> None:
        """Store the document."""
        self._http.send_json("PUT", _path(kind, name), dict(document))

    def has_reference(self, model: str) -> bool:
        """Whether the model had a reference when its definition was read."""
        return self._has_reference.get(model, False)

    def upload_reference(self, model: str, path: Path) -> None:
        """Send a file as what the model's windows are compared against.

        Raises
        ------
        InvalidInput
            The file is no table.
        """
        if not path.exists():
            raise InvalidInput(
                f"the baseline's reference must exist, got {str(path)!r} (model {model!r}): "
                "correct baseline.reference, or leave it out and upload it by hand"
            )
        bulk = Bulk(self._http)
        if path.is_file() and path.suffix == ".parquet":
            bulk.upload_reference(model, path)
            return
        from watchkeeper.profiles.readers import open_table

        bulk.upload_reference(model, open_table(path).to_pyarrow())


def _path(kind: str, name: str) -> str:
    if kind == "Model":
        return model_path(name)
    return f"/api/v1/{_PLURALS[kind]}/{quote(name, safe='')}"


_PLURALS = {
    "AlertRoute": "routes",
    "InhibitRule": "alerting/inhibit-rules",
    "TimeInterval": "alerting/time-intervals",
    "Rota": "alerting/rotas",
    "Escalation": "alerting/escalations",
    "Silence": "silences",
    "Source": "sources",
}
