"""`watchkeeper export icinga`: a command and services of Icinga 2."""

from __future__ import annotations

import click

from watchkeeper.cli.exports.nagios import models_of
from watchkeeper.cli.server_options import address

__all__ = ["command"]


@click.command("icinga")
@click.option("--url", help="The server, as Icinga reaches it; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key to ask with now; else WATCHKEEPER_API_KEY.")
@click.option(
    "--host-name", default="watchkeeper", show_default=True, help="A host object that is there."
)
@click.option(
    "--plugin",
    default="check_watchkeeper",
    show_default=True,
    help="The plugin, where Icinga runs.",
)
@click.option("--key-file", help="The file with the plugin's key, where Icinga runs.")
@click.option("--interval", type=click.IntRange(1), default=5, show_default=True, help="Minutes.")
@click.option("--page", default="", help="Where people reach the page, for links.")
def command(
    *,
    url: str | None,
    key: str | None,
    host_name: str,
    plugin: str,
    key_file: str | None,
    interval: int,
    page: str,
) -> None:
    """Write a CheckCommand, and two services for each model."""
    from watchkeeper.interop.nagios.icinga import icinga_text
    from watchkeeper.interop.nagios.objects import Objects
    from watchkeeper.sdk.http import Http

    server, held = address(url, key)
    how = Objects(
        url=server, host=host_name, plugin=plugin, key_file=key_file, interval=interval, page=page
    )
    click.echo(icinga_text(models_of(Http(server, held)), how), nl=False)
