"""Runs a page of the manual as a reader would: every block, from top to bottom.

What stands behind the language of a block says what it is:

- ``python`` and ``bash`` are run in one folder; ``exits=1`` says that it ends so, ``eventually``
  that it is repeated until it prints what the page shows.
- ``bash server`` is left running in the background, until it is ready to be used.
- ``yaml rides.yaml`` is a file of that name; without a name it must be a valid document.
- ``text`` is what the block before it printed, where ``…`` stands for anything.
- ``not-run`` is for what would change the reader's machine.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from ports import held_port
from waiting import PATIENCE_SECONDS, until
from watchkeeper.definitions.document import load_text

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """A reader with a machine of their own: a home folder, a port, an environment."""

    folder: Path
    environment: dict[str, str]
    port: int
    instead: dict[str, str] = field(default_factory=dict)
    scope: dict[str, object] = field(default_factory=dict)
    servers: list[subprocess.Popen] = field(default_factory=list)
    printed: str = ""
    code: int = 0

    def read(self, page: str) -> int:
        """Do what the page says; how many blocks were run."""
        blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
        shown = [
            text if language == "text" else "" for language, _, text in [*blocks[1:], ("",) * 3]
        ]
        for (language, words, text), after in zip(blocks, shown, strict=False):  # an index has none
            if "not-run" not in words:
                self.do(language, words.split(), self.here(text), after)
        return len(blocks)

    def here(self, text: str) -> str:
        """A block with what differs on this machine: ports, and addresses of examples."""
        for written, meant in {"8711": str(self.port), **self.instead}.items():
            text = text.replace(written, meant)
        return text

    def do(self, language: str, words: list[str], text: str, after: str) -> None:
        """One block."""
        if language == "bash" and "server" in words:
            self.serve(text)
        elif language == "bash":
            expected = next((int(w[6:]) for w in words if w.startswith("exits=")), 0)
            if "eventually" in words:
                until(lambda: self.printing(text), partial(matches, after), what=after)
            else:
                self.bash(text)
            assert self.code == expected, self.printed
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, "a block of the manual", "exec"), self.scope)
            self.printed = out.getvalue()
        elif language in ("yaml", "json") and words:
            (self.folder / words[0]).write_text(text, encoding="utf-8")
        elif language == "yaml":
            assert load_text(text)
        else:
            assert language == "text", f"nobody runs blocks of {language}"
            assert matches(text, self.printed), f"{text}\n--- was printed as ---\n{self.printed}"

    def bash(self, text: str) -> None:
        """Run in a shell; what it exports holds for what follows."""
        kept, out = self.folder / ".environment", self.folder / ".out"
        script = f"set -e; trap 'env -0 > {kept}' EXIT\n{text}"
        with out.open("w") as opened:
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder, env=self.environment, stdout=opened, stderr=opened, check=False,
            )  # fmt: skip
        self.code = done.returncode
        pairs = (pair.partition("=") for pair in kept.read_text().split("\0") if pair)
        self.environment = {name: value for name, _, value in pairs}
        for name in [name for name in os.environ if name.startswith("WATCHKEEPER_")]:
            del os.environ[name]
        os.environ.update({n: v for n, v in self.environment.items() if n.startswith("WATCHK")})
        self.printed = out.read_text()

    def printing(self, text: str) -> str:
        """Run in a shell; what it printed."""
        self.bash(text)
        return self.printed

    def serve(self, text: str) -> None:
        """Leave it running; wait until it answers."""
        with (self.folder / ".server").open("a") as log:
            started = subprocess.Popen(
                ["bash", "-c", text],
                cwd=self.folder, env=self.environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.servers.append(started)

        def ready() -> bool:
            assert started.poll() is None, (self.folder / ".server").read_text()
            return answers(f"http://127.0.0.1:{self.port}/readyz")

        until(ready, what="the server is ready")

    def leave(self) -> None:
        """Stop what runs in the background."""
        for server in self.servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(PATIENCE_SECONDS)


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown was printed; how far words stand apart does not count."""
    words = [re.escape(word).replace("…", r"[\s\S]*?") for word in shown.split()]
    return (
        re.search(" ".join(words).replace(r"[\s\S]*? ", r"[\s\S]*?"), " ".join(printed.split()))
        is not None
    )


def answers(url: str) -> bool:
    """Whether something answers there with 200."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader at a new machine."""
    with held_port() as port:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        for name, value in {
            "HOME": str(tmp_path),
            "PATH": path,
            "COLUMNS": "100",
            "WATCHKEEPER_PORT": str(port),
            "WATCHKEEPER_URL": f"http://127.0.0.1:{port}",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("WATCHKEEPER_API_KEY", raising=False)
        monkeypatch.delenv("WATCHKEEPER_HOME", raising=False)
        monkeypatch.chdir(tmp_path)
        before = dict(os.environ)
        made = Reader(tmp_path, dict(os.environ), port)
        yield made
        made.leave()
        os.environ.clear()
        os.environ.update(before)
