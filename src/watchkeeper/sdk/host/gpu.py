"""NVIDIA cards, through the driver's management library (NVML)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from watchkeeper.errors import NotInstalled
from watchkeeper.sdk.host.source import Figures, share

__all__ = ["Gpu", "GpuReading"]

_PERCENT = 100.0
_MILLIWATTS = 1000.0


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One card; what it does not tell is None."""

    used_percent: float | None
    memory: int
    memory_total: int
    celsius: float | None
    milliwatts: float | None
    milliwatts_limit: float | None


class Gpu:
    """``gpu_used_share`` (of the time), ``gpu_memory_used_share``, ``gpu_memory_used_bytes``,
    ``gpu_temperature_celsius``, ``gpu_power_watts``, ``gpu_power_share`` (of its limit): each of
    the card where it is highest, and ``gpu_count``.

    Raises
    ------
    NotInstalled
        Where ``nvidia-ml-py`` is missing.
    OSError
        Where there is no driver or no card, when it is read.
    """

    def __init__(self) -> None:
        try:
            self._nvml: Any = import_module("pynvml")
        except ImportError as error:
            raise NotInstalled(
                "cards are read with nvidia-ml-py: run `pip install 'watchkeeper[gpu]'`"
            ) from error
        self._ready = False

    def read(self) -> tuple[GpuReading, ...]:
        """Read it now."""
        nvml = self._nvml
        try:
            if not self._ready:
                nvml.nvmlInit()
                self._ready = True
            cards = range(nvml.nvmlDeviceGetCount())
            found = tuple(self._card(nvml.nvmlDeviceGetHandleByIndex(card)) for card in cards)
        except nvml.NVMLError as error:
            self._ready = False  # the driver may come back
            raise OSError(f"no NVIDIA card can be read: {error}") from error
        if not found:
            raise OSError("no NVIDIA card is here")
        return found

    def figures(
        self, before: tuple[GpuReading, ...], now: tuple[GpuReading, ...], seconds: float
    ) -> Figures:
        """What was used between two readings."""
        del before, seconds
        found = {"gpu_count": float(len(now))}
        for card in now:
            for name, value in _figures(card).items():
                found[name] = max(value, found.get(name, value))
        return found

    def _card(self, handle: Any) -> GpuReading:
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        return GpuReading(
            used_percent=self._told(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
            memory=memory.used,
            memory_total=memory.total,
            celsius=self._told(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            milliwatts=self._told(lambda: nvml.nvmlDeviceGetPowerUsage(handle)),
            milliwatts_limit=self._told(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle)),
        )

    def _told(self, ask: Any) -> float | None:
        """What a card says; None of what it cannot say, as parts of a card (MIG) cannot."""
        try:
            return float(ask())
        except self._nvml.NVMLError_NotSupported:
            return None


def _figures(card: GpuReading) -> Figures:
    found = {
        **share("gpu_memory_used_share", card.memory, card.memory_total),
        "gpu_memory_used_bytes": float(card.memory),
    }
    if card.used_percent is not None:
        found |= share("gpu_used_share", card.used_percent, _PERCENT)
    if card.celsius is not None:
        found["gpu_temperature_celsius"] = card.celsius
    if card.milliwatts is not None:
        found["gpu_power_watts"] = card.milliwatts / _MILLIWATTS
        found |= share("gpu_power_share", card.milliwatts, card.milliwatts_limit or 0.0)
    return found
