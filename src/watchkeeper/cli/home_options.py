"""What every command shares that works on an installation itself, not through its server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from watchkeeper.settings import Settings

__all__ = ["home_option", "settings_of"]

_F = TypeVar("_F", bound=Callable[..., object])


def home_option(function: _F) -> _F:
    """Add ``--home`` and ``--json`` to a command."""
    options = (
        click.option(
            "--home",
            type=click.Path(path_type=Path),
            help="The server's folder; else WATCHKEEPER_HOME.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def settings_of(home: Path | None) -> Settings:
    """The settings of the environment, with another home folder where one is given."""
    from dataclasses import replace

    from watchkeeper.settings import Settings

    settings = Settings.load()
    return settings if home is None else replace(settings, home=home.expanduser().absolute())
