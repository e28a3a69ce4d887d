"""A real Prometheus, and a real Alertmanager, that tests start, ask and stop."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from ports import held_port
from waiting import PATIENCE_SECONDS, until

__all__ = ["Prometheus", "running_alertmanager", "running_prometheus"]


class Prometheus:
    """One that runs: what it knows, by its API."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        """What it logged."""
        return self._log.read_text(errors="replace")

    def get(self, path: str, **query: object) -> object:
        """The data that its API answers with."""
        asked = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query, doseq=True)}"
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read())["data"]

    def query(self, expression: str, **options: object) -> list[dict[str, object]]:
        """The series that an expression gives."""
        return self.get("query", query=expression, **options)["result"]

    def value(self, expression: str) -> float | None:
        """The one number that an expression gives; None where it gives no series."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, expression: str, so=lambda found: found is not None) -> float:
        """The number, as soon as it is so."""
        return until(lambda: self.value(expression), so, what=f"{expression} is so")


def _started(program: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}, which is not installed here")
    with log.open("ab") as said:
        return subprocess.Popen([found, *arguments], stdout=said, stderr=said)


@contextmanager
def _running(program: str, arguments: list[str], log: Path, ready: str) -> Iterator[None]:
    process = _started(program, arguments, log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        with urllib.request.urlopen(ready, timeout=PATIENCE_SECONDS) as answer:
            return answer.status == 200

    try:
        until(answers, what=f"{program} is ready")
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_prometheus(
    folder: Path,
    config: Mapping[str, object],
    *,
    port: int = 0,
    options: tuple[str, ...] = (),
) -> Iterator[Prometheus]:
    """A server with that configuration, which scrapes and evaluates every second; with ``port`` it
    listens there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, **config}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    with held_port() as free:
        listening = port or free
        arguments = [
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=10y",
            f"--web.listen-address=127.0.0.1:{listening}",
            "--log.level=warn",
            *options,
        ]
        server = Prometheus(listening, folder / "prometheus.log")
        with _running("prometheus", arguments, folder / "prometheus.log", f"{server.url}/-/ready"):
            yield server


@contextmanager
def running_alertmanager(folder: Path, config: Mapping[str, object]) -> Iterator[str]:
    """An Alertmanager with that configuration; its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(dict(config)))
    with held_port() as port:
        arguments = [
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
        url = f"http://127.0.0.1:{port}"
        log = folder / "alertmanager.log"
        with _running("prometheus-alertmanager", arguments, log, f"{url}/-/ready"):
            yield url
