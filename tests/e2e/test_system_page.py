"""The page about the installation itself, in a real browser: what runs, what waits, what lags."""

from __future__ import annotations

from datetime import datetime

import pytest

from browsing import Browser
from serving import Server
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

MODEL = {
    "apiVersion": "watchkeeper/v1",
    "kind": "Model",
    "name": "rides",
    "task": "none",
    "granularity": "1h",
    "columns": {"time": {"type": "timestamp", "role": "time"}, "km": "numeric"},
}


@pytest.fixture(scope="module")
def served(page_built, tmp_path_factory):
    """A server whose worker has told of itself, with a model that was judged."""
    server = Server(tmp_path_factory.mktemp("system") / "home").start()
    try:
        server.ask("/api/v1/models/rides", MODEL, method="PUT")
        rows = [{"time": f"2024-03-04T0{hour}:30:00Z", "km": 1.0 + hour} for hour in range(4)]
        with server.client() as client:
            client.log_predictions("rides", rows, batch="b", known_at=_moment("2024-03-04T05:00Z"))
            client.advance("rides", _moment("2024-03-04T06:00Z"))
        until(lambda: _told(server), what="worker and model are told of")
        yield server
    finally:
        server.close()


def _moment(text):
    return datetime.fromisoformat(text)


def _told(server):
    found = server.ask("/api/v1/system")
    roles = {process["role"] for process in found["processes"]}
    return roles == {"door", "worker"} and found["lagging"]


@pytest.fixture
def page(chromium, served):
    """The page, to who is signed in."""
    browser = Browser(chromium, served.url)
    browser.sized()
    browser.forget()
    browser.sign_in(served.key)
    browser.open("/system")
    browser.wait(lambda: browser.section("Processes"))
    return browser


def test_it_says_whether_all_works(page):
    """Worker, requests, disk and series at the head; processes, loops and queues below."""
    page.wait(lambda: "judges" in page.text)

    for heading, *texts in (
        ("Processes", "door", "worker", "MB"),
        ("Loops", "judge", "move", "tell", " ms"),
        ("What waits", "batches for the lake", "windows to be judged"),
        ("Models that lag most", "rides"),
        ("Transactions", "records", "inbox"),
        ("Lake", "append"),
    ):
        shown = page.section(heading).text
        assert [text for text in texts if text not in shown] == [], (heading, shown)
    assert page.violations() == []


def test_it_is_found_from_everywhere(page):
    """The link at the head of every page leads there."""
    page.open("/models")
    page.wait(lambda: page.one("nav a[href='/system']"))
    page.one("nav a[href='/system']").click()

    page.wait(lambda: page.section("Processes"))
