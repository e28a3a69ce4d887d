"""The file system of an object store's address: ``s3://``, ``gs://`` or ``abfss://``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.pull.arrow_folder import ArrowFolder

__all__ = ["object_store"]


def object_store(source: Source, secret: Callable[[object], str | None]) -> ArrowFolder:
    """The folder that a source of type ``object_store`` names.

    An S3 server other than Amazon's is named by ``endpoint``. Google's and Azure's stores are
    asked with what this machine's environment says of them.
    """
    from pyarrow import fs

    url = source.text("url")
    parts = urlsplit(url)
    if parts.scheme != "s3":
        try:
            system, base = fs.FileSystem.from_uri(url)
        except (OSError, ValueError) as error:
            raise InvalidInput(f"the address {url!r} cannot be read from: {error}") from error
        return ArrowFolder(system, base)
    endpoint = urlsplit(source.text("endpoint"))
    options = {
        "region": source.text("region") or None,
        "access_key": secret(source.options.get("access_key")),
        "secret_key": secret(source.options.get("secret_key")),
        "scheme": endpoint.scheme or None,
        "endpoint_override": endpoint.netloc or None,
        "connect_timeout": 10,
        "request_timeout": 60,
    }
    system = fs.S3FileSystem(**{name: value for name, value in options.items() if value})
    return ArrowFolder(system, f"{parts.netloc}{parts.path}")
