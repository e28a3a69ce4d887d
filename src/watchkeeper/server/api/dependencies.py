"""What routes ask for: the hub, the caller, and the parameters that many share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.concurrency import run_in_threadpool

from watchkeeper.domain.key import Scope
from watchkeeper.server.access import Principal
from watchkeeper.server.hub import Hub

__all__ = [
    "SESSION_COOKIE",
    "Admin",
    "Cursor",
    "End",
    "HubOf",
    "Ingester",
    "Limit",
    "Operator",
    "Reader",
    "Scraper",
    "Start",
]

SESSION_COOKIE = "watchkeeper_session"
_bearer = HTTPBearer(auto_error=False, description="a key, as `Authorization: Bearer <key>`")
_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="the page's session")


async def hub_of(request: Request) -> Hub:
    """The hub that the composition root gave the application."""
    hub: Hub = request.app.state.hub
    return hub


HubOf = Annotated[Hub, Depends(hub_of)]


async def caller(
    needed: SecurityScopes,
    request: Request,
    hub: HubOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    session: Annotated[str | None, Security(_cookie)],
) -> Principal:
    """Who is asking; Unauthorized without a valid key or session, Forbidden without the scope.

    A session rides along with whatever a foreign page makes the browser send, so a change made
    with one must show that it comes from our page.
    """
    gate = hub.gate
    if bearer is not None:
        found = gate.recall(bearer.credentials)
        if found is None:
            found = await run_in_threadpool(gate.by_secret, bearer.credentials)
    else:
        found = await run_in_threadpool(
            gate.by_session, session, method=request.method, headers=request.headers
        )
    request.scope["watchkeeper.caller"] = found.name  # for the access log
    for scope in needed.scopes:
        found.require(Scope(scope))
    return found


async def scraper(
    request: Request,
    hub: HubOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    session: Annotated[str | None, Security(_cookie)],
) -> None:
    """Unauthorized without a key that may read, where figures are not open to everybody."""
    if not hub.gate.metrics_open:
        await caller(SecurityScopes([Scope.READ.value]), request, hub, bearer, session)


Scraper = Annotated[None, Depends(scraper)]
Reader = Annotated[Principal, Security(caller, scopes=[Scope.READ])]
Ingester = Annotated[Principal, Security(caller, scopes=[Scope.INGEST])]
Operator = Annotated[Principal, Security(caller, scopes=[Scope.OPERATE])]
Admin = Annotated[Principal, Security(caller, scopes=[Scope.ADMIN])]
Anyone = Annotated[Principal, Security(caller, scopes=[])]

Start = Annotated[datetime | None, Query(description="windows that start here or later")]
End = Annotated[datetime | None, Query(description="windows that start before")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="the most items of a page")]
