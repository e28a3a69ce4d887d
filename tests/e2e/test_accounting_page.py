"""The accounts on the page, in a real browser: what clients lost, and how their clocks go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watchkeeper.domain.sending import SENDING_HEADER, Sending, SentCounts, encode_sending

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
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


class Served:
    """A server with two clients: one in order, one a day ahead that lost four rows."""

    def __init__(self, home):
        program = "from watchkeeper.cli.main import main; raise SystemExit(main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", "0", "--json", "--home", str(home)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        told = json.loads(self.process.stdout.readline())
        self.url, self.key = told["url"].rstrip("/"), told["key"]
        self.ask("PUT", "/api/v1/models/rides", MODEL)
        self.send("good", 1, 30)
        self.send("bad", 1, 10, ahead=timedelta(days=1), dropped=3, sampled=50)
        self.send("bad", 15, 20, ahead=timedelta(days=1), dropped=3, sampled=80)

    def ask(self, method, path, document, **headers):
        """One request; its answer."""
        request = urllib.request.Request(
            self.url + path,
            json.dumps(document).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["data"]

    def send(self, client, first, last, *, ahead=timedelta(0), **counts):
        """Send numbered rows of two hours ago."""
        now = datetime.now(UTC)
        said = Sending(
            client,
            now + ahead,
            first,
            last,
            SentCounts(last, **counts),
            host=f"web-{client}",
            pid=7,
        )
        made = (now - timedelta(hours=2)).isoformat()
        rows = [
            {"ride": f"{client}{n}", "time": made, "km": 2.0 + n, "fare": 7.0 + n}
            for n in range(first, last + 1)
        ]
        header = {SENDING_HEADER: encode_sending(said)}
        self.ask("POST", "/api/v1/models/rides/predictions", {"rows": rows}, **header)


@pytest.fixture(scope="module")
def served(page_built, tmp_path_factory):
    """A server beside which nothing else runs."""
    found = Served(tmp_path_factory.mktemp("home"))
    yield found
    found.process.terminate()
    found.process.communicate(timeout=30)


@pytest.fixture
def page(chromium, served):
    """The accounts of the model, to who is signed in: `page(view, scheme)` gives the panel."""
    from selenium.webdriver.support.wait import WebDriverWait

    def wait(found):
        return WebDriverWait(chromium, 30, 0.1).until(lambda _: found())

    chromium.get(f"{served.url}/favicon.svg")
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.get(f"{served.url}/models")
    wait(lambda: chromium.find_elements("css selector", "input"))
    chromium.find_element("css selector", "input").send_keys(served.key, "\n")
    wait(lambda: "rides" in chromium.find_element("css selector", "body").text)

    def opened(view, *, scheme="light"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        size = {"width": 1360, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for _ in range(30):  # until the rows are moved and the first window stands there
            chromium.get(f"{served.url}/models/rides?account={view}")
            wait(lambda: not chromium.find_elements("css selector", "[aria-busy=true]"))
            wait(lambda: chromium.find_elements("css selector", "h1"))
            found = chromium.find_elements("xpath", "//section[.//h2[.='Data accounting']]")
            if found and found[0].find_elements("css selector", "table, [role=status]"):
                return found[0]
        raise AssertionError(chromium.find_element("css selector", "body").text)

    return opened


def test_clients_are_shown_with_gaps_and_clocks(page, chromium):
    """Who lost rows is named with what is missing, and a gap opens by keyboard."""
    from selenium.webdriver.common.keys import Keys

    panel = page("clients")

    assert "web-good/7" in panel.text
    assert "1 d ahead" in panel.text
    assert "1 gap, 4 rows may still arrive" in panel.text
    panel.find_element("css selector", "summary").send_keys(Keys.ENTER)
    assert "rows 11 to 14" in panel.text


def test_windows_say_what_was_lost(page):
    """Dropped and sampled rows stand beside what was received."""
    text = page("windows").text

    assert "Sampled out" in text
    assert "46" in text
    assert "missing or dropped" in text


def test_days_say_when_they_are_audited(page):
    """Today is audited when it is over."""
    assert "When the day is over" in page("days").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["windows", "days", "clients"])
def test_accounts_are_accessible(page, chromium, view, scheme):
    """Axe finds nothing in the panel: names, roles, contrast, in both schemes."""
    page(view, scheme=scheme)
    chromium.execute_script(AXE.read_text(encoding="utf-8"))
    script = """
        const done = arguments[0];
        axe.run(document, { resultTypes: ["violations"] }).then((found) => done(
            found.violations.map((each) => `${each.id}: ${each.nodes.map((n) => n.target).join("; ")}`)
        ));
    """

    assert chromium.execute_async_script(script) == []
