"""A real browser on a page: every look waits for what it looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

__all__ = ["Browser"]

AXE = Path(__file__).resolve().parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_CHECK = """
    const done = arguments[0];
    axe.run(document, { resultTypes: ["violations"] }).then((found) => done(
        found.violations.map((each) => `${each.id}: ${each.nodes.map((n) => n.target).join("; ")}`)
    ));
"""


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser on one site; every look waits for what it looks for."""

    driver: webdriver.Chrome
    url: str

    def sized(self, width: int = 1360, *, scheme: str = "light") -> None:
        """Be so wide, and prefer light or dark."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def forget(self) -> None:
        """Be one without a session."""
        self.driver.get(f"{self.url}/favicon.svg")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def sign_in(self, key: str) -> None:
        """Show a key to whoever asks for it."""
        self.open("/models")
        self.one("input").send_keys(key, "\n")
        self.wait(lambda: "is watched" in self.text)

    def open(self, path: str) -> None:
        """Go to a path and wait until its data is there."""
        self.driver.get(self.url + path)
        self.wait(lambda: not self.all("[aria-busy=true]") and bool(self.all("h1")))

    def wait(self, found: Callable[[], object]) -> None:
        """Wait until it is so; fail with what the page shows instead."""
        from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
        from selenium.webdriver.support.wait import WebDriverWait

        gone = (StaleElementReferenceException,)
        try:
            WebDriverWait(self.driver, PATIENCE_SECONDS, 0.1, gone).until(lambda _: found())
        except TimeoutException:
            pytest.fail(f"at {self.driver.current_url} the page shows: {self.text[:2000]}")

    def section(self, heading: str) -> WebElement:
        """The section under that heading, as soon as it is there."""
        path = f"//section[.//h2[.='{heading}']]"
        self.wait(lambda: self.driver.find_elements("xpath", path))
        return self.driver.find_element("xpath", path)

    def violations(self) -> list[str]:
        """What axe finds wrong: names, roles, landmarks, contrast."""
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        return list(self.driver.execute_async_script(_CHECK))

    def all(self, selector: str) -> list[WebElement]:
        """Every element of a CSS selector."""
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> WebElement:
        """The first element of a CSS selector, as soon as it is there."""
        self.wait(lambda: self.all(selector))
        return self.all(selector)[0]

    def press(self, *keys: str) -> None:
        """Press keys on whatever holds the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def button(self, text: str) -> WebElement:
        """The button of that text."""
        return self.driver.find_element("xpath", f"//button[normalize-space()='{text}']")

    def grid(self, label: str) -> WebElement:
        """The grid whose label begins so."""
        return self.one(f"[role=grid][aria-label^='{label}']")

    @property
    def text(self) -> str:
        """All that is visible."""
        return str(self.one("body").text)

    @property
    def query(self) -> dict[str, str]:
        """The query part of the address."""
        found = parse_qs(urlsplit(self.driver.current_url).query)
        return {name: values[0] for name, values in found.items()}
