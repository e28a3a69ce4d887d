"""`watchkeeper export nagios`: objects of Nagios for every model."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from watchkeeper.cli.server_options import address

if TYPE_CHECKING:
    from watchkeeper.sdk.http import Http

__all__ = ["command", "models_of"]


@click.command("nagios")
@click.option("--url", help="The server, as Nagios reaches it; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key to ask with now; else WATCHKEEPER_API_KEY.")
@click.option("--host-name", default="watchkeeper", show_default=True, help="Nagios' host object.")
@click.option(
    "--plugin",
    default="check_watchkeeper",
    show_default=True,
    help="The plugin, where Nagios runs.",
)
@click.option("--key-file", help="The file with the plugin's key, where Nagios runs.")
@click.option(
    "--plugins",
    default="/usr/lib/nagios/plugins",
    show_default=True,
    help="The folder of the standard plugins there.",
)
@click.option("--contact-group", help="A contact group that is there already.")
@click.option("--email", default="root@localhost", help="Else: who is told, by one made here.")
@click.option("--passive", is_flag=True, help="Results are handed in, by `watchkeeper passive`.")
@click.option(
    "--interval", type=click.IntRange(1), default=5, show_default=True, help="Between checks."
)
@click.option(
    "--freshness-seconds",
    type=click.IntRange(1),
    default=900,
    show_default=True,
    help="Passive: silence after which a service is UNKNOWN.",
)
@click.option("--page", default="", help="Where people reach the page, for links.")
def command(
    *,
    url: str | None,
    key: str | None,
    host_name: str,
    plugin: str,
    key_file: str | None,
    plugins: str,
    contact_group: str | None,
    email: str,
    passive: bool,
    interval: int,
    freshness_seconds: int,
    page: str,
) -> None:
    """Write a host, and two services for each model, as a file that Nagios reads."""
    from watchkeeper.interop.nagios.objects import Objects, objects_text
    from watchkeeper.sdk.http import Http

    server, held = address(url, key)
    how = Objects(
        url=server,
        host=host_name,
        address=urlsplit(server).hostname or "127.0.0.1",
        plugin=plugin,
        key_file=key_file,
        plugins=plugins,
        contact_group=contact_group,
        email=email,
        passive=passive,
        freshness_seconds=freshness_seconds,
        interval=interval,
        page=page,
    )
    click.echo(objects_text(models_of(Http(server, held)), how), nl=False)


def models_of(http: Http) -> list[str]:
    """The names of all models."""
    from watchkeeper.cli.server_options import every

    return [str(found["name"]) for found in every(http, "/api/v1/models")]
