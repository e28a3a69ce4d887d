"""How an event is written: as a line of JSON for programs, or as text for people.

An event is one line, whatever its text is made of. What stands as ``name=%s`` in the text of an event
is also a member of its own in JSON, with its type.
"""

from __future__ import annotations

import json
import logging
import math
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from watchkeeper.server.logs.context import facts_now
from watchkeeper.server.logs.redact import HIDDEN, is_secret_name

__all__ = ["JsonForm", "TextForm"]

_LONGEST = 32_768  # characters of one text; the middle of a longer one is left out
_CONVERSION = re.compile(r"%(?:%|[-+ #0]*\d*(?:\.\d+)?[hlL]?[a-zA-Z])")
_NAME_BEFORE = re.compile(r"(\w{1,64})=\Z")
# Control characters, and those that end a line or turn around what follows.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_COLOURS = {"DEBUG": "2", "INFO": "36", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_NAMES = frozenset({"time", "level", "logger", "process", "pid", "message", "error"})
Redact = Callable[[str], str]


class _Form(logging.Formatter):
    """What both forms have in common."""

    def __init__(self, process: str, redact: Redact) -> None:
        super().__init__()
        self._process = process
        self._redact = redact

    def _text(self, text: str) -> str:
        if len(text) > 4 * _LONGEST:  # what is cut in two here is far from what is shown below
            text = f"{text[: 2 * _LONGEST]} … {text[-2 * _LONGEST :]}"
        shown = self._redact(text)
        if len(shown) > _LONGEST:
            half = _LONGEST // 2
            shown = f"{shown[:half]} … the middle is left out … {shown[-half:]}"
        return shown

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the event is about: facts that are bound, and named values of the event itself."""
        found: dict[str, object] = dict(facts_now())
        found |= _named(record)
        found |= {name: value for name, value in vars(record).items() if name not in _OWN}
        return {name: self._value(name, value) for name, value in found.items()}

    def _value(self, name: str, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return HIDDEN if is_secret_name(name) else self._text(_shown(value))


class JsonForm(_Form):
    """A line of JSON: time, level, logger, process, message, what it is about, and the error."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as one line."""
        members: dict[str, object] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": self._process,
            "pid": record.process,
            "message": self._text(_message(record)),
        }
        for name, value in self._fields(record).items():
            members[f"{name}_" if name in _NAMES else name] = _finite(value)
        error = _error(record)
        if error is not None:
            members["error"] = {name: self._text(text) for name, text in error.items()}
        return _HOSTILE.sub(_escaped, json.dumps(members, ensure_ascii=False, allow_nan=False))


class TextForm(_Form):
    """A line for people; a traceback follows, each of its lines indented."""

    def __init__(self, process: str, redact: Redact, *, colours: bool = False) -> None:
        super().__init__(process, redact)
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The event as one line, and what belongs to it indented below."""
        moment = _time(record).strftime("%Y-%m-%d %H:%M:%S.") + f"{int(record.msecs):03d}Z"
        level = f"{record.levelname:<7}"
        if self._colours:
            level = f"\x1b[{_COLOURS.get(record.levelname, '0')}m{level}\x1b[0m"
        said = _plain(self._text(_message(record)))
        about = "".join(
            f" {name}={_plain(str(value))}"
            for name, value in self._fields(record).items()
            if f"{name}=" not in said
        )
        lines = [f"{moment} {level} {self._process} {_plain(record.name)}: {said}{about}"]
        error = _error(record)
        if error is not None:
            lines += [f"    {_plain(line)}" for line in self._text(error["stack"]).splitlines()]
        return "\n".join(lines)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _message(record: logging.LogRecord) -> str:
    """The text of an event; one that does not fit its values is told all the same."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  a slip in a log line must not lose the event
        return f"{record.msg} {_shown(record.args)}"


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  foreign objects may do anything
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _named(record: logging.LogRecord) -> Mapping[str, object]:
    """The values that stand as ``name=%s`` in the text."""
    if not record.args or not isinstance(record.args, tuple) or not isinstance(record.msg, str):
        return {}
    names = _names(record.msg)
    pairs = zip(names, record.args, strict=False)
    return {name: value for name, value in pairs if name is not None}


@lru_cache(maxsize=1_024)
def _names(template: str) -> tuple[str | None, ...]:
    """By place of the values, the name before each; None where there is none."""
    found: list[str | None] = []
    for conversion in _CONVERSION.finditer(template):
        if conversion[0] != "%%":
            at = conversion.start()
            name = _NAME_BEFORE.search(template[max(0, at - 65) : at])
            found.append(None if name is None else name[1])
    return tuple(found)


def _error(record: logging.LogRecord) -> dict[str, str] | None:
    kind, error, trace = record.exc_info or (None, None, None)
    if kind is not None and error is not None:
        stack = "".join(traceback.format_exception(kind, error, trace))
        return {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "message": _shown(error),
            "stack": stack,
        }
    return {"type": "", "message": "", "stack": record.stack_info} if record.stack_info else None


def _finite(value: object) -> object:
    """JSON knows neither NaN nor infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _plain(text: str) -> str:
    return _HOSTILE.sub(_escaped, text.replace("\\", "\\\\") if _HOSTILE.search(text) else text)


def _escaped(found: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0], f"\\u{ord(found[0]):04x}")
