"""The page's login: a key is exchanged for a session cookie that no script can read."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from watchkeeper.server.api.dependencies import SESSION_COOKIE, Anyone, HubOf
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.session import Login, PrincipalWire, SignedOut

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.post("")
def sign_in(
    hub: HubOf, request: Request, response: Response, login: Login
) -> Envelope[PrincipalWire]:
    """Exchange a key for a session."""
    token, principal = hub.gate.sign_in(login.key, headers=request.headers)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(hub.gate.session_length.total_seconds()),
        path="/api",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return Envelope(data=principal.wire())


@router.get("")
def get_session(_hub: HubOf, caller: Anyone) -> Envelope[PrincipalWire]:
    """Who is signed in."""
    return Envelope(data=caller.wire())


@router.delete("")
def sign_out(hub: HubOf, request: Request, response: Response) -> Envelope[SignedOut]:
    """End the session. Without one this is no error."""
    token = request.cookies.get(SESSION_COOKIE)
    hub.gate.sign_out(token, headers=request.headers)
    response.delete_cookie(SESSION_COOKIE, path="/api", httponly=True, samesite="strict")
    return Envelope(data=SignedOut(signed_out=token is not None))
