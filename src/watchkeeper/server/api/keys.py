"""Keys: who may do what."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.server.api.dependencies import Admin, HubOf
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.session import KeyMade, KeyRequest, KeyWire

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])


@router.get("")
def list_keys(hub: HubOf, _: Admin) -> Envelope[list[KeyWire]]:
    """Every key without its secret, revoked ones too."""
    return Envelope(data=hub.gate.list_keys())


@router.post("")
def make_key(hub: HubOf, _: Admin, wanted: KeyRequest) -> Envelope[KeyMade]:
    """Make a key; its secret is in this answer and nowhere else."""
    return Envelope(data=hub.gate.make_key(wanted))


@router.delete("/{key}")
def revoke_key(hub: HubOf, _: Admin, key: str) -> Envelope[KeyWire]:
    """Revoke a key at once, with the sessions that it opened."""
    return Envelope(data=hub.gate.revoke_key(key))
