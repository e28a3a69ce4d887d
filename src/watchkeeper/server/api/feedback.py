"""What incidents were worth: with a key, and by the links of messages without one.

A link's address shows a page and nothing more, however often it is opened and by whatever opens it;
only the page's button, a POST, records.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from watchkeeper.domain.alert import Incident
from watchkeeper.domain.feedback import Worth
from watchkeeper.errors import Forbidden, InvalidInput, NotFound, TooLarge, WatchkeeperError
from watchkeeper.server.alerting.plain_page import plain_page
from watchkeeper.server.api.dependencies import HubOf, Operator, Reader
from watchkeeper.server.hub import Hub
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.feedback import FeedbackDraft, FeedbackWire, RulePrecision

__all__ = ["links", "router"]

router = APIRouter(prefix="/api/v1", tags=["feedback"])
links = APIRouter(prefix="/feedback", include_in_schema=False)
_MOST_BYTES = 16_384
_MEANING = {
    Worth.USEFUL: "Useful: it was good to be told",
    Worth.NOISE: "Noise: nobody needed to be told",
}


@router.post("/incidents/{incident}/feedback")
def give_feedback(
    hub: HubOf, caller: Operator, incident: str, draft: FeedbackDraft
) -> Envelope[list[FeedbackWire]]:
    """Say whether it was good to be told of an incident; the last word of each person counts."""
    return Envelope(data=hub.feedback.give(incident, draft, by=caller.name))


@router.get("/precision")
def get_precision(
    hub: HubOf,
    _: Reader,
    model: Annotated[str | None, Query(description="only this model's rules")] = None,
    since: Annotated[
        datetime | None, Query(description="of incidents that opened then or later; else of all")
    ] = None,
) -> Envelope[list[RulePrecision]]:
    """How often each rule was worth it, by what people said of its incidents."""
    if since is not None and since.tzinfo is None:
        raise InvalidInput(f"since must carry a time zone, got {since.isoformat()!r}")
    return Envelope(data=hub.feedback.precision(model, since))


@links.get("/{token}", response_class=HTMLResponse)
def ask(hub: HubOf, token: str, worth: str = "") -> HTMLResponse:
    """The page with the two buttons; it records nothing."""
    try:
        _, incident = hub.feedback.granted(token)
    except WatchkeeperError as error:
        return _refused(error)
    return plain_page("Was it good to be told?", _question(incident, worth))


@links.post("/{token}", response_class=HTMLResponse)
async def answer(hub: HubOf, request: Request, token: str) -> HTMLResponse:
    """Record what the page's button says."""
    try:
        given = parse_qs((await _body(request)).decode("utf-8", "replace"))
        incident, worth = await run_in_threadpool(_record, hub, token, given)
    except WatchkeeperError as error:
        return _refused(error)
    title = escape(f"{incident.model}: {incident.title}")
    said = f"<h1>Thank you</h1><p>{title}</p><p>Recorded: {escape(_MEANING[worth])}.</p>"
    return plain_page("Thank you", said + '<p class="soft">You may change your mind: go back.</p>')


def _record(hub: Hub, token: str, given: dict[str, list[str]]) -> tuple[Incident, Worth]:
    grant, incident = hub.feedback.granted(token)
    said = given.get("worth", [""])[0]
    if said not in set(Worth):
        raise InvalidInput(f"worth must be one of {', '.join(Worth)}, got {said[:40]!r}")
    note = given.get("note", [""])[0][:2_000]
    draft = FeedbackDraft(worth=Worth(said), note=note)
    hub.feedback.give(grant.incident, draft, by=grant.by)
    return incident, draft.worth


async def _body(request: Request) -> bytes:
    held = b""
    async for part in request.stream():
        held += part
        if len(held) > _MOST_BYTES:
            raise TooLarge(f"an answer must be at most {_MOST_BYTES:,} bytes: shorten the note")
    return held


def _question(incident: Incident, preferred: str) -> str:
    """The page; what the link said is only the button that comes first."""
    worths = sorted(Worth, key=lambda worth: worth.value != preferred)
    buttons = "".join(
        f'<button name="worth" value="{worth.value}"{" class=first" if not place else ""}>'
        f"{escape(_MEANING[worth])}</button>"
        for place, worth in enumerate(worths)
    )
    return (
        "<h1>Was it good to be told?</h1>"
        f"<p><strong>{escape(incident.model)}</strong>: {escape(incident.title)}<br>"
        f'<span class="soft">{incident.opened_at:%Y-%m-%d %H:%M} UTC · likely why: '
        f"{escape(incident.cause)}</span></p>"
        f'<form method="post"><label>Why (optional)<textarea name="note" maxlength="2000"></textarea>'
        f'</label><div class="choice">{buttons}</div></form>'
        '<p class="soft">It is counted by rule, so that rules that cry wolf are found. Nothing is '
        "recorded before you press a button.</p>"
    )


def _refused(error: WatchkeeperError) -> HTMLResponse:
    status = {Forbidden: 403, NotFound: 404, TooLarge: 413}.get(type(error), 400)
    return plain_page(
        "Not recorded", f"<h1>Not recorded</h1><p>{escape(str(error))}</p>", status=status
    )
