"""The first key: made where there is none, and only for this machine itself."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.key import Scope
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.settings import Settings

__all__ = ["KEY_FILE", "first_key", "is_loopback"]

KEY_FILE = "admin.key"


def first_key(settings: Settings) -> str | None:
    """Make an admin key where there is none yet, and keep it in a file that only its owner reads.

    Returns its secret, None where keys exist. InvalidInput where the address is public: whoever
    reaches it first would find an installation without an owner; unless its secret was given in a
    file.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    catalog = Catalog.open(settings.catalog_url, settings.inbox_url)
    try:
        if catalog.keys.any():
            return None
        if settings.first_key_file is not None:
            _adopt(catalog, settings.first_key_file)
            return None
        if not is_loopback(settings.host):
            raise InvalidInput(
                f"a public address needs a key first, got host {settings.host!r} and no key: "
                "serve once on 127.0.0.1, which makes the first key, then on the public address"
            )
        _, secret = catalog.keys.create("bootstrap", [Scope.ADMIN], now=datetime.now(UTC))
    finally:
        catalog.close()
    _write_secret(settings.home / KEY_FILE, secret)
    return secret


def _adopt(catalog: Catalog, path: Path) -> None:
    """Take the secret in a file for the first key's; several servers may do so at once."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the first key cannot be read: {error}") from error
    with suppress(Conflict):  # another server was quicker
        catalog.keys.create("bootstrap", [Scope.ADMIN], now=datetime.now(UTC), secret=secret)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _write_secret(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
