"""The page in a real browser, on a real server that watched real flights."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from browsing import Browser

if TYPE_CHECKING:
    from selenium import webdriver

    from serving import Server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

FAULTY_DAY = "2013-03-11T00:00:00Z"
DRAWER = f"/models/flights?range=30d&window={FAULTY_DAY}"
PAGES = (
    "/models",
    "/models?q=nothing-is-called-so",
    "/models/flights?range=30d",
    "/models/flights?range=30d&account=days",
    "/models/flights?range=30d&account=clients",
    DRAWER,
    f"{DRAWER}&column=pressure",
    f"{DRAWER}&column=carrier",
    "/models/flights/quarantine",
    "/models/flights/quarantine?reason=bad_time",
    "/incidents",
    "/rules",
    "/silences",
    "/silences?matchers=model%3D%22flights%22",
)


@pytest.fixture
def stranger(chromium: webdriver.Chrome, site: Server) -> Browser:
    """A browser without a session."""
    found = Browser(chromium, site.url)
    found.sized()
    found.forget()
    return found


@pytest.fixture
def browser(stranger: Browser, site: Server) -> Browser:
    """A browser whose person is signed in."""
    stranger.sign_in(site.key)
    return stranger


def test_login_stands_only_before_those_without_a_session(stranger: Browser, site: Server) -> None:
    """A wrong key is refused in the server's words; the right one leads on, and is not kept."""
    stranger.open("/models")
    stranger.one("input").send_keys("wk_wrong", "\n")
    stranger.wait(lambda: "the key is not valid" in stranger.text)

    stranger.one("input").clear()
    stranger.one("input").send_keys(site.key, "\n")
    stranger.wait(lambda: "1 model is watched" in stranger.text)

    assert site.key not in stranger.driver.page_source
    assert stranger.driver.execute_script("return document.cookie") == ""


def test_filter_of_the_fleet_is_in_the_address(browser: Browser) -> None:
    """What is hidden by a filter is not said to be absent, and a reload shows the same."""
    browser.one("input").send_keys("zzz")
    browser.wait(lambda: browser.query == {"q": "zzz"})
    browser.driver.refresh()
    browser.wait(lambda: "No model matches the filter" in browser.text)

    browser.button("Clear the filter").click()
    browser.wait(lambda: browser.all("tbody tr"))

    assert browser.query == {}
    assert browser.one("input").get_attribute("value") == ""


def test_fault_is_found_by_keyboard_and_its_place_survives_a_reload(browser: Browser) -> None:
    """Tab reaches the map, arrows move, Enter opens a cell's distribution, Escape closes it."""
    from selenium.webdriver.common.keys import Keys

    browser.open("/models/flights?range=30d")
    grid = browser.grid("Drift of")
    browser.driver.execute_script("arguments[0].focus({focusVisible: true})", grid)
    browser.press(Keys.HOME)
    cell = browser.one("[role=gridcell]").get_attribute("aria-label")
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: browser.one("[role=gridcell]").get_attribute("aria-label") != cell)
    browser.press(Keys.ENTER)
    browser.wait(lambda: "Verdicts of this column" in browser.text)

    assert browser.query["window"] == "2013-03-02T00:00:00Z"
    browser.driver.refresh()
    browser.wait(lambda: "Verdicts of this column" in browser.text)
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: "window" not in browser.query)


def test_click_lands_on_the_window_under_the_pointer(browser: Browser) -> None:
    """Charts share one geometry: the window that is drawn at a place is the one that opens."""
    from selenium.webdriver import ActionChains

    browser.open("/models/flights?range=30d")
    grid = browser.grid("Verdicts")
    windows = int(str(grid.get_attribute("aria-colcount")))
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", grid)
    width, left, right = grid.size["width"], 148, 28
    place = left + (10 + 0.5) / windows * (width - left - right)
    offset = round(place - width / 2)
    ActionChains(browser.driver).move_to_element_with_offset(grid, offset, -30).click().perform()
    browser.wait(lambda: "window" in browser.query)

    assert browser.query["window"] == FAULTY_DAY


def test_faulty_day_says_what_is_wrong(browser: Browser) -> None:
    """The day on which pressure came in Pa shows an alert that names the column."""
    browser.open(DRAWER)
    browser.wait(lambda: browser.all("[role=dialog] li"))

    dialog = browser.one("[role=dialog]").text

    assert "pressure" in dialog
    assert "Alert" in dialog


def test_rejected_rows_are_found_by_keyboard(browser: Browser) -> None:
    """From the model's page to its quarantine; a reason shows its rows alone, each as it came."""
    from selenium.webdriver.common.keys import Keys

    browser.open("/models/flights?range=30d")
    browser.wait(lambda: "Data accounting" in browser.text)
    browser.one("a[href='/models/flights/quarantine']").send_keys(Keys.ENTER)
    browser.wait(lambda: len(browser.all("[aria-label='Rejected rows'] li")) == 3)
    browser.button("Wrong type").send_keys(Keys.ENTER)
    browser.wait(lambda: len(browser.all("[aria-label='Rejected rows'] li")) == 2)
    browser.one("summary").send_keys(Keys.ENTER)

    assert browser.query == {"reason": "bad_type"}
    assert "cannot hold 'high'" in browser.text
    assert '"flight_id": "high"' in browser.one("pre").text
    browser.driver.refresh()
    browser.wait(lambda: "Rows: wrong type" in browser.text)
    browser.button("Show every reason").send_keys(Keys.ENTER)
    browser.wait(lambda: browser.query == {})


def test_figures_carry_interval_and_size(browser: Browser) -> None:
    """The latest figure of performance is written with interval, n and maturity."""
    browser.open("/models/flights?range=30d")
    browser.wait(lambda: "ROC AUC" in browser.text)

    hint = next(line for line in browser.text.splitlines() if line.startswith("ROC AUC 0."))

    assert " ± " in hint
    assert "n = " in hint
    assert "mature" in hint


def test_person_acts_on_an_incident(browser: Browser, site: Server) -> None:
    """Who did what with which note stands there at once; a refusal stands beside the button."""
    browser.open("/incidents?state=open")
    browser.one("section li a").click()
    browser.wait(lambda: "What is known" in browser.text)
    browser.one("textarea").send_keys("the weather feed is being mended")
    browser.button("Acknowledge").click()
    browser.wait(lambda: "the weather feed is being mended" in browser.one("ol").text)

    assert "Acknowledged by bootstrap" in browser.text

    _resolve_elsewhere(site, urlsplit(browser.driver.current_url).path)
    browser.button("Resolve").click()
    browser.wait(lambda: browser.all("[role=alert]"))

    assert "It was not resolved" in browser.one("[role=alert]").text


def _resolve_elsewhere(site: Server, path: str) -> None:
    site.ask(f"/api/v1{path}/resolve", {"note": ""})


def test_person_says_what_an_incident_was_worth(browser: Browser) -> None:
    """It stands with the incident at once, with who says so, and counts for its rules."""
    browser.open("/incidents")
    browser.one("section li a").click()
    browser.wait(lambda: "Was it good to be told?" in browser.text)
    browser.button("Useful").click()
    browser.wait(lambda: "Useful, says bootstrap" in browser.text)

    assert browser.all("a[href*='/runbooks/']") or "What to do" not in browser.text

    browser.open("/rules")
    browser.wait(lambda: "100 % (21 % to 100 %)" in browser.text)


@pytest.mark.parametrize(
    "path", ["/models/nobody", "/models/nobody/quarantine", "/incidents/none", "/no/such/page"]
)
def test_what_is_not_there_is_said(browser: Browser, path: str) -> None:
    """An address that leads nowhere says so in words, and the rest of the page stays."""
    browser.driver.get(browser.url + path)
    browser.wait(lambda: browser.all("[role=alert]") or "There is no such page" in browser.text)

    assert browser.all("nav a[href='/models']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(browser: Browser, scheme: str) -> None:
    """Axe finds no violation: names, roles, landmarks, contrast, in both schemes."""
    browser.sized(scheme=scheme)
    found = {path: _violations(browser, path) for path in PAGES}

    assert found == {path: [] for path in PAGES}


def _violations(browser: Browser, path: str) -> list[str]:
    browser.open(path)
    return browser.violations()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(browser: Browser, path: str) -> None:
    """At 400 pixels no page scrolls sideways; wide tables scroll by themselves."""
    browser.sized(400)
    browser.open(path)

    width = browser.driver.execute_script("return document.documentElement.scrollWidth")

    assert width <= 400


def test_nothing_is_asked_of_anybody_else(browser: Browser) -> None:
    """No page calls another host, breaks the content security policy or logs an error."""
    browser.driver.get_log("browser")
    browser.driver.get_log("performance")
    for path in PAGES:
        browser.open(path)

    sent = [
        json.loads(entry["message"])["message"] for entry in browser.driver.get_log("performance")
    ]
    urls = [
        message["params"]["request"]["url"]
        for message in sent
        if message["method"] == "Network.requestWillBeSent"
    ]
    loud = [entry for entry in browser.driver.get_log("browser") if entry["level"] == "SEVERE"]

    assert {urlsplit(url).netloc for url in urls} == {urlsplit(browser.url).netloc}
    assert loud == []


def test_page_may_run_no_foreign_script(site: Server) -> None:
    """The page is sent with a policy that allows scripts from its own server alone."""
    with urllib.request.urlopen(f"{site.url}/models/flights") as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "default-src 'self'" in policy
    assert policy.count("unsafe-inline") == policy.count("style-src 'self' 'unsafe-inline'")
