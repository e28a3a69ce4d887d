"""The definitions that are in force, read from the catalog and kept parsed while they stay.

What another process put in force is seen within half a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.definitions.document import dump_model, load_model, model_from_dict
from watchkeeper.definitions.plan import Plan, plan
from watchkeeper.domain.model import Model
from watchkeeper.errors import InvalidDefinition, NotFound
from watchkeeper.monitors.kinds import check_monitors

__all__ = ["Applied", "Defined", "Models"]

_FOR_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Defined:
    """A model's definition in force, and since when."""

    model: Model
    revision: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a definition changed; ``created`` where there was none of that name."""

    plan: Plan
    created: bool
    defined: Defined | None


class Models:
    """The models of an installation. Safe to use from many threads.

    ``told`` hears of every definition that was put in force, with what it changed and by whom.
    """

    def __init__(
        self,
        documents: Documents,
        *,
        told: Callable[[Defined, Applied, str], None] = lambda *_: None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._seconds = seconds
        self._told = told
        self._lock = threading.Lock()
        self._parsed: dict[str, tuple[str, Defined]] = {}
        # Models of which nothing was changed since so many revisions were counted, and when.
        self._current: dict[str, Defined] = {}
        self._counted, self._counted_at = -1, float("-inf")

    def get(self, name: str) -> Defined:
        """One model; NotFound where there is none."""
        counted = self._recount()
        held = self._current.get(name)
        if held is not None:
            return held
        found = self._newest(name)
        with self._lock:
            if counted == self._counted:
                self._current[name] = found
        return found

    def all(self) -> tuple[Defined, ...]:
        """Every model, in the order of their names."""
        return tuple(self._read(document) for document in self._documents.all())

    def check(self, name: str, document: Mapping[str, object]) -> tuple[Model, Applied]:
        """The wanted definition and what applying it would change; InvalidDefinition where the
        document is wrong or is of another model.
        """
        wanted = model_from_dict(document)
        if wanted.name != name:
            raise InvalidDefinition(
                f"name must be that of the address, {name!r}, got {wanted.name!r}: correct either"
            )
        check_monitors(wanted)
        try:
            current = self._newest(name)
        except NotFound:
            return wanted, Applied(plan(None, wanted), created=True, defined=None)
        return wanted, Applied(plan(current.model, wanted), created=False, defined=current)

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, now: datetime
    ) -> Applied:
        """Put a definition in force; the same one again changes nothing.

        Conflict where another one was put in force meanwhile.
        """
        wanted, found = self.check(name, document)
        before = 0 if found.defined is None else found.defined.revision
        stored = self._documents.put(name, dump_model(wanted), by=by, now=now, expected=before)
        defined = self._read(stored)
        self._forget()
        self._told(defined, found, by)
        return Applied(found.plan, found.created, defined)

    def _newest(self, name: str) -> Defined:
        try:
            return self._read(self._documents.get(name))
        except NotFound:
            raise NotFound(
                f"there is no model named {name!r}: `watchkeeper apply -f FILE` makes one"
            ) from None

    def _recount(self) -> int:
        """Forget what is current where a definition was put in force meanwhile."""
        with self._lock:
            if self._seconds() - self._counted_at < _FOR_SECONDS:
                return self._counted
        number = self._documents.count()
        with self._lock:
            if number != self._counted:
                self._current.clear()
            self._counted, self._counted_at = number, self._seconds()
        return number

    def _forget(self) -> None:
        with self._lock:
            self._current.clear()
            self._counted, self._counted_at = -1, float("-inf")

    def _read(self, document: Document) -> Defined:
        with self._lock:
            held = self._parsed.get(document.name)
            if held is None or held[0] != document.hash:
                defined = Defined(load_model(document.text), document.revision, document.created_at)
                held = self._parsed[document.name] = (document.hash, defined)
        return held[1]
