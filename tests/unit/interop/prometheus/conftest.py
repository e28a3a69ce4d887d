"""Models to make files of, and the program that judges the files."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from watchkeeper.definitions.document import load_model

MODEL = """
kind: Model
apiVersion: watchkeeper/v1
name: loans
task: binary
owner: risk {{ team }}
tier: critical
positive_class: "yes"
classes: ["no", "yes"]
granularity: 1h
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  score: {type: numeric, role: score}
  repaid: {type: categorical, role: label}
monitors:
  - {name: slow, type: static, options: {figure: latency_p95, above: 250}, severity: critical}
  - {name: mean_income, type: custom, options: {sql: "avg(income)", above: 9, below: -1.5}}
"""


@pytest.fixture(scope="session")
def loans():
    """A model with thresholds of its own."""
    return load_model(MODEL)


@pytest.fixture(scope="session")
def promtool():
    """Runs promtool, and gives what it said."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool (Debian package prometheus), which is not installed here")

    def run(*arguments, cwd=None, **options):
        done = subprocess.run(
            [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False, **options
        )
        return done.returncode, done.stdout + done.stderr

    return run
