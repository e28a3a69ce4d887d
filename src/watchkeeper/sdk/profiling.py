"""Rows that must not leave the process: their counts are sent in their place.

The counting needs the libraries of ``watchkeeper[server]``. It is found by name and loaded when the
first such rows are to be sent, so that nothing else here depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from watchkeeper.errors import NotInstalled
from watchkeeper.sdk.http import Answer, Failure, Http

__all__ = ["PROFILES", "Profiling", "require_counting"]

PROFILES = "profiles"
_COUNTING = "watchkeeper.server.at_source"
_NEEDED = ("numpy", "pyarrow", "ibis")
_NOT_YET = 404


class _Counting(Protocol):
    """What sends rows as the profiles of their windows."""

    def attempt(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer | Failure:
        """Count the rows of a request, and send the counts; a failure is a value."""
        ...


class Profiling(Http):
    """A connection on which rows of kind ``profiles`` are counted, never sent."""

    _counting: _Counting | None = None

    def attempt(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Failure:
        """As `Http.attempt`; of rows to be counted their counts are sent.

        Where the libraries are missing (another process wrote the rows), the rows wait.
        """
        if body is None or not path.endswith(f"/{PROFILES}"):
            return super().attempt(method, path, body, headers)
        if self._counting is None:
            try:
                require_counting()
            except NotInstalled as error:
                return Failure(_NOT_YET, error)
            self._counting = import_module(_COUNTING).AtSource(Http(self.url, self.api_key))
        return self._counting.attempt(path, body, headers or {})


def require_counting() -> None:
    """NotInstalled where rows cannot be counted in this process."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise NotInstalled(
            f"sending profiles in the place of rows needs {', '.join(missing)}: "
            "run `pip install 'watchkeeper[server]'`"
        )
