"""Write the published schemas: ``python -m watchkeeper.definitions.publish [FOLDER]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from watchkeeper.definitions.schema import SCHEMAS

__all__ = ["publish"]


def publish(folder: Path) -> None:
    """Write every schema into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    publish(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference/schemas"))
