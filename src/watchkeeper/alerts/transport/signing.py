"""Signatures of webhooks, so that a receiver knows who sent them and that nobody changed them.

References
----------
Standard Webhooks, version 1.0.0, "Signature scheme" (symmetric).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from watchkeeper.errors import InvalidInput

__all__ = ["check_secret", "signed"]

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes, as the standard asks


def check_secret(secret: str) -> bytes:
    """The key that a secret ``whsec_…`` stands for.

    Raises
    ------
    InvalidInput
        It is not base64 of 24 to 64 bytes; the message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise InvalidInput(
            f"a signing secret must be whsec_ and base64 of {_LEAST} to {_MOST} random bytes, got "
            'another: make one with `echo "whsec_$(openssl rand -base64 32)"`'
        )
    return key


def signed(key: str, body: bytes, at: datetime, secret: str | None) -> Mapping[str, str]:
    """The headers of one attempt: the message's id, the moment, and the signature of all three.

    Without a secret there is no signature.
    """
    stamp = str(int(at.timestamp()))
    headers = {"webhook-id": key, "webhook-timestamp": stamp}
    if secret is None:
        return headers
    content = b".".join((key.encode(), stamp.encode(), body))
    digest = hmac.new(check_secret(secret), content, hashlib.sha256).digest()
    return {**headers, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
