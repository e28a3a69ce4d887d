"""The limits of a container, from control groups of both versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from watchkeeper.sdk.host.cgroup import Cgroup

POD, MIB = "kubepods/pod1", 1 << 20


def v2(tree, path, **files):
    """A group of version 2."""
    for name, text in files.items():
        tree.write(f"sys/fs/cgroup/{path}/{name.replace('_', '.', 1)}", f"{text}\n")


def stat(usage, periods=0, throttled=0):
    return f"usage_usec {usage}\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 9"


def test_version_2_is_read(tree, between):
    """Memory without its cache, of its limit; time of the quota; waiting; kills."""
    tree.write("proc/self/cgroup", f"0::/{POD}\n")
    v2(tree, POD, memory_current=800 * MIB, memory_max=1000 * MIB, cpu_max="200000 100000",
       memory_stat=f"anon 1\ninactive_file {100 * MIB}", memory_events="oom 1\noom_kill 1",
       cpu_stat=stat(0))  # fmt: skip

    def later():
        v2(tree, POD, cpu_stat=stat(10_000_000, 100, 30), memory_events="oom 2\noom_kill 3")

    assert between(Cgroup(tree.root), later) == {
        "cgroup_memory_used_bytes": 700.0 * MIB,
        "cgroup_memory_used_share": 0.7,
        "cgroup_cpu_used_cores": 1.0,
        "cgroup_cpu_used_share": 0.5,
        "cgroup_cpu_throttled_share": 0.3,
        "cgroup_out_of_memory_kills": 2.0,
    }


def test_without_limits_there_are_no_shares(tree, between):
    """A group without limits tells what it uses, and nothing of limits."""
    tree.write("proc/self/cgroup", f"0::/{POD}\n")
    v2(tree, POD, memory_current=5, memory_max="max", cpu_max="max 100000", cpu_stat=stat(0))
    found = between(Cgroup(tree.root), lambda: None)

    assert set(found) == {
        "cgroup_memory_used_bytes", "cgroup_cpu_used_cores", "cgroup_out_of_memory_kills"
    }  # fmt: skip


def test_the_tightest_limit_above_counts(tree, between):
    """The pod's limit may leave less than the container's own."""
    tree.write("proc/self/cgroup", f"0::/{POD}/c1\n")
    v2(tree, f"{POD}/c1", memory_current=100, memory_max=1000, cpu_max="max 100000",
       cpu_stat=stat(0))  # fmt: skip
    v2(tree, POD, memory_current=900, memory_max=1000, cpu_max="50000 100000", cpu_stat=stat(0))

    def later():
        v2(tree, f"{POD}/c1", cpu_stat=stat(1_000_000))
        v2(tree, POD, cpu_stat=stat(4_000_000, 10, 5))

    found = between(Cgroup(tree.root), later)

    assert found["cgroup_memory_used_share"] == 0.9
    assert found["cgroup_cpu_throttled_share"] == 0.5
    assert found["cgroup_cpu_used_share"] == pytest.approx(0.2)  # its own of what the pod may


def test_a_path_of_the_host_leads_to_what_can_be_seen(tree, between):
    """In a container without a name space of its own only the mount itself is there."""
    tree.write("proc/self/cgroup", "0::/docker/0123\n")
    v2(tree, "", memory_current=1, memory_max=4, cpu_stat=stat(0))

    assert between(Cgroup(tree.root), lambda: None)["cgroup_memory_used_share"] == 0.25


def test_the_root_of_version_2_has_no_account_of_memory(tree, between):
    """On a machine without containers the root tells processor time alone."""
    tree.write("proc/self/cgroup", "0::/\n")
    v2(tree, "", cpu_stat=stat(0))

    found = between(Cgroup(tree.root), lambda: v2(tree, "", cpu_stat=stat(5_000_000)))
    assert found == {"cgroup_cpu_used_cores": 0.5, "cgroup_out_of_memory_kills": 0.0}


def v1(tree, usage_ns, periods=0, throttled=0):
    """A group of version 1: each controller has a tree of its own."""
    for path, text in {
        "memory/d/memory.usage_in_bytes": 800,
        "memory/d/memory.limit_in_bytes": 1000,
        "memory/d/memory.stat": "total_inactive_file 300",
        "memory/d/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4",
        "memory/memory.usage_in_bytes": 5000,
        "memory/memory.limit_in_bytes": 9223372036854771712,
        "cpu,cpuacct/d/cpu.cfs_quota_us": 50000,
        "cpu,cpuacct/d/cpu.cfs_period_us": 100000,
        "cpu,cpuacct/d/cpu.stat": f"nr_periods {periods}\nnr_throttled {throttled}",
        "cpu,cpuacct/d/cpuacct.usage": usage_ns,
        "cpu,cpuacct/cpu.cfs_quota_us": -1,
        "cpu,cpuacct/cpu.cfs_period_us": 100000,
    }.items():
        tree.write(f"sys/fs/cgroup/{path}", f"{text}\n")


def test_version_1_is_read(tree, between):
    """The same figures, from the older files."""
    tree.write("proc/self/cgroup", "5:memory:/d\n4:cpu,cpuacct:/d\n1:name=systemd:/d\n0::/d\n")
    v1(tree, 0)
    (tree.root / "sys/fs/cgroup/cpu").symlink_to("cpu,cpuacct")

    assert between(Cgroup(tree.root), lambda: v1(tree, 2_000_000_000, 10, 1)) == {
        "cgroup_memory_used_bytes": 500.0,
        "cgroup_memory_used_share": 0.5,
        "cgroup_cpu_used_cores": pytest.approx(0.2),
        "cgroup_cpu_used_share": pytest.approx(0.4),
        "cgroup_cpu_throttled_share": pytest.approx(0.1),
        "cgroup_out_of_memory_kills": 0.0,
    }


@pytest.mark.parametrize("groups", ["", "0::/x\n", "5:memory:/x\n4:cpu:/x\n"])
def test_no_control_groups_are_an_absent_part(tree, groups):
    """Where nothing is mounted, the part says so in the way that absent parts do."""
    tree.write("proc/self/cgroup", groups)

    with pytest.raises((OSError, LookupError, ValueError)):
        Cgroup(tree.root).read()


LIMITED = """
import json, sys
from pathlib import Path
from watchkeeper.sdk.host.cgroup import Cgroup

part = Cgroup(Path("/"))
before = part.read()
held = bytearray(64 * 1024 * 1024)
held[:: 4096] = b"x" * len(held[:: 4096])
print(json.dumps(part.figures(before, part.read(), 1.0)))
"""


@pytest.fixture
def limited():
    """A real control group with a limit of 256 MiB, where this machine lets us make one."""
    name = f"watchkeeper-{uuid.uuid4().hex[:8]}"
    for mount, limit in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = Path("/sys/fs/cgroup") / mount / name
        try:
            group.mkdir()
            (group / limit).write_text(str(256 * MIB))
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("needs the right to make a control group, which this machine does not give")


def test_a_real_limit_is_found(limited):
    """A process in a real group of 256 MiB that holds 64 finds itself a quarter full and more."""
    entered = f"echo $$ > {limited}/cgroup.procs && exec {sys.executable} -c '{LIMITED}'"
    ended = subprocess.run(
        [shutil.which("sh"), "-c", entered], capture_output=True, check=True, text=True, env=dict(os.environ)
    )  # fmt: skip

    found = json.loads(ended.stdout)
    assert 0.25 <= found["cgroup_memory_used_share"] <= 0.9
