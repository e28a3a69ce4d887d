"""The literal tables of built-ins are complete, and what is drawn of the tree is the tree."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import pytest

import watchkeeper
from watchkeeper import errors
from watchkeeper.alerts.build import SINK_TYPES
from watchkeeper.cli.main import COMMANDS
from watchkeeper.definitions.sink_form import SINK_OPTIONS, needed_options
from watchkeeper.definitions.source_form import SOURCE_OPTIONS
from watchkeeper.domain.source import SourceType
from watchkeeper.ingest.pull.opening import PULLED
from watchkeeper.monitors.kinds import KINDS
from watchkeeper.monitors.meanings import MEANINGS
from watchkeeper.monitors.quality import CHECKS
from watchkeeper.settings import Settings
from watchkeeper.stats.distances.catalogue import DISTANCES, ORDERED

SOURCE = Path(watchkeeper.__file__).parent
ROOT = SOURCE.parents[1]


def modules(folder, *, without=()):
    """The names of the modules of a package's folder, less those that are no entries."""
    found = {path.stem for path in (SOURCE / folder).glob("*.py")} - {"__init__"}
    assert set(without) <= found
    return found - set(without)


def imported_by(module):
    """The last parts of the modules that a module imports."""
    tree = ast.parse((SOURCE / module).read_text(encoding="utf-8"))
    froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.rpartition(".")[2] for name in froms}


def test_every_distance_is_in_the_table():
    """Each file of distances is a line of the table; the divergence is a step of its root."""
    entries = modules(
        "stats/distances", without=("catalogue", "distance", "folded", "js_divergence")
    )

    assert entries == {*DISTANCES, *ORDERED}


def test_every_metric_is_in_the_table():
    """The catalogue takes something from each file of metrics."""
    entries = modules("stats/performance", without=("catalogue", "controls", "state"))

    assert entries <= imported_by("stats/performance/catalogue.py")


def test_every_check_is_in_the_table():
    """Each file of quality checks is a line of the table under its own name."""
    assert modules("monitors/quality", without=("rates",)) == set(CHECKS)


def test_every_kind_is_a_module_of_its_name():
    """A kind of monitor is found under its name."""
    packages = {path.name for path in (SOURCE / "monitors").iterdir() if path.is_dir()}

    assert set(KINDS) <= modules("monitors") | packages


def test_every_sink_is_in_the_tables():
    """Each file of sinks can be built, and its options are what its document may say."""
    assert modules("alerts/sinks", without=("sink",)) == set(SINK_TYPES) == set(SINK_OPTIONS)
    for name, sink in SINK_TYPES.items():
        fields = dataclasses.fields(sink)
        bare = (dataclasses.MISSING, dataclasses.MISSING)
        needed = {f.name for f in fields if (f.default, f.default_factory) == bare}
        assert set(SINK_OPTIONS[name]) == {field.name for field in fields}
        assert set(needed_options(name)) == needed


OF_ALERTS = ("incident", "feedback")  # commands of `watchkeeper alerts`, in files of their own
NO_COMMANDS = ("main", "server_options", "home_options", "history", "progress", *OF_ALERTS)


def test_every_source_is_in_the_tables():
    """Each type has options, and is fetched, or sends by itself."""
    assert (
        set(SOURCE_OPTIONS)
        == set(SourceType)
        == {*PULLED, SourceType.CLOUD_EVENTS, SourceType.OTLP, SourceType.PROMETHEUS}
    )


def test_every_command_is_in_the_table():
    """Each file of commands is a line of the table under its own name."""
    named = {name.replace("-", "_") for name in COMMANDS}
    assert modules("cli", without=NO_COMMANDS) == named


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_does_something(name):
    """A setting that nothing reads would be a promise that nothing keeps."""
    sources = {p: p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py")}
    own = sources.pop(SOURCE / "settings.py").partition("def load")[2]

    assert re.search(rf"self\.{name}\b", own) or any(
        re.search(rf"settings\.{name}\b", text) for text in sources.values()
    )


def figures_in(path):
    """Every figure that a module of monitors names: ``Fault("x", …)``, ``Series(…, "x")``, ``_WHAT``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Fault", "Series"):
            at = 0 if node.func.id == "Fault" else 1
            given = node.args[at] if len(node.args) > at else None
            if isinstance(given, ast.Constant):
                yield given.value
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_WHAT":
            yield node.value.value


def test_every_figure_has_a_meaning():
    """What a verdict says can be looked up, and nothing can that no verdict says."""
    named = {figure for path in (SOURCE / "monitors").rglob("*.py") for figure in figures_in(path)}
    quantiles = {"latency_p50", "latency_p95", "latency_p99", "latency_mean"}
    known = {figure for kind in MEANINGS.values() for figure in kind}

    assert len(named) > 10
    assert named | quantiles | {"error"} == known


def test_the_errors_are_drawn_as_they_are():
    """The tree in the docstring has each class, below its base, with its builtin in brackets."""
    drawn, path = {}, []
    for line in errors.__doc__.splitlines():
        found = re.match(r"^ {4}([│├└─ ]*)(\w+)(?: \((\w+)\))?(?:  +\S.*)?$", line)
        if found:
            depth = len(found[1]) // 4
            path = [*path[:depth], found[2]]
            drawn[found[2]] = ([path[depth - 1]] if depth else ["Exception"]) + (
                [found[3]] if found[3] else []
            )
    classes = {n: c for n, c in vars(errors).items() if inspect.isclass(c) and n[0] != "_"}
    own = {n: c for n, c in classes.items() if c.__module__ == errors.__name__}

    assert drawn == {name: [base.__name__ for base in each.__bases__] for name, each in own.items()}
    assert errors.__all__ == sorted(own)


def test_every_error_has_a_code_of_its_own():
    """A program can tell errors apart, and each has an HTTP status for errors."""
    own = [getattr(errors, name) for name in errors.__all__]

    assert len({each.code for each in own}) == len(own)
    assert all(400 <= each.http_status < 600 for each in own)


def test_the_public_names_are_complete_and_sorted():
    """What can be loaded from the package is what it lists, for people and for type checkers."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    typed = next(node for node in tree.body if isinstance(node, ast.If))
    names = {alias.asname or alias.name for node in typed.body for alias in node.names}

    assert watchkeeper.__all__ == sorted(watchkeeper.__all__)
    assert set(watchkeeper.__all__) == set(watchkeeper._HOMES) == names


def test_the_code_map_has_every_package():
    """The map of ARCHITECTURE.md shows what lies in the package, and nothing that does not."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text[text.index("## Code map") : text.index("## Invariants")]
    drawn = set(re.findall(r"^\| `([a-z_.]+)/?`", table, re.MULTILINE)) - {"web"}
    there = {
        path.name
        for path in SOURCE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert drawn == there - {"__init__.py"}


def test_changes_are_told_to_users():
    """Every fragment of the changelog is a few whole sentences."""
    fragments = sorted((ROOT / "changelog.d").glob("*.md"))

    assert fragments
    for fragment in fragments:
        lines = fragment.read_text(encoding="utf-8").splitlines()
        assert 1 <= len(lines) <= 8, fragment.name
        assert all(line.rstrip().endswith(".") for line in lines), fragment.name
