"""`watchkeeper demo`: watch a real model on a year of real flights."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import click

__all__ = ["command"]


@click.command("demo")
@click.option("--once", is_flag=True, help="Replay, tell what was found, and exit.")
@click.option("--port", type=click.IntRange(0, 65535), default=8711, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Tell the story as JSON.")
def command(*, once: bool, port: int, as_json: bool) -> None:
    """Replay a year of flights through the real server, and tell what was found.

    A model trained on January and February 2013 foresees late arrivals; the rest of the year is
    replayed, with two faults injected and named. Afterwards the page goes on being served, unless
    --once is given. Nothing is kept.
    """
    from rich.console import Console

    from watchkeeper.demo.stage import play, running_server
    from watchkeeper.demo.story import read_story
    from watchkeeper.demo.tell import as_document, tell
    from watchkeeper.errors import Unavailable
    from watchkeeper.sdk.client import Client

    # A stop from outside must end the server too, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    console = Console(stderr=as_json)
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-demo-") as folder,
        running_server(Path(folder), port=0 if once else port) as server,
        Client(server.url, server.key) as client,
    ):
        with console.status("starting") as status:
            play(client, told=status.update)
        story, seconds = read_story(client.http), time.monotonic() - started
        if as_json:
            click.echo(json.dumps(as_document(story, seconds=seconds), indent=2))
        else:
            tell(story, console, seconds=seconds)
        if not once:
            click.echo(f"\nThe page is at {server.url}  (sign in with {server.key}); Ctrl-C stops.")
            with suppress(KeyboardInterrupt):
                code = server.process.wait()
                raise Unavailable(f"the demo's server ended with status {code}")
