"""The application: every route, the error shape and the security headers."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRoute

from watchkeeper.server.api import (
    accounting,
    alerting,
    changes,
    clock,
    cloud_events,
    feedback,
    health,
    incidents,
    keys,
    log_levels,
    models,
    otlp,
    profiles,
    quarantine,
    routes,
    rows,
    runbooks,
    session,
    silences,
    sources,
    stored_rows,
    system,
    windows,
)
from watchkeeper.server.api.errors import install_error_handlers
from watchkeeper.server.hub import Hub
from watchkeeper.server.logs.access import AccessLog
from watchkeeper.server.static import install_page
from watchkeeper.server.watch_requests import WatchRequests
from watchkeeper.server.wire.envelope import ErrorEnvelope

__all__ = ["create_app", "declare_app"]

ROUTERS: tuple[APIRouter, ...] = (
    models.router,
    windows.router,
    rows.router,
    profiles.router,
    stored_rows.router,
    cloud_events.router,
    otlp.router,
    incidents.router,
    feedback.router,
    feedback.links,
    changes.router,
    routes.router,
    silences.router,
    alerting.router,
    runbooks.router,
    sources.router,
    quarantine.router,
    accounting.router,
    clock.router,
    system.router,
    session.router,
    keys.router,
    log_levels.router,
    health.router,
)


def declare_app() -> FastAPI:
    """The application with every route and without anything behind them."""
    app = FastAPI(
        title="Watchkeeper",
        version="1",
        description="Keeps watch over machine-learning models in production.",
        docs_url=None,  # the page's strict security policy forbids the scripts that it loads
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=_operation_id,
        responses={"default": {"model": ErrorEnvelope, "description": "the one error shape"}},
    )
    for router in ROUTERS:
        app.include_router(router)
    install_error_handlers(app)
    return app


def create_app(hub: Hub, *, access_log: str = "failed") -> FastAPI:
    """The application over what the composition root assembled."""
    app = declare_app()
    app.state.hub = hub
    install_page(app)
    # A year of a model's drift is two megabytes of repeating names, and a tenth of that packed.
    app.add_middleware(GZipMiddleware, minimum_size=4_096, compresslevel=4)
    app.add_middleware(WatchRequests, telemetry=hub.telemetry, access=AccessLog(access_log))
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
