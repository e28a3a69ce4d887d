"""Objects of Icinga 2: the command with all options of the plugin, and a service for every model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from watchkeeper.interop.nagios.objects import Objects
from watchkeeper.interop.nagios.services import Service, services_of

__all__ = ["icinga_text"]

# The plugin's options by the custom variable that sets each; flags are set where it is true.
_VALUES: Mapping[str, str] = {
    "--url": "watchkeeper_url",
    "--key-file": "watchkeeper_key_file",
    "--ca-file": "watchkeeper_ca_file",
    "--model": "watchkeeper_model",
    "--monitor": "watchkeeper_monitor",
    "--column": "watchkeeper_column",
    "--figure": "watchkeeper_figure",
    "--segment": "watchkeeper_segment",
    "--warning": "watchkeeper_warning",
    "--critical": "watchkeeper_critical",
    "--timeout": "watchkeeper_timeout",
}
_FLAGS: Mapping[str, str] = {
    "--freshness": "watchkeeper_freshness",
    "--health": "watchkeeper_health",
    "--acknowledged-ok": "watchkeeper_acknowledged_ok",
}


def icinga_text(models: Sequence[str], how: Objects) -> str:
    """The configuration of a fleet; the same for the same models."""
    blocks = [_command(how), *(_service(service, how) for service in services_of(models))]
    head = "// Watchkeeper's objects for Icinga 2, made by `watchkeeper export icinga`.\n\n"
    return head + "\n\n".join(blocks) + "\n"


def _command(how: Objects) -> str:
    lines = [f'    {_text(option)} = "${name}$"' for option, name in _VALUES.items()]
    for option, name in _FLAGS.items():
        lines.append(f'    {_text(option)} = {{ set_if = "${name}$" }}')
    arguments = "\n".join(lines)
    values = [f"  vars.watchkeeper_url = {_text(how.url)}"]
    if how.key_file:
        values.append(f"  vars.watchkeeper_key_file = {_text(how.key_file)}")
    values.append(f"  vars.watchkeeper_timeout = {how.timeout_seconds}")
    return "\n".join(
        [
            'object CheckCommand "watchkeeper" {',
            f"  command = [ {_text(how.plugin)} ]",
            f"  timeout = {how.timeout_seconds + 5}s",
            "  arguments = {",
            arguments,
            "  }",
            *values,
            "}",
        ]
    )


def _service(service: Service, how: Objects) -> str:
    lines = [
        f"object Service {_text(service.description)} {{",
        f"  host_name = {_text(how.host)}",
        '  check_command = "watchkeeper"',
        f"  check_interval = {how.interval}m",
        f"  retry_interval = {how.retry}m",
        f"  max_check_attempts = {how.attempts}",
        f"  notes = {_text(service.about)}",
    ]
    if service.model is None:
        lines.append("  vars.watchkeeper_health = true")
    else:
        lines.append(f"  vars.watchkeeper_model = {_text(service.model)}")
        if "--freshness" in service.options:
            lines.append("  vars.watchkeeper_freshness = true")
        if how.page:
            page = f"{how.page.rstrip('/')}/models/{service.model}"
            lines.append(f"  notes_url = {_text(page)}")
    return "\n".join([*lines, "}"])


def _text(value: str) -> str:
    """A string of Icinga's language, which escapes as JSON does; ``$`` begins a macro there."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
