"""`watchkeeper apply -f DIR`: bring a server's definitions to what files say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.server_options import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchkeeper.definitions.document import Document
    from watchkeeper.definitions.plan import Plan
    from watchkeeper.definitions.remote import RemoteDefinitions

__all__ = ["command"]

_COLOURS = {"+": "green", "-": "red", "~": "yellow", "=": None}


@click.command("apply")
@click.option(
    "-f",
    "--file",
    "paths",
    required=True,
    multiple=True,
    metavar="PATH",
    help="A file of definitions or a folder of them; may stand more than once.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show the changes, and make none.")
@click.option("--url", help="The server; else WATCHKEEPER_URL.")
@click.option(
    "--key", help="A key with the scope admin; else WATCHKEEPER_API_KEY, or this machine's own."
)
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def command(
    *, paths: tuple[str, ...], only_plan: bool, url: str | None, key: str | None, as_json: bool
) -> None:
    """Apply definitions: store what differs from the server's, and nothing else.

    Applying the same files again changes nothing. A model's reference (baseline.reference, a path
    beside its file) is uploaded when it is new or the server has none.
    """
    from watchkeeper.definitions.apply import apply_documents, plan_documents
    from watchkeeper.definitions.document import load_files
    from watchkeeper.definitions.remote import RemoteDefinitions

    found = [entry for path in paths for entry in load_files(path)]
    documents = [document for document, _ in found]
    store = RemoteDefinitions(connect(url, key))
    plans = (plan_documents if only_plan else apply_documents)(documents, store)
    _show(plans, as_json=as_json)
    if not only_plan:
        _upload_references(found, plans, store)


def _show(plans: Sequence[Plan], *, as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps([asdict(found) for found in plans], indent=2, default=str))
        return
    from watchkeeper.definitions.plan import render

    for found in plans:
        for line in render(found).split("\n"):
            click.secho(line, fg=_COLOURS.get(line.strip()[:1]))


def _upload_references(
    found: Sequence[tuple[Document, Path]], plans: Sequence[Plan], store: RemoteDefinitions
) -> None:
    from watchkeeper.domain.model import Model

    changed = {
        each.name
        for each in plans
        if each.creates or any(change.path == "baseline.reference" for change in each.changes)
    }
    for document, file in found:
        reference = document.baseline.reference if isinstance(document, Model) else None
        if reference is None or "://" in reference:  # the server reads what it can reach itself
            continue
        if document.name in changed or not store.has_reference(document.name):
            store.upload_reference(document.name, file.parent / reference)
            click.echo(f"reference of {document.name}: {reference} uploaded", err=True)
