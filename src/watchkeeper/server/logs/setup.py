"""All that is logged in a process goes one way: ours, the web server's, the libraries', warnings and
what nobody caught.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from types import TracebackType

from watchkeeper.server.logs.forms import JsonForm, TextForm
from watchkeeper.server.logs.levels import LogLevels
from watchkeeper.server.logs.lines import Lines
from watchkeeper.server.logs.redact import Redactor, redactor
from watchkeeper.settings import Settings, environment_value

__all__ = ["conceal_settings", "configure_logs"]

_log = logging.getLogger("watchkeeper")


def configure_logs(
    settings: Settings,
    process: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LogLevels:
    """Send everything that is logged in this process where the settings say; gives its levels.

    SIGUSR1 asks for all there is to tell, for ten minutes or until it comes again.
    """
    conceal_settings(settings, redactor)
    handler = Lines(settings.log_file)
    handler.setFormatter(_form(settings, process))
    root = logging.getLogger()
    for other in tuple(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    levels = LogLevels(settings.log_level.lower(), now)
    levels.apply()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, lambda *_: levels.signalled())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    return levels


def conceal_settings(settings: Settings, into: Redactor) -> None:
    """Keep out of the log whatever the settings do not show of themselves."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.repr or not value:
            continue
        if isinstance(value, str):
            into.conceal_url(value) if "://" in value else into.conceal(value)
    with suppress(Exception):  # what cannot be read is told by whoever needs it
        for name, option in (settings.storage_options() or {}).items():
            if isinstance(settings.lake_options.get(name), dict) or "SECRET" in name.upper():
                into.conceal(option)


def _form(settings: Settings, process: str) -> logging.Formatter:
    terminal = settings.log_file is None and os.isatty(2)
    wanted = settings.log_format
    if wanted == "json" or (wanted == "auto" and not terminal):
        return JsonForm(process, redactor)
    return TextForm(process, redactor, colours=terminal and environment_value("NO_COLOR") is None)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _log.critical("the process ends by an error that nobody caught", exc_info=(kind, error, trace))


def _uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is None or issubclass(hook.exc_type, SystemExit):
        return
    name = hook.thread.name if hook.thread is not None else "?"
    _log.critical(
        "a thread ended by an error that nobody caught thread=%s",
        name,
        exc_info=(hook.exc_type, hook.exc_value, hook.exc_traceback),
    )
