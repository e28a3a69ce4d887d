"""`watchkeeper passive`: hand the results of all checks in to Nagios, again and again."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from watchkeeper.cli.server_options import address
from watchkeeper.errors import InvalidInput, WatchkeeperError

if TYPE_CHECKING:
    from watchkeeper.interop.nagios.passive import Submit
    from watchkeeper.interop.nagios.plugin import Server

__all__ = ["command"]


@click.command("passive")
@click.argument("to")
@click.option("--url", help="The server; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key; else WATCHKEEPER_API_KEY, or this machine's own.")
@click.option("--host-name", default="watchkeeper", show_default=True, help="Nagios' host object.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(min=1.0),
    default=60.0,
    show_default=True,
    help="Seconds from one time to the next.",
)
@click.option("--once", is_flag=True, help="Hand in once, and end.")
@click.option(
    "--nsca-config", type=click.Path(path_type=Path, readable=False), help="The file of send_nsca."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, readable=False),
    help="A file with NRDP's token.",
)
def command(
    *,
    to: str,
    url: str | None,
    key: str | None,
    host_name: str,
    every_seconds: float,
    once: bool,
    nsca_config: Path | None,
    token_file: Path | None,
) -> None:
    """Hand the results of all checks in TO Nagios, Icinga or Naemon, until interrupted.

    TO is the path of the command file, `nsca://HOST:PORT`, or the `https://HOST/nrdp/` of NRDP. The
    services are those of `watchkeeper export nagios --passive`.
    """
    from watchkeeper.interop.nagios.plugin import Server

    server = Server(*address(url, key), timeout_seconds=30.0)
    submit = _submit(to, nsca_config, token_file)
    if once:
        click.echo(f"{_hand_in(server, host_name, submit)} results handed in")
        return
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    while not asked.is_set():
        try:
            _hand_in(server, host_name, submit)
        except WatchkeeperError as error:  # freshness tells of it there; the next time may go well
            click.echo(f"nothing was handed in: {error}", err=True)
        asked.wait(every_seconds)


def _hand_in(server: Server, host: str, submit: Submit) -> int:
    from watchkeeper.interop.nagios.passive import Passive
    from watchkeeper.interop.nagios.services import results

    found = [
        Passive(host, service.description, result) for service, result in results(server.asking())
    ]
    submit(found)
    return len(found)


def _submit(to: str, nsca_config: Path | None, token_file: Path | None) -> Submit:
    from watchkeeper.interop.nagios.passive import CommandFile, Nrdp, Nsca

    at = urlsplit(to)
    if at.scheme in {"http", "https"}:
        if token_file is None:
            raise InvalidInput("NRDP needs a token: name its file with --token-file")
        try:
            return Nrdp(to, token_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise InvalidInput(f"NRDP's token cannot be read: {error}") from error
    if at.scheme == "nsca":
        if not at.hostname:
            raise InvalidInput(f"NSCA's address must look like nsca://host:5667, got {to!r}")
        return Nsca(at.hostname, at.port or 5667, nsca_config)
    return CommandFile(Path(to), time.time)
