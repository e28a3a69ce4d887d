"""The model of pods: its rows are samples of containers, watched by the `resources` monitor."""

from __future__ import annotations

from watchkeeper.sdk.host.columns import COLUMNS

__all__ = ["FIGURES", "pods_definition"]

# Named as the host's own sampler names them, so that the same rules hold: the metrics API counts
# memory without the file cache that the kernel would give back, as that sampler does.
FIGURES = (
    "cgroup_memory_used_bytes",
    "cgroup_memory_used_share",
    "cgroup_cpu_used_cores",
    "cgroup_cpu_used_share",
    "cgroup_out_of_memory_kills",
)


def pods_definition(name: str = "pods", *, window: str = "15m") -> dict[str, object]:
    """The definition of a model of pods, for `Client.apply`."""
    columns: dict[str, object] = {
        "sample_id": {"type": "categorical", "role": "prediction_id"},
        "time": {"type": "timestamp", "role": "time"},
        "workload": {"type": "categorical", "role": "segment"},
        "namespace": {"type": "categorical", "role": "context"},
        "pod": {"type": "categorical", "role": "context"},
        "container": {"type": "categorical", "role": "context"},
        "node": {"type": "categorical", "role": "context"},
        "gpu_count": {
            "type": "numeric",
            "role": "context",
            "description": "NVIDIA cards it may use",
        },
        "restarts": {"type": "numeric", "description": "since the sample before"},
    }
    for figure in FIGURES:
        held = COLUMNS[figure]
        about = f"{held.about} ({held.unit})" if held.unit else held.about
        columns[figure] = {"type": "numeric", "description": about}
    return {
        "kind": "Model",
        "apiVersion": "watchkeeper/v1",
        "name": name,
        "task": "none",
        "description": "What the pods behind the models use.",
        "granularity": window,
        "columns": columns,
        "monitors": [
            {"name": "resources", "type": "resources"},
            {"name": "restarts", "type": "static", "columns": ["restarts"],
             "options": {"figure": "max", "above": 0}},
            {"name": "quality", "type": "quality", "options": {"checks": ["volume"]}},
            {"name": "drift", "type": "drift", "enabled": False},
            {"name": "service", "type": "service", "enabled": False},
        ],
    }  # fmt: skip
