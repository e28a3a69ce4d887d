"""The published schemas agree with what is read."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from watchkeeper.definitions.schema import SCHEMAS
from watchkeeper.definitions.yaml_text import load_yaml

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[2] / "docs" / "reference" / "schemas"
GOOD = sorted([*(HERE / "good").glob("*.yaml"), *(HERE / "expected").glob("*.yaml")])
BAD = sorted((HERE / "bad").glob("*.yaml"))
BY_KIND = {"Model": "model", "Monitor": "monitor", "AlertRoute": "alert_route", "Source": "source"}


def errors_of(document):
    """What the schema of the document's kind says against it; any schema where the kind is none."""
    schema = SCHEMAS[BY_KIND.get(document.get("kind"), "model")]()
    return list(jsonschema.Draft202012Validator(schema).iter_errors(document))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_the_generated_one(name):
    """Regenerate with: python -m watchkeeper.definitions.publish."""
    published = json.loads((PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))

    assert published == SCHEMAS[name]()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_schema(name):
    """Each is valid under the dialect that it names."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_documents_are_valid(path):
    """What is read is valid."""
    for document, _ in load_yaml(path.read_bytes()):
        assert errors_of(document) == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_documents_are_invalid_where_a_schema_can_say_so(path):
    """Each bad document says whether its schema refuses it; what spans two places it cannot."""
    text = path.read_text(encoding="utf-8")
    (document, _), *_ = load_yaml(text)

    assert ("# schema: refuses" in text) == bool(errors_of(document))
