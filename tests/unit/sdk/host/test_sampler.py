"""The sampler: this very host, sampled."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import watchkeeper as wk
from waiting import PATIENCE_SECONDS
from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.host.columns import COLUMNS, host_definition
from watchkeeper.sdk.host.sampler import HostOptions


@pytest.fixture
def sampler(logged):
    """A sampler of this host."""
    return wk.HostSampler(logged, options=HostOptions(host="a"))


def test_this_host_is_sampled(sampler):
    """The second sample has rates too, and every figure is a column of the definition."""
    sampler.sample()
    sum(range(100_000))
    (row,) = sampler.sample()

    assert set(row) - {"host", "process"} <= set(COLUMNS)
    assert row["host"] == "a"
    assert 0.0 < row["memory_used_share"] < 1.0
    assert row["process_memory_bytes"] > 1 << 20
    assert row["process_cpu_used_cores"] >= 0.0
    assert row["network_received_bytes_per_second"] >= 0.0


def test_the_first_sample_knows_no_rates(sampler):
    """What only a difference tells is absent, not zero."""
    (row,) = sampler.sample()

    assert not any(name.endswith(("_per_second", "_cores", "_kills")) for name in row)
    assert "cpu_used_share" not in row


def test_samples_are_logged(sampler, logged):
    """A sample is a row of the model of hosts."""
    sampler.log()

    assert logged.named == ("hosts", None)
    assert logged.features[0]["host"] == "a"


def test_processes_are_rows_of_their_own(logged):
    """Each process that is named is told with the host's figures; one that is gone without its own."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    options = HostOptions(processes={"me": os.getpid(), "gone": ended.pid})
    sampler = wk.HostSampler(logged, options=options)

    me, gone = sampler.sample()

    assert (me["process"], gone["process"]) == ("me", "gone")
    assert "process_threads" in me
    assert not any(name.startswith("process_") for name in gone)
    assert gone["memory_used_share"] == me["memory_used_share"]
    assert "process gone" in sampler.absent


def test_no_processes_are_a_row_of_the_host(logged):
    """A sampler of the machine alone has one row."""
    (row,) = wk.HostSampler(logged, options=HostOptions(processes={})).sample()

    assert "process" not in row
    assert "memory_used_share" in row


def test_what_is_absent_is_said_once(logged, tmp_path, caplog):
    """On a host without any of the files nothing is raised; each part is told in one line."""
    caplog.set_level(logging.INFO, logger="watchkeeper.sdk")
    options = HostOptions(root=tmp_path, paths=(tmp_path,), processes={})
    sampler = wk.HostSampler(logged, options=options)

    rows = [sampler.sample(), sampler.sample()]

    assert [set(row) for (row,) in rows] == [{"host"}, {"host"}]
    assert {"cpu", "memory", "disk", "network", "cgroup"} <= set(sampler.absent)
    assert caplog.text.count("no samples of cpu") == 1


def test_it_runs_until_it_is_stopped(logged):
    """In the background it logs a sample every so often; stopping ends its thread."""
    came = threading.Event()
    logged.prediction = lambda row, **_: came.set()
    with wk.HostSampler(logged, options=HostOptions(every_seconds=0.01)):
        assert came.wait(PATIENCE_SECONDS)

    assert not any(thread.name == "watchkeeper-host" for thread in threading.enumerate())


def test_a_sample_that_fails_is_counted(logged):
    """Whatever goes wrong is counted, and the next sample is taken all the same."""
    failed = threading.Event()

    def broken(row, **_):
        if len(logged.dropped) >= 2:
            failed.set()
        raise RuntimeError("no disk")

    logged.prediction = broken
    with wk.HostSampler(logged, options=HostOptions(every_seconds=0.01)):
        assert failed.wait(PATIENCE_SECONDS)

    assert "the host was not sampled" in logged.dropped[0]


def test_no_interval_is_refused(logged):
    """A sampler that never waits would be the load that it measures."""
    with pytest.raises(InvalidInput, match="every_seconds must be above zero"):
        wk.HostSampler(logged, options=HostOptions(every_seconds=0.0))


def test_the_definition_names_every_figure():
    """What is sampled has a unit and a meaning where people read it."""
    columns = host_definition("machines", window="5m")["columns"]

    assert set(COLUMNS) <= set(columns)
    assert columns["disk_free_bytes"]["description"] == "left on the fullest file system (bytes)"
    assert columns["gpu_count"]["role"] == "context"


def test_sampling_needs_nothing_installed():
    """The sampler loads neither numpy nor psutil."""
    program = (
        "import sys; from watchkeeper.sdk.host.sampler import HostSampler; "
        "print({'numpy', 'psutil', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # fmt: skip

    assert ended.stdout.strip() == "set()"
    assert Path("/proc/self").exists()
