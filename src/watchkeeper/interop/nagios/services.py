"""The services of a fleet: what is checked of each model, under which names.

Object configuration, passive results and Checkmk's lines are made from this one list, so that what is
sent is what was configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import OK

from watchkeeper.interop.nagios import checks
from watchkeeper.interop.nagios.asking import Asking
from watchkeeper.interop.nagios.checks import Limits
from watchkeeper.interop.nagios.result import Result
from watchkeeper.interop.nagios.snapshot import Snapshot

__all__ = ["SERVER", "Service", "name_of", "results", "services_of"]

# What object names may not hold, as Nagios' `illegal_object_name_chars` has it, and what ends a field.
_ILLEGAL = re.compile(r"[`~!$%^&*|'\"<>?,()=;\\\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its description, the plugin's options that check it, and what it means."""

    description: str
    options: tuple[str, ...]
    about: str
    model: str | None = None


SERVER = Service("server", ("--health",), "the server takes rows, and its worker works")


def services_of(models: Sequence[str]) -> list[Service]:
    """The server's own service, and two of each model: its incidents and its freshness."""
    found = [SERVER]
    for name in models:
        shown = name_of(name)
        model = ("--model", name)
        found.append(Service(shown, model, f"incidents of the model {name}", name))
        about = f"how long ago the newest rows of the model {name} are"
        found.append(Service(f"{shown} freshness", (*model, "--freshness"), about, name))
    return found


def name_of(text: str) -> str:
    """A text as a name of an object, without what Nagios does not allow in one.

    >>> name_of("a;b|c' d")
    'a_b_c_ d'
    """
    return _ILLEGAL.sub("_", text).strip() or "_"


def results(asking: Asking) -> Iterator[tuple[Service, Result]]:
    """The result of every service of `services_of`, from one look at the server."""
    status, body = asking.fetch("/readyz")
    snapshot = Snapshot.load(asking)
    for service in services_of(list(snapshot.models)):
        if service.model is None:
            reason = "" if status == OK else body.decode("utf-8", "replace")[:200]
            yield service, checks.health(snapshot.clock, (status, reason), Limits())
            continue
        act = checks.freshness if "--freshness" in service.options else checks.model
        yield service, act(snapshot.models[service.model], Limits())
