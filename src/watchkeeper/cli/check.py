"""`watchkeeper check`: a plugin of Nagios, Icinga, Naemon and Checkmk.

Also installed as ``check_watchkeeper``. Exit codes are those of plugins: 0 ok, 1 warning, 2 critical,
3 unknown, and so for whatever goes wrong, a misspelt option included.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from watchkeeper.interop.nagios.ranges import Range

__all__ = ["command", "main"]

_UNKNOWN = 3


class _Plugin(click.Command):
    """A command whose wrong use, and whose help, are UNKNOWN, as the guidelines want it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            click.echo(f"WATCHKEEPER UNKNOWN - {' '.join(error.format_message().split())}")
        except click.exceptions.Exit:
            pass
        raise click.exceptions.Exit(_UNKNOWN)


def main() -> None:
    """The entry point of ``check_watchkeeper``."""
    from watchkeeper.cli.main import main as watchkeeper

    watchkeeper(["check", *sys.argv[1:]])


@click.command("check", cls=_Plugin)
@click.option("-H", "--url", help="The server; else WATCHKEEPER_URL.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, readable=False),
    help="A file with the API key; else WATCHKEEPER_API_KEY, or this machine's own.",
)
@click.option("--ca-file", help="The certificates to trust.")
@click.option("--model", help="Which model.  [default: all of them, together]")
@click.option("--monitor", help="Only what this monitor said of the newest window that it judged.")
@click.option("--column", help="Of the monitor: only this column.")
@click.option("--figure", help="Of the monitor: only this figure, such as `latency_p95`.")
@click.option(
    "--segment", default="", help="Of the monitor: `column=value` in the place of all rows."
)
@click.option("--freshness", is_flag=True, help="How long ago the model's newest rows are.")
@click.option(
    "--health", is_flag=True, help="The server itself: is it ready, does its worker work."
)
@click.option(
    "-w",
    "--warning",
    help="The range that is no cause for a warning: 10, 10:, ~:10, 10:20, @10:20.",
)
@click.option("-c", "--critical", help="Likewise, for critical.")
@click.option(
    "-t",
    "--timeout",
    type=click.FloatRange(min=0.1, max=3600),
    default=10.0,
    show_default=True,
    help="Seconds after which it is UNKNOWN.",
)
@click.option("--checkmk", is_flag=True, help="All checks at once, as Checkmk's local checks.")
@click.option("--acknowledged-ok", is_flag=True, help="What somebody looks after is no cause.")
@click.option("-v", "--verbose", is_flag=True, help="As far as it goes: details are always told.")
def command(
    *,
    url: str | None,
    key_file: Path | None,
    ca_file: str | None,
    model: str | None,
    monitor: str | None,
    column: str | None,
    figure: str | None,
    segment: str,
    freshness: bool,
    health: bool,
    warning: str | None,
    critical: str | None,
    timeout: float,
    checkmk: bool,
    acknowledged_ok: bool,
    verbose: bool,
) -> int:
    """Check as a plugin of Nagios, Icinga, Naemon and Checkmk does.

    Without --model all models together. Ranges are of what is asked for: the number of incidents, the
    figures of a monitor, seconds of silence, seconds since the worker was seen.
    """
    del verbose  # an option that every plugin has
    from watchkeeper.interop.nagios.checkmk import local_checks
    from watchkeeper.interop.nagios.checks import Limits
    from watchkeeper.interop.nagios.plugin import Server, Wanted, check, guarded
    from watchkeeper.interop.nagios.result import Result, State
    from watchkeeper.interop.nagios.services import SERVER, results

    def act() -> Result:
        server = Server(*_address(url, key_file), ca_file, timeout)
        if checkmk:
            return Result(State.OK, local_checks(results(server.asking())))
        limits = Limits(_range(warning), _range(critical), acknowledged_ok)
        wanted = Wanted(model, monitor, column, figure, segment, freshness, health, limits)
        return check(server, wanted)

    result = guarded(act, timeout_seconds=timeout)
    if checkmk:
        told = result.text if result.state is State.OK else local_checks([(SERVER, result)])
        click.echo(told)
        return 0  # Checkmk reads the states from the lines
    click.echo(result.output())
    return int(result.state)


def _address(url: str | None, key_file: Path | None) -> tuple[str, str]:
    from watchkeeper.cli.server_options import address
    from watchkeeper.errors import InvalidInput

    if key_file is None:
        return address(url, None)
    try:
        return address(url, key_file.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the key cannot be read: {error}") from error


def _range(given: str | None) -> Range | None:
    from watchkeeper.interop.nagios.ranges import Range

    return None if given is None else Range.parse(given)
