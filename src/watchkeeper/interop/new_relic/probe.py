"""The connection test of the Event API: one event, and what came back."""

from __future__ import annotations

import time

from watchkeeper.interop.new_relic.event_api import EventApi
from watchkeeper.interop.new_relic.events import encode_events

__all__ = ["probe_events"]


def probe_events(api: EventApi) -> tuple[bool, float, str]:
    """Whether an event was taken, after how many seconds, and what is to be said of it."""
    began = time.monotonic()
    try:
        answer = api.send(encode_events([{"eventType": "WatchkeeperConnectionTest", "test": 1}]))
    finally:
        api.close()
    said = answer.detail or "received; what is wrong with events is told as NrIntegrationError"
    return answer.taken, time.monotonic() - began, said
