"""A real server that watched two weeks of real flights, and a real browser to look at it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ports import held_port
from serving import Server
from waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from selenium import webdriver

    from watchkeeper.sdk.client import Client

ROOT = Path(__file__).resolve().parents[2]
FAULT = (datetime(2013, 3, 10, tzinfo=UTC), datetime(2013, 3, 13, tzinfo=UTC))
LAST = datetime(2013, 3, 15, tzinfo=UTC)


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
def site(page_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server after two weeks of flights, three days of which came with pressure in Pa, not hPa."""
    server = Server(tmp_path_factory.mktemp("site") / "home").start()
    try:
        _replay(server)
        yield server
    finally:
        server.close()


def _replay(site: Server) -> None:
    from watchkeeper.demo import flights as demo
    from watchkeeper.demo.replay import MODEL, replay
    from watchkeeper.demo.training import train, with_scores

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
    with site.client() as client:
        client.apply((Path(demo.__file__).parent / "flights.yaml").read_text(encoding="utf-8"))
        scored = with_scores(reference, model.scores(reference)).drop_columns(["landed_at"])
        client.upload_reference(MODEL, scored)
        replay(client, with_scores(watched, model.scores(watched)), told=lambda _: None)
        client.log_predictions(MODEL, _no_flights(), batch="broken", known_at=LAST)
        until(lambda: _is_settled(client), what="every window is judged", seconds=600)


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
    with held_port() as port:  # the driver would look for one itself, and lose it to another
        driver = webdriver.Chrome(options, webdriver.ChromeService(str(programs[1]), port))
        driver.set_script_timeout(PATIENCE_SECONDS)
        yield driver
        driver.quit()
