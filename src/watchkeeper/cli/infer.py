"""`watchkeeper infer REF`: guess a model's definition, with the evidence as comments."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("infer")
@click.argument("reference")
@click.option("--name", help="The model's name; else the name of the file.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the definition and the guesses as JSON."
)
def command(reference: str, *, name: str | None, as_json: bool) -> None:
    """Guess the definition of a model from REFERENCE, a table of its inputs and answers.

    REFERENCE is the path of a Parquet, CSV or JSON-lines file, a folder or a quoted pattern.
    Every guess stands as a comment above what it is about, with how sure it is and why:

        watchkeeper infer ref.parquet > model.yaml
    """
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
