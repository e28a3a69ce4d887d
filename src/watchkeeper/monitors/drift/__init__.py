"""Drift: has what a column holds moved, beyond what its windows differ by nature."""

from watchkeeper.monitors.drift.monitor import drift

__all__ = ["drift"]
