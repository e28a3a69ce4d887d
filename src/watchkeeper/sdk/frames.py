"""Records on disk: each framed by its length, a checksum and a number, so that damage is seen.

A file begins with `MAGIC`. Then come frames::

    mark 2 bytes | length 4 | crc32 4 | number 8 | payload (length bytes)

The checksum covers payload and number. What follows the last frame is zero bytes (files are made
in one size and filled). A frame that was torn by the end of a process, or whose bits were turned,
does not stop the reading: it goes on at the next mark whose frame is whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from zlib import crc32

__all__ = ["DAMAGED", "HEAD_BYTES", "MAGIC", "MARK", "PRIME", "frame", "frames", "pack"]

MAGIC = b"WKSPOOL2"
DAMAGED = -1
_HEAD = struct.Struct("<HIIQ")
HEAD_BYTES = _HEAD.size
MARK = 0x57A7
_MARK_BYTES = MARK.to_bytes(2, "little")
PRIME = 4_294_967_291  # the largest below 2^32: any turned bit of a number changes the rest
pack = _HEAD.pack


def frame(payload: bytes, number: int) -> bytes:
    """One record as it stands on disk; ``number`` is at least 0."""
    return pack(MARK, len(payload), crc32(payload, number % PRIME), number) + payload


def frames(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and payload of every whole record, in the order of the file.

    A damaged stretch is one ``(DAMAGED, b"")``, however many records it held: that is told by the
    numbers around it. ``content`` begins with `MAGIC`.
    """
    at = len(MAGIC)
    while at < len(content):
        found = _whole(content, at)
        if found is not None:
            number, payload = found
            yield number, payload
            at += HEAD_BYTES + len(payload)
            continue
        beyond = _next_whole(content, at)
        stretch = content[at : len(content) if beyond is None else beyond]
        if beyond is not None or stretch.count(0) < len(stretch):
            yield DAMAGED, b""
        if beyond is None:
            return
        at = beyond


def _whole(content: bytes, at: int) -> tuple[int, bytes] | None:
    """The record that begins at ``at``, if one does and all of it is there."""
    if at + HEAD_BYTES > len(content):
        return None
    mark, length, check, number = _HEAD.unpack_from(content, at)
    if mark != MARK or at + HEAD_BYTES + length > len(content):
        return None
    payload = content[at + HEAD_BYTES : at + HEAD_BYTES + length]
    return (number, payload) if crc32(payload, number % PRIME) == check else None


def _next_whole(content: bytes, after: int) -> int | None:
    at = content.find(_MARK_BYTES, after + 1)
    while at >= 0:
        if _whole(content, at) is not None:
            return at
        at = content.find(_MARK_BYTES, at + 1)
    return None
