"""The accounts on the page, in a real browser: what clients lost, and how their clocks go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from browsing import Browser
from serving import Server
from waiting import until
from watchkeeper.domain.sending import SENDING_HEADER, Sending, SentCounts, encode_sending

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

MODEL = {
    "apiVersion": "watchkeeper/v1",
    "kind": "Model",
    "name": "rides",
    "task": "regression",
    "granularity": "1h",
    "columns": {
        "ride": {"type": "categorical", "role": "prediction_id"},
        "time": {"type": "timestamp", "role": "time"},
        "km": "numeric",
        "fare": {"type": "numeric", "role": "prediction"},
    },
}


def send(server, client, first, last, *, ahead=timedelta(0), **counts):
    """Send numbered rows of two hours ago."""
    now = datetime.now(UTC)
    counted = SentCounts(last, **counts)
    said = Sending(client, now + ahead, first, last, counted, host=f"web-{client}", pid=7)
    made = (now - timedelta(hours=2)).isoformat()
    rows = [
        {"ride": f"{client}{n}", "time": made, "km": 2.0 + n, "fare": 7.0 + n}
        for n in range(first, last + 1)
    ]
    header = {SENDING_HEADER: encode_sending(said)}
    server.ask("/api/v1/models/rides/predictions", {"rows": rows}, headers=header)


@pytest.fixture(scope="module")
def served(page_built, tmp_path_factory):
    """A server with two clients: one in order, one a day ahead that lost four rows."""
    server = Server(tmp_path_factory.mktemp("accounts") / "home").start()
    try:
        server.ask("/api/v1/models/rides", MODEL, method="PUT")
        send(server, "good", 1, 30)
        send(server, "bad", 1, 10, ahead=timedelta(days=1), dropped=3, sampled=50)
        send(server, "bad", 15, 20, ahead=timedelta(days=1), dropped=3, sampled=80)
        until(server.moved, what="the rows are moved")
        yield server
    finally:
        server.close()


@pytest.fixture
def page(chromium, served):
    """The accounts of the model, to who is signed in: `page(view)` opens them."""
    browser = Browser(chromium, served.url)
    browser.sized()
    browser.forget()
    browser.sign_in(served.key)

    def opened(view, *, scheme="light"):
        browser.sized(scheme=scheme)
        browser.open(f"/models/rides?account={view}")
        panel = Panel(browser)
        browser.wait(lambda: panel.section.find_elements("css selector", "table, [role=status]"))
        return panel

    return opened


@dataclass(frozen=True)
class Panel:
    """The section with the accounts."""

    browser: Browser

    def shows(self, *texts):
        """Wait until all of that can be read in it."""
        self.browser.wait(lambda: all(text in self.section.text for text in texts))

    @property
    def section(self):
        """It, as soon as it is there."""
        return self.browser.section("Data accounting")


def test_clients_are_shown_with_gaps_and_clocks(page):
    """Who lost rows is named with what is missing, and a gap opens by keyboard."""
    from selenium.webdriver.common.keys import Keys

    clients = page("clients")

    clients.shows("web-good/7", "1 d ahead", "1 gap, 4 rows may still arrive")
    clients.section.find_element("css selector", "summary").send_keys(Keys.ENTER)
    clients.shows("rows 11 to 14")


def test_windows_say_what_was_lost(page):
    """Dropped and sampled rows stand beside what was received."""
    page("windows").shows("Sampled out", "46", "missing or dropped")


def test_days_say_when_they_are_audited(page):
    """Today is audited when it is over."""
    page("days").shows("When the day is over")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["windows", "days", "clients"])
def test_accounts_are_accessible(page, view, scheme):
    """Axe finds nothing in the panel: names, roles, contrast, in both schemes."""
    assert page(view, scheme=scheme).browser.violations() == []
