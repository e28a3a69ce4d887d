"""References to secrets: ``{env: NAME}`` and ``{file: PATH}``. A secret never stands in a document."""

from __future__ import annotations

import re

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.yaml_text import Flow
from watchkeeper.domain.route import Secret

__all__ = ["form_of_value", "read_reference", "read_text"]

_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z")
_SECRET = re.compile(
    r"password|secret|token|authorization|cookie|api[-_]?key|signature|jaas|\.key|\.pem",
    re.IGNORECASE,
)


def read_text(key: str, field: Field) -> object:
    """Text, or a reference to a secret; only the latter where ``key`` names a secret."""
    if isinstance(field.value, dict):
        return read_reference(field)
    if _SECRET.search(key):
        raise field.fail(
            "must be a reference such as {env: SMTP_PASSWORD} or {file: /run/secrets/smtp}: "
            "a secret never stands in a document"
        )
    return field.text(most=4_096)


def read_reference(field: Field) -> Secret:
    """A reference with one of ``env`` and ``file``."""
    if not isinstance(field.value, dict):
        raise field.fail(
            "must be a reference such as {env: NAME} or {file: /run/secrets/name}: "
            "a secret never stands in a document"
        )
    fields = field.mapping(("env", "file"))
    if len(fields) != 1:
        raise field.must_be("a reference with one of env or file")
    if "file" in fields:
        return Secret(file=fields["file"].text(most=4_096))
    name = fields["env"].text(most=255)
    if not _ENV.match(name):
        raise fields["env"].must_be("the name of an environment variable")
    return Secret(env=name)


def form_of_value(value: object) -> object:
    """An option as plain values: references in one line."""
    if isinstance(value, Secret):
        return Flow(env=value.env) if value.env is not None else Flow(file=value.file)
    if isinstance(value, dict):
        return {key: form_of_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [form_of_value(item) for item in value]
    return value
