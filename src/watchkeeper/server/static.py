"""The page's files: built into the package, served with strict headers."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

__all__ = ["HEADERS", "PAGE", "install_page"]

PAGE = Path(__file__).parent / "page"
# The component library sets styles on elements, which scripts of ours never may.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_NOT_BUILT = (
    "The page was not built into this installation. The API is at /api/v1/.\n"
    "In a checkout: `make page`.\n"
)
_FOR_EVER, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


def install_page(app: FastAPI, folder: Path = PAGE) -> None:
    """Serve the page on every path that is no route: its own routes are the browser's."""

    @app.get("/{path:path}", include_in_schema=False)
    def get_page(request: Request, path: str) -> Response:
        if path.split("/", 1)[0] in {"api", "feedback", "healthz", "readyz", "metrics"}:
            raise HTTPException(404, f"there is no {request.url.path}")
        return page_file(folder, path)


def page_file(folder: Path, path: str) -> Response:
    """A file of the page, or its start for a route of its own; 404 for an asset that is not there."""
    index = folder / "index.html"
    if not index.is_file():
        return PlainTextResponse(_NOT_BUILT, headers={"Cache-Control": _ASK_AGAIN})
    asked = (folder / path).resolve()
    inside = asked.is_relative_to(folder.resolve()) and asked.is_file()
    if inside and not path.endswith((".html", ".sha256")):
        # The names of assets hold a hash of their content.
        forever = path.startswith("assets/")
        return FileResponse(asked, headers={"Cache-Control": _FOR_EVER if forever else _ASK_AGAIN})
    if path.startswith("assets/"):
        raise HTTPException(404, f"the page has no file {path!r}: load it anew")
    return FileResponse(index, headers={"Cache-Control": _ASK_AGAIN})
