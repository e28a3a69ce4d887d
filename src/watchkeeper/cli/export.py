"""`watchkeeper export WHAT`: files for other systems, made from what the server knows.

A module of the table holds its command as ``command``, and is loaded when it is called.
"""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["EXPORTS", "command"]

EXPORTS: dict[str, tuple[str, str]] = {
    "nagios": ("watchkeeper.cli.exports.nagios", "Objects of Nagios: hosts, services, commands."),
    "prometheus-rules": (
        "watchkeeper.cli.exports.prometheus_rules",
        "Recording and alerting rules of Prometheus, and unit tests of them.",
    ),
    "grafana": (
        "watchkeeper.cli.exports.grafana",
        "Dashboards of Grafana, and their provisioning.",
    ),
    "icinga": ("watchkeeper.cli.exports.icinga", "Objects of Icinga 2: a command and services."),
}


class _Exports(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(EXPORTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in EXPORTS:
            return None
        found = import_module(EXPORTS[cmd_name][0]).command
        if not isinstance(found, click.Command):
            raise TypeError(f"{EXPORTS[cmd_name][0]}.command must be a click command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, EXPORTS[name][1]) for name in self.list_commands(ctx)])


@click.group("export", cls=_Exports)
def command() -> None:
    """Write files for other systems."""
