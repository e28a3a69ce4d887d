"""`watchkeeper serve`: API, page, mover and monitors under one command."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]


@click.command("serve")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes any free one.")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of everything that is kept.")
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one line of JSON.")
def command(host: str | None, port: int | None, home: Path | None, *, as_json: bool) -> None:
    """Run the server until it is interrupted.

    The first start on this machine makes an admin key and shows it. A public address is refused
    while no key exists. Settings are read from WATCHKEEPER_* variables; the options win.
    """
    from dataclasses import replace

    from watchkeeper.server.supervise import Ready, serve
    from watchkeeper.settings import Settings

    settings = Settings.load()
    if host is not None:
        settings = replace(settings, host=host)
    if port is not None:
        settings = replace(settings, port=port)
    if home is not None:
        settings = replace(settings, home=home.expanduser().absolute())

    def told(ready: Ready) -> None:
        if as_json:
            click.echo(json.dumps({"url": ready.url, "key": ready.secret}))
            return
        click.echo(f"Watchkeeper listens at {ready.url}")
        if ready.secret is not None:
            click.echo(f"The first admin key, also in {settings.home / 'admin.key'}:")
            click.echo(f"  {ready.secret}")

    serve(settings, told)
