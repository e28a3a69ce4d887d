"""Every figure of a sample, with its unit and meaning: the columns of the model of hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COLUMNS", "HostColumn", "host_definition"]

_SHARE, _BYTES, _RATE, _COUNT = "share", "bytes", "bytes per second", ""


@dataclass(frozen=True, slots=True)
class HostColumn:
    """``facts`` are not watched for change: what a machine is, not what it does."""

    unit: str
    about: str
    fact: bool = False


COLUMNS: Mapping[str, HostColumn] = {
    "cpu_used_share": HostColumn(_SHARE, "time in which the machine's processors were busy"),
    "cpu_wait_share": HostColumn(_SHARE, "time in which they were idle for want of the disk"),
    "cpu_stolen_share": HostColumn(_SHARE, "time that other virtual machines took"),
    "load_per_cpu": HostColumn("tasks", "tasks that run or wait, over a minute, by processor"),
    "memory_used_share": HostColumn(_SHARE, "memory of the machine that programs cannot get"),
    "memory_available_bytes": HostColumn(_BYTES, "memory of the machine that they can get"),
    "swap_used_share": HostColumn(_SHARE, "swap space in use"),
    "disk_used_share": HostColumn(_SHARE, "of the fullest file system"),
    "disk_free_bytes": HostColumn(_BYTES, "left on the fullest file system"),
    "disk_read_bytes_per_second": HostColumn(_RATE, "read from all disks"),
    "disk_written_bytes_per_second": HostColumn(_RATE, "written to all disks"),
    "disk_busy_share": HostColumn(_SHARE, "time in which the busiest disk was busy"),
    "network_received_bytes_per_second": HostColumn(_RATE, "received from other machines"),
    "network_sent_bytes_per_second": HostColumn(_RATE, "sent to other machines"),
    "network_faults_per_second": HostColumn("packets per second", "broken or dropped packets"),
    "cgroup_memory_used_bytes": HostColumn(_BYTES, "memory of the container, without file cache"),
    "cgroup_memory_used_share": HostColumn(_SHARE, "the same of its limit"),
    "cgroup_cpu_used_cores": HostColumn("cores", "processors that the container kept busy"),
    "cgroup_cpu_used_share": HostColumn(_SHARE, "the same of its quota"),
    "cgroup_cpu_throttled_share": HostColumn(_SHARE, "periods in which its quota made it wait"),
    "cgroup_out_of_memory_kills": HostColumn(_COUNT, "processes killed for want of memory"),
    "process_cpu_used_cores": HostColumn("cores", "processors that the process kept busy"),
    "process_memory_bytes": HostColumn(_BYTES, "memory of the process (resident)"),
    "process_threads": HostColumn(_COUNT, "threads of the process"),
    "process_open_files": HostColumn(_COUNT, "files and connections that it has open"),
    "process_open_files_share": HostColumn(_SHARE, "the same of what it may open"),
    "gpu_count": HostColumn(_COUNT, "NVIDIA cards", fact=True),
    "gpu_used_share": HostColumn(_SHARE, "time in which the busiest card was busy"),
    "gpu_memory_used_share": HostColumn(_SHARE, "memory in use on the fullest card"),
    "gpu_memory_used_bytes": HostColumn(_BYTES, "the same in bytes"),
    "gpu_temperature_celsius": HostColumn("°C", "of the hottest card"),
    "gpu_power_watts": HostColumn("W", "of the card that draws most"),
    "gpu_power_share": HostColumn(_SHARE, "of the power that it may draw"),
}


def host_definition(name: str = "hosts", *, window: str = "15m") -> dict[str, object]:
    """The definition of a model of hosts, for `Client.apply`.

    Its rows are samples; it answers nothing, so what is watched are its columns: resources that run
    out or are used otherwise than before, and hosts that fall silent.
    """
    columns: dict[str, object] = {
        "sample_id": {"type": "categorical", "role": "prediction_id"},
        "time": {"type": "timestamp", "role": "time"},
        "host": {"type": "categorical", "role": "segment"},
        "process": {"type": "categorical", "role": "context"},
    }
    for column, held in COLUMNS.items():
        form: dict[str, object] = {"type": "numeric", "description": _described(held)}
        columns[column] = {**form, "role": "context"} if held.fact else form
    return {
        "kind": "Model",
        "apiVersion": "watchkeeper/v1",
        "name": name,
        "task": "none",
        "description": "What the machines and processes behind the models use.",
        "granularity": window,
        "columns": columns,
        "monitors": [
            {"name": "resources", "type": "resources"},
            {"name": "quality", "type": "quality", "options": {"checks": ["volume"]}},
            {"name": "drift", "type": "drift", "enabled": False},
            {"name": "service", "type": "service", "enabled": False},
        ],
    }


def _described(column: HostColumn) -> str:
    return f"{column.about} ({column.unit})" if column.unit else column.about
