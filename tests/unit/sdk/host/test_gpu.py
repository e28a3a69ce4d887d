"""NVIDIA cards, at the border to the driver's library."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from watchkeeper.errors import NotInstalled
from watchkeeper.sdk.host.gpu import Gpu


class NVMLError(Exception):
    """The library's own."""


class NVMLErrorNotSupported(NVMLError):
    """What a card cannot tell."""


class Library:
    """As much of pynvml as a driver with some cards has; ``None`` is what a card cannot tell."""

    NVML_TEMPERATURE_GPU = 0
    NVMLError, NVMLError_NotSupported = NVMLError, NVMLErrorNotSupported

    def __init__(self, *cards):
        self.cards = cards
        self.begun = 0
        self.broken = False

    def nvmlInit(self):  # noqa: N802  the library's names
        self.begun += 1
        self._check()

    def nvmlDeviceGetCount(self):  # noqa: N802
        self._check()
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, at):  # noqa: N802
        return self.cards[at]

    def nvmlDeviceGetMemoryInfo(self, card):  # noqa: N802
        return SimpleNamespace(used=card["used"], total=card["total"])

    def nvmlDeviceGetUtilizationRates(self, card):  # noqa: N802
        return SimpleNamespace(gpu=self._told(card, "busy"))

    def nvmlDeviceGetTemperature(self, card, sensor):  # noqa: N802
        assert sensor == self.NVML_TEMPERATURE_GPU
        return self._told(card, "celsius")

    def nvmlDeviceGetPowerUsage(self, card):  # noqa: N802
        return self._told(card, "milliwatts")

    def nvmlDeviceGetEnforcedPowerLimit(self, card):  # noqa: N802
        return self._told(card, "most")

    def _told(self, card, name):
        if card.get(name) is None:
            raise NVMLErrorNotSupported(name)
        return card[name]

    def _check(self):
        if self.broken:
            raise NVMLError("Driver Not Loaded")


@pytest.fixture
def library(monkeypatch):
    """Put a library in the place of the real one."""

    def placing(*cards):
        made = Library(*cards)
        monkeypatch.setitem(sys.modules, "pynvml", made)
        return made

    return placing


FULL = {"used": 75, "total": 100, "busy": 20, "celsius": 50, "milliwatts": 200_000, "most": 400_000}
BUSY = {"used": 10, "total": 100, "busy": 90, "celsius": 80, "milliwatts": 300_000, "most": 400_000}


def figures(part):
    return part.figures(part.read(), part.read(), 10.0)


def test_each_figure_is_of_the_card_where_it_is_highest(library):
    """One card is full, the other busy: both show."""
    library(FULL, BUSY)

    assert figures(Gpu()) == {
        "gpu_count": 2.0,
        "gpu_used_share": 0.9,
        "gpu_memory_used_share": 0.75,
        "gpu_memory_used_bytes": 75.0,
        "gpu_temperature_celsius": 80.0,
        "gpu_power_watts": 300.0,
        "gpu_power_share": 0.75,
    }


def test_what_a_card_cannot_tell_is_absent(library):
    """Parts of a card know their memory alone."""
    library({"used": 1, "total": 4})

    assert figures(Gpu()) == {
        "gpu_count": 1.0, "gpu_memory_used_share": 0.25, "gpu_memory_used_bytes": 1.0
    }  # fmt: skip


def test_a_driver_that_comes_back_is_asked_again(library):
    """A driver that fails is absent, and begun anew when it answers again."""
    nvml = library(FULL)
    part = Gpu()
    part.read()
    nvml.broken = True
    with pytest.raises(OSError, match="Driver Not Loaded"):
        part.read()
    nvml.broken = False

    assert len(part.read()) == 1
    assert nvml.begun == 2


def test_a_machine_without_cards_has_none(library):
    """A driver without cards is as no driver."""
    library()

    with pytest.raises(OSError, match="no NVIDIA card is here"):
        Gpu().read()


def test_the_library_is_an_extra(monkeypatch):
    """Where it is missing, the message says how to get it."""
    monkeypatch.setitem(sys.modules, "pynvml", None)

    with pytest.raises(NotInstalled, match=r"pip install 'watchkeeper\[gpu\]'"):
        Gpu()
