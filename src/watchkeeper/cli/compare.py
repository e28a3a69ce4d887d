"""`watchkeeper compare REF CUR`: the report on the terminal, as a page, as JSON."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_LEVELS = ("info", "warning", "critical", "never")


@click.command("compare")
@click.argument("reference")
@click.argument("current")
@click.option("--model", "definition", metavar="SPEC", help="The model's YAML document.")
@click.option("--html", "html_file", metavar="FILE", help="Write the report as one HTML page.")
@click.option(
    "--json", "json_file", metavar="FILE", help="Write it as JSON; - for standard output."
)
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    default="warning",
    show_default=True,
    help="Exit with 1 where something at least that severe is found.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on the terminal.")
@click.pass_context
def command(
    context: click.Context,
    reference: str,
    current: str,
    *,
    definition: str | None,
    html_file: str | None,
    json_file: str | None,
    fail_on: str,
    quiet: bool,
) -> None:
    """Compare the table CURRENT with REFERENCE: what changed, how much, since when.

    Both are paths: Parquet, CSV or JSON lines; a file, a folder or a quoted pattern. Without
    --model the definition is guessed from the reference (see `watchkeeper infer`).

    Exit code: 0 nothing is wrong, 1 something is (see --fail-on), 2 the tables could not be
    compared.
    """
    from watchkeeper.domain.verdict import Severity
    from watchkeeper.reports.compare import compare

    report = compare(reference, current, definition)
    if html_file:
        _write(html_file, report.to_html())
    if json_file == "-":
        click.echo(report.to_json())
    elif json_file:
        _write(json_file, report.to_json())
    if not quiet and json_file != "-":
        from rich.console import Console

        from watchkeeper.reports.terminal import render

        Console(highlight=False).print(render(report))
    context.exit(0 if fail_on == "never" else report.exit_code(Severity(fail_on)))


def _write(path: str, text: str) -> None:
    target = Path(path)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(
            path, hint=f"{error.strerror}: choose a place that can be written"
        ) from None
