"""Processors, memory, disks and network of the machine, from the kernel's files."""

from __future__ import annotations

import pytest

from watchkeeper.sdk.host.cpu import Cpu
from watchkeeper.sdk.host.disk import Disk
from watchkeeper.sdk.host.memory import Memory
from watchkeeper.sdk.host.network import Network


def test_processor_time_is_shared_out(tree, between):
    """Busy, waiting and stolen time are shares of what went by on all processors."""

    def stat(user, idle, wait, stolen):
        tree.write("proc/stat", f"cpu  {user} 0 0 {idle} {wait} 0 0 {stolen} 50 0\ncpu0 1 1\ncpu1 1 1\nintr 5\n")  # fmt: skip

    tree.write("proc/loadavg", "3.00 2.00 1.00 2/345 999\n")
    stat(1000, 5000, 100, 0)
    found = between(Cpu(tree.root), lambda: stat(1600, 5300, 150, 50))

    assert found == {
        "cpu_used_share": pytest.approx(0.65),
        "cpu_wait_share": pytest.approx(0.05),
        "cpu_stolen_share": pytest.approx(0.05),
        "load_per_cpu": 1.5,
    }


def test_no_time_has_no_shares(tree, between):
    """Between two readings of the same moment nothing is known, which is not nothing used."""
    tree.write("proc/stat", "cpu  1 0 0 1 0 0 0 0\ncpu0 1\n")
    tree.write("proc/loadavg", "0.50 0 0 1/1 1\n")

    assert between(Cpu(tree.root), lambda: None, 0.0) == {"load_per_cpu": 0.5}


def test_memory_is_what_programs_cannot_get(tree, between):
    """Caches that would be given back count as available; without swap there is no share of it."""
    tree.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")  # fmt: skip

    assert between(Memory(tree.root), lambda: None) == {
        "memory_used_share": 0.75,
        "memory_available_bytes": 250.0 * 1024,
    }


def test_swap_is_a_share(tree, between):
    """A machine with swap tells how much of it is in use."""
    tree.write("proc/meminfo", "MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 100 kB\nSwapFree: 75 kB\n")  # fmt: skip

    assert between(Memory(tree.root), lambda: None)["swap_used_share"] == 0.25


def diskstats(tree, vda, vda1=0, late=None):
    """What went through a disk and its partition: sectors read and written, busy milliseconds."""
    lines = [
        f" 254 0 vda 1 0 {vda} 0 1 0 {2 * vda} 0 0 {vda} 0 0 0 0 0 0 0",
        f" 254 1 vda1 1 0 {vda1} 0 1 0 {vda1} 0 0 {vda1} 0 0 0 0 0 0 0",
        "   7 0 loop0 1 0 999999 0 1 0 9 0 0 9 0 0 0 0 0 0 0",
    ]
    if late:
        lines.append(f" 8 0 sda 1 0 {late} 0 1 0 {late} 0 0 {late} 0 0 0 0 0 0 0")
    tree.write("proc/diskstats", "\n".join(lines) + "\n")


def test_disks_are_counted_once(tree, between):
    """Whole devices count, not their partitions, nor those that appeared between two readings."""
    for name in ("vda", "sda", "loop0"):
        (tree.root / "sys/block" / name).mkdir(parents=True)
    diskstats(tree, 1000, 1000)
    found = between(Disk(tree.root, (tree.root,)), lambda: diskstats(tree, 6000, 6000, late=10**9))

    assert found["disk_read_bytes_per_second"] == 5000 * 512 / 10
    assert found["disk_written_bytes_per_second"] == 10000 * 512 / 10
    assert found["disk_busy_share"] == 0.5
    assert 0.0 < found["disk_used_share"] < 1.0
    assert found["disk_free_bytes"] > 0.0


def test_a_counter_that_begins_anew_is_no_rate(tree, between):
    """After a restart of the machine a rate is not known, and above all not negative."""
    (tree.root / "sys/block/vda").mkdir(parents=True)
    diskstats(tree, 6000)
    found = between(Disk(tree.root, (tree.root,)), lambda: diskstats(tree, 10))

    assert "disk_read_bytes_per_second" not in found


DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: {0} 1 9 9 0 0 0 0 {0} 1 9 9 0 0 0 0
  eth0:{0} 1 {1} {1} 0 0 0 0 {2} 1 {1} {1} 0 0 0 0
 veth9: {0} 1 9 9 0 0 0 0 {0} 1 9 9 0 0 0 0
"""


def test_the_network_is_what_leaves_the_machine(tree, between):
    """Loopback and the ends of containers do not count; errors and drops are faults."""
    tree.write("proc/net/dev", DEV.format(1000, 0, 500))
    found = between(
        Network(tree.root), lambda: tree.write("proc/net/dev", DEV.format(51000, 5, 1500))
    )

    assert found == {
        "network_received_bytes_per_second": 5000.0,
        "network_sent_bytes_per_second": 100.0,
        "network_faults_per_second": 2.0,
    }
