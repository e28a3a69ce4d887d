"""A real server that watched two weeks of real flights, and a real browser to look at it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest

if TYPE_CHECKING:
    from selenium import webdriver

    from watchkeeper.sdk.client import Client

ROOT = Path(__file__).resolve().parents[2]
FAULT = (datetime(2013, 3, 10, tzinfo=UTC), datetime(2013, 3, 13, tzinfo=UTC))
LAST = datetime(2013, 3, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and the key of its admin."""

    url: str
    key: str


def until(found: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until it is so; fail where it takes longer."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.2)):
        if found():
            return
        pause.wait(0.2)
    pytest.fail(f"after {seconds} s still not: {what}")


@pytest.fixture(scope="session")
def page_built() -> None:
    """The page as its sources are now."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build_page()


@pytest.fixture(scope="session")
def site(page_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server after two weeks of flights, three days of which came with pressure in Pa, not hPa."""
    home = tmp_path_factory.mktemp("home")
    program = "from watchkeeper.cli.main import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    server = subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        found = Site(told["url"].rstrip("/"), told["key"])
        _replay(found)
        yield found
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _replay(site: Site) -> None:
    from watchkeeper.demo import flights as demo
    from watchkeeper.demo.replay import MODEL, replay
    from watchkeeper.demo.training import train, with_scores
    from watchkeeper.sdk.client import Client

    flights = demo.load_flights()

    def between(start: datetime, end: datetime) -> pa.Table:
        moments = flights["departs_at"]
        return flights.filter(
            pc.and_(pc.greater_equal(moments, pa.scalar(start)), pc.less(moments, pa.scalar(end)))
        )

    february = datetime(2013, 2, 1, tzinfo=UTC)
    model = train(between(datetime(2012, 12, 31, tzinfo=UTC), february))
    reference = between(february, demo.TRAINING_ENDS)
    watched = _in_pascal(between(demo.TRAINING_ENDS, LAST))
    with Client(site.url, api_key=site.key) as client:
        client.apply((Path(demo.__file__).parent / "flights.yaml").read_text(encoding="utf-8"))
        scored = with_scores(reference, model.scores(reference)).drop_columns(["landed_at"])
        client.upload_reference(MODEL, scored)
        replay(client, with_scores(watched, model.scores(watched)), told=lambda _: None)
        client.log_predictions(MODEL, _no_flights(), batch="broken", known_at=LAST)
        until(lambda: _is_settled(client), seconds=180, what="every window is judged")


def _no_flights() -> list[dict[str, object]]:
    start = FAULT[0].isoformat()
    high = {"flight_id": "high", "departs_at": start, "pressure": "high"}
    return [high, {"flight_id": "some-day", "departs_at": "some day"}, {**high, "flight_id": "low"}]


def _is_settled(client: Client) -> bool:
    clock = client.http.get("/api/v1/clock").data
    return isinstance(clock, dict) and clock["settled"] is True


def _in_pascal(flights: pa.Table) -> pa.Table:
    start, end = (pa.scalar(moment) for moment in FAULT)
    moments = flights["departs_at"]
    faulty = pc.and_(pc.greater_equal(moments, start), pc.less(moments, end))
    pressure = flights["pressure"]
    mixed = pc.if_else(faulty, pc.multiply(pressure, 100.0), pressure)
    return flights.set_column(flights.column_names.index("pressure"), "pressure", mixed)


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """A headless browser; the test skips where this machine has none."""
    from selenium import webdriver

    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("needs chromium and chromedriver, which are not installed here")
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1360,1000")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(programs[1])))
    yield driver
    driver.quit()
