"""Watchkeeper keeps watch over machine-learning models in production, and steers them.

The names below are loaded when they are first used, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchkeeper.definitions.infer import infer_model as infer
    from watchkeeper.reports.compare import compare
    from watchkeeper.sdk.asgi import WatchASGI
    from watchkeeper.sdk.asynchronous import AsyncClient
    from watchkeeper.sdk.client import Client
    from watchkeeper.sdk.door import last_prediction_id, last_prediction_ids
    from watchkeeper.sdk.endpoints import Endpoint
    from watchkeeper.sdk.estimators import watch_estimator
    from watchkeeper.sdk.host.columns import host_definition
    from watchkeeper.sdk.host.sampler import HostOptions, HostSampler
    from watchkeeper.sdk.log_records import LogHandler
    from watchkeeper.sdk.watch import watch
    from watchkeeper.sdk.wsgi import WatchWSGI

__all__ = [
    "AsyncClient",
    "Client",
    "Endpoint",
    "HostOptions",
    "HostSampler",
    "LogHandler",
    "WatchASGI",
    "WatchWSGI",
    "compare",
    "host_definition",
    "infer",
    "last_prediction_id",
    "last_prediction_ids",
    "watch",
    "watch_estimator",
]

_HOMES = {
    "AsyncClient": "watchkeeper.sdk.asynchronous",
    "Client": "watchkeeper.sdk.client",
    "Endpoint": "watchkeeper.sdk.endpoints",
    "HostOptions": "watchkeeper.sdk.host.sampler",
    "HostSampler": "watchkeeper.sdk.host.sampler",
    "LogHandler": "watchkeeper.sdk.log_records",
    "WatchASGI": "watchkeeper.sdk.asgi",
    "WatchWSGI": "watchkeeper.sdk.wsgi",
    "compare": "watchkeeper.reports.compare",
    "host_definition": "watchkeeper.sdk.host.columns",
    "infer": "watchkeeper.definitions.infer:infer_model",
    "last_prediction_id": "watchkeeper.sdk.door",
    "last_prediction_ids": "watchkeeper.sdk.door",
    "watch": "watchkeeper.sdk.watch",
    "watch_estimator": "watchkeeper.sdk.estimators",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'watchkeeper' has no attribute {name!r}: it has {__all__}")
    module, _, attribute = home.partition(":")
    found = getattr(import_module(module), attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
