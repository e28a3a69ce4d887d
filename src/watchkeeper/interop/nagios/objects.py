"""Objects of Nagios: hosts, services, commands, contacts, as a file that stands on its own.

Everything of it has names that begin with ``watchkeeper``; whoever has templates of their own says
so, or changes the templates in front, which all others use.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.nagios.services import Service, name_of, services_of

__all__ = ["Objects", "objects_text"]

_WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ENDS_A_VALUE = frozenset(";\n\r")


@dataclass(frozen=True, slots=True)
class Objects:
    """How the objects are made.

    ``plugin`` is the plugin's path on the machine of Nagios and ``key_file`` that of the key.
    ``contact_group`` names one that exists; None makes one, with ``email`` in it. ``passive``: the
    results are handed in, and a service that hears nothing for ``freshness_seconds`` is UNKNOWN.
    ``interval`` and ``retry`` are in Nagios' units, minutes as it comes.
    """

    url: str
    host: str = "watchkeeper"
    address: str = "127.0.0.1"
    plugin: str = "check_watchkeeper"
    key_file: str | None = None
    plugins: str = "/usr/lib/nagios/plugins"
    contact_group: str | None = None
    email: str = "root@localhost"
    passive: bool = False
    freshness_seconds: int = 900
    interval: int = 5
    retry: int = 1
    attempts: int = 3
    timeout_seconds: int = 30
    page: str = ""


def objects_text(models: Sequence[str], how: Objects) -> str:
    """The objects of a fleet; the same for the same models.

    Raises InvalidInput where something given cannot stand in such a file.
    """
    if name_of(how.host) != how.host:
        raise InvalidInput(
            f"a host's name must do without signs such as ; ! and ', got {how.host!r}"
        )
    services = services_of(models)
    parts = [
        *_commands(how),
        *_templates(how),
        *_contacts(how),
        _host(how),
        *(_service(service, how) for service in services),
        *_dependencies(services, how),
    ]
    head = (
        "# Watchkeeper's objects for Nagios, made by `watchkeeper export nagios`: make them anew when\n"
        "# models come or go. Change the templates in front; the rest is written over.\n"
    )
    return head + "\n" + "\n\n".join(parts) + "\n"


def _commands(how: Objects) -> Iterator[str]:
    key = f" --key-file {_quoted(how.key_file)}" if how.key_file else ""
    ask = f"{_quoted(how.plugin)} --url {_quoted(how.url)}{key} -t {how.timeout_seconds} $ARG1$"
    yield _object("command", {"command_name": "check_watchkeeper", "command_line": ask})
    silent = f"{_quoted(how.plugins)}/check_dummy 3 'no result from Watchkeeper'"
    yield _object("command", {"command_name": "check_watchkeeper_silent", "command_line": silent})
    if how.contact_group is None:
        for kind, of in (("host", "$HOSTNAME$"), ("service", "$HOSTNAME$/$SERVICEDESC$")):
            state, said = f"${kind.upper()}STATE$", f"${kind.upper()}OUTPUT$"
            line = (
                f'/usr/bin/printf "%b" "$NOTIFICATIONTYPE$: {of} is {state}\\n\\n{said}\\n'
                f'\\n$LONG{kind.upper()}OUTPUT$\\n" | /usr/bin/mail -s '
                f'"$NOTIFICATIONTYPE$: {of} is {state}" $CONTACTEMAIL$'
            )
            name = f"watchkeeper-tell-{kind}"
            yield _object("command", {"command_name": name, "command_line": line})


def _templates(how: Objects) -> Iterator[str]:
    week = dict.fromkeys(_WEEK, "00:00-24:00")
    yield _object(
        "timeperiod", {"timeperiod_name": "watchkeeper-always", "alias": "always", **week}
    )
    shared = {
        "check_period": "watchkeeper-always",
        "notification_period": "watchkeeper-always",
        "notification_interval": "0",
        "contact_groups": how.contact_group or "watchkeeper",
        "register": "0",
    }
    yield _object(
        "host",
        {
            "name": "watchkeeper-host",
            "check_interval": str(how.interval),
            "retry_interval": str(how.retry),
            "max_check_attempts": str(how.attempts),
            **shared,
        },
    )
    waits = {
        "active_checks_enabled": "0",
        "passive_checks_enabled": "1",
        "check_freshness": "1",
        "freshness_threshold": str(how.freshness_seconds),
        "max_check_attempts": "1",  # what is handed in was judged already
        "check_command": "check_watchkeeper_silent",
    }
    asks = {"active_checks_enabled": "1", "max_check_attempts": str(how.attempts)}
    yield _object(
        "service",
        {
            "name": "watchkeeper-service",
            "check_interval": str(how.interval),
            "retry_interval": str(how.retry),
            **(waits if how.passive else asks),
            **shared,
        },
    )


def _contacts(how: Objects) -> Iterator[str]:
    if how.contact_group is not None:
        return
    yield _object(
        "contact",
        {
            "name": "watchkeeper-contact",
            "host_notifications_enabled": "1",
            "service_notifications_enabled": "1",
            "host_notification_period": "watchkeeper-always",
            "service_notification_period": "watchkeeper-always",
            "host_notification_options": "d,u,r",
            "service_notification_options": "w,u,c,r",
            "host_notification_commands": "watchkeeper-tell-host",
            "service_notification_commands": "watchkeeper-tell-service",
            "register": "0",
        },
    )
    yield _object(
        "contact",
        {"contact_name": "watchkeeper", "use": "watchkeeper-contact", "email": how.email},
    )
    yield _object("contactgroup", {"contactgroup_name": "watchkeeper", "members": "watchkeeper"})


def _host(how: Objects) -> str:
    alive = "check_watchkeeper_silent" if how.passive else "check_watchkeeper!--health"
    directives = {
        "host_name": how.host,
        "use": "watchkeeper-host",
        "alias": "Watchkeeper",
        "address": how.address,
        # A passive host is asked for nothing: without a check it counts as up.
        **({} if how.passive else {"check_command": alive}),
        **({"notes_url": how.page} if how.page else {}),
    }
    return _object("host", directives)


def _service(service: Service, how: Objects) -> str:
    asked = "check_watchkeeper!" + " ".join(map(shlex.quote, service.options))
    page = f"{how.page.rstrip('/')}/models/{service.model}" if how.page and service.model else ""
    return _object(
        "service",
        {
            "host_name": how.host,
            "service_description": service.description,
            "use": "watchkeeper-service",
            **({} if how.passive else {"check_command": asked}),
            "notes": service.about,
            **({"notes_url": page} if page else {}),
        },
    )


def _dependencies(services: Sequence[Service], how: Objects) -> Iterator[str]:
    """A server that does not answer is one problem, not two of each model."""
    below = [service.description for service in services if service.model is not None]
    if below:
        yield _object(
            "servicedependency",
            {
                "host_name": how.host,
                "service_description": services[0].description,
                "dependent_host_name": how.host,
                "dependent_service_description": ",".join(below),
                "notification_failure_criteria": "c,u",
            },
        )


def _quoted(text: str | None) -> str:
    """A word of a shell's line, without what Nagios would take for a macro's sign."""
    return shlex.quote(text or "").replace("$", "$$")


def _object(kind: str, directives: Mapping[str, str]) -> str:
    """A definition; each directive on a line of its own, as Nagios reads it."""
    wide = max(map(len, directives))
    for name, value in directives.items():
        if _ENDS_A_VALUE & set(value):
            raise InvalidInput(f"{name} must be without semicolons and line ends, got {value!r}")
    lines = [f"    {name:<{wide}}  {value}" for name, value in directives.items()]
    return "\n".join([f"define {kind} {{", *lines, "}"])
