"""`watchkeeper export prometheus-rules`: rules of Prometheus, and unit tests of them."""

from __future__ import annotations

import click

from watchkeeper.cli.exports.definitions import models_for

__all__ = ["command"]


@click.command("prometheus-rules")
@click.option("-f", "--file", "paths", multiple=True, metavar="PATH", help="Definitions in files; else the server's.")  # fmt: skip
@click.option("--job", default="watchkeeper", show_default=True, help="The scrape's job_name.")
@click.option("--page", default="", help="Where people reach the page, for links to runbooks.")
@click.option(
    "--tests",
    "rule_file",
    metavar="RULES",
    help="Write unit tests of the file RULES instead, for `promtool test rules`.",
)
@click.option("--url", help="The server; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key; else WATCHKEEPER_API_KEY, or this machine's own.")
def command(
    *,
    paths: tuple[str, ...],
    job: str,
    page: str,
    rule_file: str | None,
    url: str | None,
    key: str | None,
) -> None:
    """Write recording and alerting rules: about Watchkeeper, and about each model."""
    from watchkeeper.interop.prometheus.rules import RuleOptions, rules_text, unit_tests_text

    models, options = models_for(paths, url=url, key=key), RuleOptions(job, page)
    text = (
        rules_text(models, options)
        if rule_file is None
        else unit_tests_text(models, options, rule_file)
    )
    click.echo(text, nl=False)
