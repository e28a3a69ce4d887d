"""Safe YAML: the core schema, no tags, no anchors, no repeated keys, bounded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.definitions.yaml_text import dump_yaml, load_yaml
from watchkeeper.errors import InvalidDefinition

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)


@given(values.filter(lambda value: value is not None))
def test_plain_values_survive(value):
    """What is written is read as the same, also text that looks like something else."""
    assert [document for document, _ in load_yaml(dump_yaml(value))] == [value]


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "on",
        "y",
        "yes",
        "off",
        "1e5",
        "012",
        "0x1F",
        "2024-01-01",
        "12:30:45",
        "~",
        "null",
        "true",
        "1_000",
        ".inf",
        ".5",
        "+1",
    ],
)
def test_text_stays_text(word):
    """Words that some reader of YAML takes for something else are quoted when written."""
    assert load_yaml(dump_yaml({word: word}))[0][0] == {word: word}


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("1e5", 1e5),
        ("012", 12),
        ("2024-01-01", "2024-01-01"),
        ("-.inf", -math.inf),
        ("0x1F", "0x1F"),
    ],
)
def test_plain_scalars_follow_the_core_schema(plain, value):
    """YAML 1.2: a country called NO is no boolean, and a date is text."""
    assert load_yaml(f"a: {plain}")[0][0] == {"a": value}


def test_keys_are_text():
    """A column named 12, no or null is named so."""
    assert load_yaml("{12: a, no: b, null: c, 1.0: d}")[0][0] == {
        "12": "a",
        "no": "b",
        "null": "c",
        "1.0": "d",
    }


@pytest.mark.parametrize(
    ("poison", "message"),
    [
        (BOMB, "line 1: anchors and aliases are not taken"),
        ("a: *b", "anchors and aliases|undefined alias"),
        ("a: !!python/object/apply:os.system ['true']", "line 1: tags are not taken"),
        ("a: !!binary aGk=", "tags are not taken"),
        ("? [a]\n: b", "a key must be plain text"),
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' must stand once"),
        ("[" * 50_000, "nesting must be at most 32"),
        ("a: " + "9" * 500, "a number must have at most 400 characters"),
        ("a: [1, 2", "must be YAML"),
        ("a: \x00", "must be YAML"),
        ("x" * 1_000_001, "at most 1,000,000 bytes, got 1,000,001"),
        (b"a: \xff", "must be UTF-8"),
    ],
)
def test_poison_is_refused(poison, message):
    """Bombs, tags, endless nesting and broken text are refused with their line."""
    with pytest.raises(InvalidDefinition, match=message):
        load_yaml(poison)


def test_documents_and_their_lines():
    """Several documents of a text are read, each with the lines of its paths; empty ones are not."""
    (first, source), (second, _) = load_yaml("a: 1\nb:\n  c: 2\n---\n---\n- x\n", name="f.yaml")

    assert (first, second) == ({"a": 1, "b": {"c": 2}}, ["x"])
    assert (source.name, source.lines["b", "c"]) == ("f.yaml", 3)
