"""Runbooks, for people: HTML without a login, as links in messages need it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from watchkeeper.server.alerting.plain_page import plain_page
from watchkeeper.server.alerting.runbooks import runbook_html, runbook_names

__all__ = ["router"]

router = APIRouter(prefix="/runbooks", include_in_schema=False)


@router.get("", response_class=HTMLResponse)
def list_runbooks() -> HTMLResponse:
    """Every runbook."""
    rows = "".join(f'<li><a href="/runbooks/{name}">{name}</a></li>' for name in runbook_names())
    return plain_page("Runbooks", f"<h1>Runbooks</h1><ul>{rows}</ul>")


@router.get("/{kind}", response_class=HTMLResponse)
def get_runbook(kind: str) -> HTMLResponse:
    """The runbook of a kind of monitor."""
    return plain_page(f"Runbook: {kind}", runbook_html(kind))
