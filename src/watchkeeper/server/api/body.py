"""Request bodies: read in full up to a limit, unzipped up to the same limit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from fastapi import Request

from watchkeeper.errors import InvalidInput, TooLarge

__all__ = ["ARROW_STREAM", "JSON", "PARQUET", "Body", "read_body"]

JSON = "application/json"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a request, unzipped, and the media type it states."""

    content: bytes
    media_type: str


async def read_body(request: Request, *, limit: int) -> Body:
    """The body; TooLarge beyond ``limit`` bytes, before or after unzipping."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(int(stated), limit)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise _too_large(len(content), limit)
    encoding = request.headers.get("content-encoding", "identity").lower()
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    return Body(_decoded(bytes(content), encoding, limit), media_type)


def _decoded(content: bytes, encoding: str, limit: int) -> bytes:
    if encoding in {"", "identity"}:
        return content
    if encoding != "gzip":
        raise InvalidInput(f"Content-Encoding must be gzip or absent, got {encoding!r}")
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = reader.decompress(content, limit + 1)
    except zlib.error as error:
        raise InvalidInput(
            f"the body must be gzip, as its Content-Encoding says: {error}"
        ) from error
    if len(plain) > limit:
        raise _too_large(len(plain), limit)
    if not reader.eof:
        raise InvalidInput("the gzip body must be whole, got one that breaks off: send it again")
    return plain


def _too_large(got: int, limit: int) -> TooLarge:
    return TooLarge(
        f"a body must hold at most {limit} bytes, got {got} or more: send smaller batches"
    )
