"""`watchkeeper export grafana`: dashboards, and how Grafana is told of them."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_URLS = {"prometheus": "http://prometheus:9090", "postgres": "db:5432"}


@click.command("grafana")
@click.option(
    "--datasource",
    type=click.Choice(sorted(_URLS, reverse=True)),
    default="prometheus",
    show_default=True,
    help="Where the dashboards find their figures: in Prometheus, or in the records themselves.",
)
@click.option("--datasource-url", help="Where Grafana reaches it.")
@click.option(
    "--to",
    "folder",
    default="grafana",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write into.",
)
def command(*, datasource: str, datasource_url: str | None, folder: Path) -> None:
    """Write dashboards of the fleet, of a model and of Watchkeeper itself, with provisioning."""
    from watchkeeper.interop.grafana.provisioning import DataSource, files_of

    url = datasource_url or _URLS[datasource]
    for name, text in files_of(DataSource(datasource), url).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(path)
