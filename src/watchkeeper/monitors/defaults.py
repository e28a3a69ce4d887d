"""The monitors that every model has, so that one with only a reference set is watched at once."""

from __future__ import annotations

from watchkeeper.domain.model import Model, MonitorSpec, Task

__all__ = ["default_monitors", "monitors_of"]


def default_monitors(model: Model) -> tuple[MonitorSpec, ...]:
    """Quality, drift and service; performance where the model answers something.

    >>> from watchkeeper.domain.model import Model, Task
    >>> [spec.name for spec in default_monitors(Model("m", Task.BINARY, ()))]
    ['quality', 'drift', 'service', 'performance']
    """
    specs = [
        MonitorSpec("quality", "quality"),
        MonitorSpec("drift", "drift"),
        MonitorSpec("service", "service"),
    ]
    if model.task is not Task.NONE:
        specs.append(MonitorSpec("performance", "performance"))
    return tuple(specs)


def monitors_of(model: Model) -> tuple[MonitorSpec, ...]:
    """The defaults, each replaced by the model's own of that name, then the model's others.

    Those that are switched off (``enabled: false``) are left out.
    """
    own = {spec.name: spec for spec in model.monitors}
    merged = [own.pop(spec.name, spec) for spec in default_monitors(model)]
    return tuple(spec for spec in (*merged, *own.values()) if spec.enabled)
