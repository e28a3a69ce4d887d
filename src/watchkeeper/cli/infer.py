"""`watchkeeper infer REF`: guess a model's definition, with the evidence as comments; or, with
`--new-columns`, the one that knows what a running model's rows hold beyond it.
"""

from __future__ import annotations

from pathlib import Path

import click

from watchkeeper.cli.server_options import connect, server_options

__all__ = ["command"]


@click.command("infer")
@click.argument("reference")
@click.option("--name", help="The model's name; else the name of the file.")
@click.option(
    "--new-columns",
    is_flag=True,
    help="REFERENCE names a model: its definition, with the new columns of its latest rows.",
)
@server_options
def command(
    reference: str,
    *,
    name: str | None,
    new_columns: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Guess the definition of a model from REFERENCE, a table of its inputs and answers.

    REFERENCE is the path of a Parquet, CSV or JSON-lines file, a folder or a quoted pattern.
    Every guess stands as a comment above what it is about, with how sure it is and why:

        watchkeeper infer ref.parquet > model.yaml
    """
    if new_columns:
        _propose(reference, url, key, as_json=as_json)
        return
    from watchkeeper.definitions.infer import annotated_yaml, infer

    inferred = infer(reference, name=name or Path(reference).stem)
    if not as_json:
        click.echo(annotated_yaml(inferred), nl=False)
        return
    import json
    from dataclasses import asdict

    from watchkeeper.definitions.document import model_to_dict

    guesses = [asdict(guess) for guess in inferred.guesses]
    definition = model_to_dict(inferred.model)
    click.echo(json.dumps({"definition": definition, "guesses": guesses}, indent=2))


def _propose(model: str, url: str | None, key: str | None, *, as_json: bool) -> None:
    import json

    from watchkeeper.definitions.document import dump_model, model_from_dict
    from watchkeeper.sdk.http import model_path

    found = connect(url, key).get(model_path(model, "proposal")).data
    if as_json or not isinstance(found, dict):
        click.echo(json.dumps(found, indent=2))
        return
    for column in found["columns"]:
        told = f"{column['type']}, in {column['rows']:,} of the {found['looked_at']:,} rows"
        click.echo(f"# new: {column['name']} ({told} that hold more than the definition knows)")
    click.echo(dump_model(model_from_dict(found["definition"])), nl=False)
