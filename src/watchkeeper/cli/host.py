"""`watchkeeper host`: what this machine and its processes use, as rows of a model of hosts."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.server_options import address
from watchkeeper.errors import InvalidInput

if TYPE_CHECKING:
    from watchkeeper.sdk.host.sampler import HostSampler

__all__ = ["command"]

_END_SECONDS = 2.0  # what is not sent by then is sent by the next process


@click.command("host")
@click.option("--model", default="hosts", show_default=True, help="The model of hosts.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(min=0.0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds from one sample to the next.",
)
@click.option("--name", help="What this host is called.  [default: the machine's name]")
@click.option(
    "--process",
    "processes",
    multiple=True,
    metavar="NAME=PID",
    help="A process to sample, a row of its own; may stand more than once.",
)
@click.option(
    "--path",
    "paths",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A path on a file system to watch; may stand more than once.  [default: /]",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("/"),
    help="Where the machine's /proc and /sys are, in a container into which they are mounted.",
)
@click.option("--definition", is_flag=True, help="Print the model's definition, and end.")
@click.option("--once", is_flag=True, help="Print one sample as JSON, and end.")
@click.option("--url", help="The server; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key; else WATCHKEEPER_API_KEY, or this machine's own.")
def command(
    *,
    model: str,
    every_seconds: float,
    name: str | None,
    processes: Sequence[str],
    paths: Sequence[Path],
    root: Path,
    definition: bool,
    once: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Sample this host until it is interrupted, and send the samples to MODEL.

    The server must know the model: `watchkeeper host --definition > hosts.yaml`, then
    `watchkeeper apply -f hosts.yaml`.
    """
    import yaml

    from watchkeeper.sdk.client import Client
    from watchkeeper.sdk.host.columns import host_definition
    from watchkeeper.sdk.host.sampler import HostOptions, HostSampler

    if definition:
        click.echo(yaml.safe_dump(host_definition(model), sort_keys=False), nl=False)
        return
    options = HostOptions(
        every_seconds=every_seconds,
        host=name,
        processes=dict(map(_process, processes)),
        paths=tuple(paths) or (Path("/"),),
        root=root,
    )
    client = Client(*address(url, key))
    try:
        sampler = HostSampler(client, model, options=options)
        if once:
            sampler.sample()
            threading.Event().wait(min(1.0, every_seconds))
            click.echo(json.dumps(sampler.sample(), indent=2))
            return
        _run(sampler)
    finally:
        client.close(_END_SECONDS)


def _run(sampler: HostSampler) -> None:
    """Sample until the process is asked to end."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    with sampler:
        click.echo("sampling this host")
        asked.wait()
    for part, reason in sampler.absent.items():
        click.echo(f"there was no {part}: {reason}", err=True)


def _process(given: str) -> tuple[str, int]:
    name, _, pid = given.partition("=")
    if not name or not pid.isdecimal():
        raise InvalidInput(f"a process must be given as NAME=PID, got {given!r}")
    return name, int(pid)
