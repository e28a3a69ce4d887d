"""Writes the API's description: `python -m watchkeeper.server.openapi [FILE]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from watchkeeper.server.api.app import declare_app

__all__ = ["main", "openapi_text"]


def openapi_text() -> str:
    """The OpenAPI document as it is committed."""
    return json.dumps(declare_app().openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> None:
    """Write the document to the file that is named, or to `docs/reference/openapi.json`."""
    path = Path(arguments[0] if arguments else "docs/reference/openapi.json")
    path.write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
