"""How right the model is, by its task."""

from __future__ import annotations

from dataclasses import replace

from watchkeeper.domain.model import Task
from watchkeeper.domain.profile import (
    ClassificationProfile,
    PerformanceProfile,
    RegressionProfile,
)
from watchkeeper.profiles.classification import classification_profiles, previous_labels
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell
from watchkeeper.profiles.regression import previous_changes, regression_profiles

__all__ = ["performance_profiles", "with_previous"]


def performance_profiles(frame: Frame, axis: Axis | None) -> dict[Cell, PerformanceProfile]:
    """The performance of every slice and window; empty where the table has no labels' column."""
    if frame.model.task in {Task.BINARY, Task.MULTICLASS}:
        return dict(classification_profiles(frame, axis))
    if frame.model.task is Task.REGRESSION:
        return dict(regression_profiles(frame, axis))
    return {}


def with_previous(
    frame: Frame, whole: dict[Cell, PerformanceProfile]
) -> dict[Cell, PerformanceProfile]:
    """Profiles that were added up over slices, with the no-change control of all rows in order."""
    if frame.model.task is Task.REGRESSION:
        changes = previous_changes(frame)
        return {
            where: replace(part, previous=changes.get(where, (0.0, 0.0, 0)))
            for where, part in whole.items()
            if isinstance(part, RegressionProfile)
        }
    agree = previous_labels(frame)
    return {
        where: replace(part, previous_agree=agree.get(where, (0, 0)))
        for where, part in whole.items()
        if isinstance(part, ClassificationProfile)
    }
