"""What every test may use."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_POSTGRESQL = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside the project; the test skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "needs the real data sets beside the project (../shared/data), which are not here"
        )
    return folder


def _programs() -> Path:
    found = sorted(_POSTGRESQL.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip(f"needs a PostgreSQL server under {_POSTGRESQL}, which is not installed here")
    return found[-1].parent


def _unprivileged() -> dict[str, str]:
    """PostgreSQL refuses to run as root: as whom to run it instead."""
    if os.geteuid() != 0:
        return {}
    try:
        return {"user": pwd.getpwnam("postgres").pw_name}
    except KeyError:
        pytest.skip("needs the user postgres, because PostgreSQL refuses to run as root")


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL server of its own, reached through a socket in a temporary folder."""
    programs, user = _programs(), _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="wk-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user["user"])
    run = {"capture_output": True, "cwd": folder, **user}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "keeper", "-A", "trust", "-E", "UTF8", "-N"],
        check=True,
        **run,
    )
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=50"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, **run)
    try:
        yield f"postgresql+psycopg://keeper@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **run)
        shutil.rmtree(folder, ignore_errors=True)
