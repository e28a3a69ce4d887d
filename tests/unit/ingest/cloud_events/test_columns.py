"""From payloads of every protocol to the columns of a model."""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest

from watchkeeper.definitions.document import load_model
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.columns import answers, features, truths
from watchkeeper.ingest.cloud_events.payload import read_payload

HEAD = "apiVersion: watchkeeper/v1\nkind: Model\nname: loans\n"
LOANS = load_model(f"""{HEAD}task: binary
positive_class: "yes"
classes: ["no", "yes"]
columns:
  income: numeric
  region: categorical
  p: {{type: numeric, role: score}}
  prediction: {{type: categorical, role: prediction}}
""")
NUMBERS = load_model(f"""{HEAD}task: multiclass
classes: [a, b, c]
columns:
  x: numeric
  y: numeric
  pa: {{type: numeric, role: score, score_of: a}}
  pb: {{type: numeric, role: score, score_of: b}}
  pc: {{type: numeric, role: score, score_of: c}}
""")
PRICE = load_model(f"""{HEAD}task: regression
columns:
  text: text
  price: {{type: numeric, role: prediction}}
""")


def source(**options):
    columns = options.pop("columns", {})
    return Source("s", "loans", SourceType.CLOUD_EVENTS, options, columns=columns)


def asked(document, model=LOANS, tail=b"", **options):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return features(read_payload(data + tail).blocks, model, source(**options))


def answered(document, model=LOANS, **options):
    return answers(read_payload(json.dumps(document).encode()).blocks, model, source(**options))


def tensor(name, shape, data=None, kind="FP64", **more):
    return {"name": name, "shape": shape, "datatype": kind, "data": data, **more}


TWO = [{"income": 1.5, "region": "n"}, {"income": 2.5, "region": "s"}]
COLUMNS = [
    tensor("income", [2], [1.5, 2.5]),
    tensor("region", [2, 1], [["n"], ["s"]], "BYTES"),
]


@pytest.mark.parametrize(
    "document",
    [
        {"instances": TWO},
        {"instances": [[1.5, "n"], [2.5, "s"]]},
        {"inputs": COLUMNS},
        {"inputs": {"income": [1.5, 2.5], "region": ["n", "s"]}},
        {"dataframe_records": TWO},
        {"dataframe_split": {"columns": ["region", "income"], "data": [["n", 1.5], ["s", 2.5]]}},
        {"data": {"names": ["region", "income"], "ndarray": [["n", 1.5], ["s", 2.5]]}},
        {"data": {"names": ["f0", "f1"], "ndarray": [[1.5, "n"], [2.5, "s"]]}},
        {"jsonData": TWO},
    ],
)
def test_every_protocol_gives_the_same_rows(document):
    """By names where there are names, else by the definition's order."""
    assert asked(document) == TWO


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [tensor("input-0", [2, 2], [1, 2, 3, 4])]},
        {"inputs": [tensor("input-0", [2, 2], [[1, 2], [3, 4]], "INT32")]},
        {"instances": [[1, 2], [3, 4]]},
        {"data": {"tensor": {"shape": [2, 2], "values": [1, 2, 3, 4]}}},
    ],
)
def test_a_tensor_without_names_is_in_order(document):
    """Of the definition, or as the source states it."""
    assert asked(document, NUMBERS) == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    assert asked(document, NUMBERS, features=["y", "x"])[0] == {"y": 1, "x": 2}


def test_a_flat_tensor_of_several_features_is_one_row():
    """As many values as there are features are a row, not a column."""
    assert asked({"inputs": [tensor("in", [2], [1, 2])]}, NUMBERS) == [{"x": 1, "y": 2}]


def test_a_flat_tensor_of_one_feature_is_a_column():
    """One value a row."""
    assert asked({"instances": ["a", "b"]}, PRICE) == [{"text": "a"}, {"text": "b"}]


def test_bytes_behind_the_json_are_read():
    """A logger forwards tensors as bytes, and does not say where the JSON ends."""
    texts = b"".join(struct.pack("<I", len(t)) + t for t in (b"n", "ü".encode()))
    inputs = [
        tensor("income", [2], parameters={"binary_data_size": 16}),
        tensor("region", [2], kind="BYTES", parameters={"binary_data_size": len(texts)}),
    ]
    head = json.dumps({"id": "µ", "inputs": inputs}, ensure_ascii=False).encode()

    found = asked(head, tail=np.array([1.5, 2.5]).tobytes() + texts)

    assert found == [{"income": 1.5, "region": "n"}, {"income": 2.5, "region": "ü"}]


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        ("FP16", np.array([1.5], "<f2").tobytes(), 1.5),
        ("BF16", b"\xc0\x3f", 1.5),
        ("BOOL", b"\x01", True),
        ("UINT64", np.array([2**63], "<u8").tobytes(), 2**63),
        ("INT8", b"\xff", -1),
    ],
)
def test_each_datatype_has_its_bytes(kind, data, value):
    """Little-endian, as the protocol says."""
    one = tensor("income", [1], kind=kind, parameters={"binary_data_size": len(data)})

    assert asked({"inputs": [one]}, tail=data) == [{"income": value}]


def test_a_packed_payload_is_read():
    """A logger may see what the client packed."""
    packed = gzip.compress(json.dumps({"instances": TWO}).encode())

    assert asked(packed) == TWO


def test_names_of_theirs_become_ours():
    """The source says how they call what we call otherwise."""
    given = {"inputs": [tensor("salary", [1], [9])]}

    assert asked(given, columns={"income": "salary"}) == [{"income": 9}]


def test_what_the_definition_does_not_know_is_kept_under_its_name():
    """For the schema monitor to tell of."""
    given = {"inputs": [*COLUMNS, tensor("age", [2], [30, 40])]}

    assert asked(given)[0] == {**TWO[0], "age": 30}


@pytest.mark.parametrize(
    ("document", "model", "row"),
    [
        ({"predictions": ["yes"]}, LOANS, {"prediction": "yes"}),
        ({"predictions": [[0.3, 0.7]]}, LOANS, {"p": 0.7}),
        ({"predictions": [[0.7]]}, LOANS, {"p": 0.7}),
        (
            {"predictions": [{"p": 0.7, "prediction": "yes"}]},
            LOANS,
            {"p": 0.7, "prediction": "yes"},
        ),
        ({"predictions": [[0.1, 0.2, 0.7]]}, NUMBERS, {"pa": 0.1, "pb": 0.2, "pc": 0.7}),
        ({"predictions": [12.5]}, PRICE, {"price": 12.5}),
        ({"outputs": [tensor("predict", [1, 1], [12.5])]}, PRICE, {"price": 12.5}),
        ({"data": {"names": ["t:0", "t:1"], "ndarray": [[0.3, 0.7]]}}, LOANS, {"p": 0.7}),
        (
            {
                "outputs": [
                    tensor("predict", [1], ["yes"], "BYTES"),
                    tensor("predict_proba", [1, 2], [0.3, 0.7]),
                ]
            },
            LOANS,
            {"prediction": "yes", "p": 0.7},
        ),
    ],
)
def test_answers_find_their_columns(document, model, row):
    """By name, else by their shape."""
    assert answered(document, model) == [row]


def test_the_source_says_what_an_output_is():
    """Where neither name nor shape would tell."""
    document = {"outputs": [tensor("out", [1, 2], [0.7, 9.0]), tensor("flag", [1], [1])]}
    outputs = {"out": ["p", "margin"], "flag": "prediction"}

    assert answered(document, outputs=outputs) == [{"p": 0.7, "margin": 9.0, "prediction": 1}]


def test_an_error_takes_the_place_of_an_answer():
    """It is told, and is no row of answers."""
    payload = read_payload(b'{"error": "out of memory"}')

    assert (payload.error, payload.blocks) == ("out of memory", ())


def test_a_feedback_tells_the_truth():
    """Of each row of what was asked."""
    document = {"request": {"data": {}}, "reward": 1.0, "truth": {"data": {"ndarray": [["yes"]]}}}

    assert truths(read_payload(json.dumps(document).encode()).truth) == ["yes"]


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [tensor("x", [3], [1, 2])]},
        {"inputs": [tensor("x", [-1], [1])]},
        {"inputs": [tensor("x", [1], "no list")]},
        {"inputs": [tensor("x", [1], kind="FP64", parameters={"binary_data_size": 8})]},
        {"inputs": [tensor("x", [1], kind="FP7", parameters={"binary_data_size": 0})]},
        {"inputs": [tensor("x", [2], [1, 2]), tensor("y", [1], [1])]},
        {"instances": [[1, 2, 3]]},
        {"instances": [1, 2, 3]},
        {"instances": "many"},
        {"hello": 1},
        [1, 2],
        b"\x00\x01",
        b"\x1f\x8bno zip",
    ],
)
def test_what_cannot_be_told_is_refused(document):
    """With a sentence that says what must hold, never with guessed columns."""
    with pytest.raises(InvalidInput):
        asked(document, NUMBERS)


def test_an_answer_of_a_width_that_nobody_stated_is_refused():
    """Five numbers of two classes are not guessed at."""
    with pytest.raises(InvalidInput, match="under `outputs` of the source"):
        answered({"predictions": [[1, 2, 3, 4, 5]]})
