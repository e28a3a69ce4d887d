"""The page's sources: types as the API describes them, lint, strict types and their own tests."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The build of the page, with the packages of the lock file installed."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.install_packages(module.node_environment())
    return module


def run(build: ModuleType, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the page's packages."""
    command = [str(build.node_program()), str(WEB / "node_modules" / program), *arguments]
    return subprocess.run(
        command,
        cwd=WEB,
        env=build.node_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_types_are_those_of_the_committed_api(build: ModuleType, tmp_path: Path) -> None:
    """Regenerating the wire types from the API's description gives the committed file."""
    fresh = tmp_path / "schema.ts"
    done = run(
        build,
        "openapi-typescript/bin/cli.js",
        str(ROOT / "docs" / "reference" / "openapi.json"),
        "--output",
        str(fresh),
    )
    assert done.returncode == 0, done.stderr
    committed = (WEB / "src" / "api" / "schema.ts").read_text(encoding="utf-8")
    assert fresh.read_text(encoding="utf-8") == committed, "run `npm run types` in web/"


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("typescript/bin/tsc", ["--noEmit"]),
        ("oxlint/bin/oxlint", ["--deny-warnings"]),
        ("vitest/vitest.mjs", ["run"]),
    ],
    ids=["types", "lint", "tests"],
)
def test_sources_are_clean(build: ModuleType, program: str, arguments: list[str]) -> None:
    """The page's sources pass the compiler, the linter and their own tests."""
    done = run(build, program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_fingerprint_follows_every_source(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed, a renamed and a new source each change the page's fingerprint."""
    monkeypatch.setattr(build, "WEB", tmp_path)
    (tmp_path / "src").mkdir()
    source = tmp_path / "src" / "a.ts"
    source.write_text("1", encoding="utf-8")
    seen = {build.fingerprint()}
    source.write_text("2", encoding="utf-8")
    seen.add(build.fingerprint())
    source = source.rename(tmp_path / "src" / "b.ts")
    seen.add(build.fingerprint())
    (tmp_path / "src" / "c.ts").write_text("", encoding="utf-8")
    seen.add(build.fingerprint())
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "d.js").write_text("", encoding="utf-8")
    seen.add(build.fingerprint())

    assert len(seen) == 4
