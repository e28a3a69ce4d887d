"""Bodies of requests and answers as they pass: kept up to a limit, and read as JSON afterwards."""

from __future__ import annotations

import json
import zlib

from watchkeeper.errors import InvalidInput, TooLarge

__all__ = ["Body"]

_GZIP = 16 + zlib.MAX_WBITS


class Body:
    """What passed of one body. Listening to it never raises; reading it does.

    Past ``most_bytes`` nothing is kept: a body is read whole or not at all.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self.bytes = 0
        self.media_type = ""
        self.encoding = ""

    def described(self, media_type: str, encoding: str) -> None:
        """Take the headers ``Content-Type`` and ``Content-Encoding``."""
        self.media_type = media_type.partition(";")[0].strip().lower()
        self.encoding = encoding.strip().lower()

    def add(self, part: object) -> None:
        """The next part passes."""
        if isinstance(part, bytes | bytearray | memoryview):
            self.bytes += len(part)
            if self.bytes <= self._most:
                self._parts.append(bytes(part))
            else:
                self._parts.clear()

    @property
    def is_json(self) -> bool:
        """Whether its headers say that it is JSON, or do not say what it is."""
        kind = self.media_type
        return not kind or kind.endswith(("/json", "+json"))

    def json(self, what: str) -> object:
        """The document; ``what`` names the body in messages.

        Raises
        ------
        TooLarge
            More passed than is kept.
        InvalidInput
            It is no JSON.
        """
        if self.bytes > self._most:
            raise TooLarge(
                f"the {what} must hold at most {self._most} bytes to be read, got {self.bytes}: "
                "raise max_body_bytes, or log inside with @wk.watch"
            )
        if not self.is_json:
            raise InvalidInput(f"the {what} must be JSON, got {self.media_type}")
        try:
            return json.loads(self._plain(b"".join(self._parts), what))
        except ValueError as error:
            raise InvalidInput(f"the {what} must be JSON: {error}") from None

    def _plain(self, content: bytes, what: str) -> bytes:
        if self.encoding in ("", "identity"):
            return content
        if self.encoding != "gzip":
            raise InvalidInput(f"the {what} must be plain or gzip, got {self.encoding}")
        opened = zlib.decompressobj(_GZIP)
        try:
            found = opened.decompress(content, self._most)
        except zlib.error as error:
            raise InvalidInput(f"the {what} must be gzip as it says: {error}") from None
        if opened.unconsumed_tail:
            raise TooLarge(f"the {what} must unpack to at most {self._most} bytes to be read")
        return found
