"""Where each table of a model lies under the root of the lake."""

from __future__ import annotations

import re
from enum import StrEnum

from watchkeeper.errors import InvalidInput

__all__ = ["LakeTable", "table_uri"]

_LONGEST_FOLDER = 200
_PLAIN = re.compile(r"[A-Za-z0-9_-]")


class LakeTable(StrEnum):
    """The tables of a model."""

    PREDICTIONS = "predictions"
    LABELS = "labels"
    QUARANTINE = "quarantine"
    PROFILES = "profiles"


def table_uri(root: str, model: str, table: LakeTable) -> str:
    """The folder or URI of one table.

    A model's name never leaves its folder: every character beyond letters, digits, ``_`` and
    ``-`` is written as ``~`` and its bytes in hexadecimal, which different names never share.

    >>> table_uri("/lake", "../my model", LakeTable.LABELS)
    '/lake/~2e~2e~2fmy~20model/labels'
    """
    folder = "".join(letter if _PLAIN.fullmatch(letter) else _escaped(letter) for letter in model)
    if not folder or len(folder) > _LONGEST_FOLDER:
        raise InvalidInput(
            f"a model's name must fit a folder name of 1 to {_LONGEST_FOLDER} characters, "
            f"got {len(folder)} from {model[:80]!r}: choose a shorter, plainer name"
        )
    return f"{root.rstrip('/')}/{folder}/{table}"


def _escaped(letter: str) -> str:
    return "".join(f"~{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))
