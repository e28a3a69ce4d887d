"""Profiles in the lake: what is read back is what was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Accounting, CategoricalBinning, WindowProfile
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.codec import SCHEMA, decode, encode
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.readers import open_table


@pytest.fixture(scope="module")
def profiles(rows: pa.Table, model: Model) -> list[WindowProfile]:
    """Profiles of windows and segments, with everything that a profile may hold."""
    table = open_table(rows)
    binnings = fit_binnings(table, model) | {"place": CategoricalBinning(("a",), frozenset("bü"))}
    found = profile(table, model, binnings, granularity=model.granularity, breakdown=True)
    return [
        replace(
            part,
            known_at=datetime(2026, 1, 9, tzinfo=UTC),
            accounting=Accounting(received=3),
            figures={"m": 1.0, "n": None, "o": "failed"},
        )
        for part in found
    ]


def test_there_and_back(
    profiles: list[WindowProfile], differences: Callable[[object, object], list[str]]
) -> None:
    """Decoding gives the encoded profiles, to the last bit and with their ids."""
    found = decode(encode(profiles))

    assert differences(found, profiles) == []
    assert [with_identity(replace(part, id="")).id for part in found] == [
        with_identity(replace(part, id="")).id for part in profiles
    ]
    assert [part.schema for part in found] == [part.schema for part in profiles]


def test_one_below_the_other(profiles: list[WindowProfile]) -> None:
    """Encoded parts may be put together, filtered and stored beside other columns."""
    whole = pa.concat_tables([encode(profiles[:3]), encode(profiles[3:6])])
    whole = whole.append_column("_wk_part", pa.array(["x"] * whole.num_rows)).slice(1)

    assert [part.id for part in decode(whole)] == [part.id for part in profiles[1:6]]


def test_binnings_are_stored_once(profiles: list[WindowProfile]) -> None:
    """Binnings that profiles share are written once."""
    kinds = encode(profiles)["kind"].to_pylist()

    assert kinds.count("profile") == len(profiles)
    assert kinds.count("binning") == 8


def test_nothing() -> None:
    """No profiles are no rows, and no rows no profiles."""
    assert encode([]).schema == SCHEMA
    assert decode(encode([])) == []


def test_from_the_future(profiles: list[WindowProfile]) -> None:
    """A field that a later release added is refused, not dropped."""
    table = encode(profiles[:1])
    documents = [text.replace('"revision"', '"invented"') for text in table["document"].to_pylist()]
    later = table.set_column(table.column_names.index("document"), "document", pa.array(documents))

    with pytest.raises(InvalidInput, match="upgrade"):
        decode(later)
    with pytest.raises(InvalidInput, match="document"):
        decode(pa.table({"id": ["x"]}))


def test_before_there_were_breakdowns(profiles: list[WindowProfile]) -> None:
    """What a release without coarse cells wrote is read as profiles that have none."""
    old = encode([replace(part, breakdowns={}) for part in profiles])
    documents = []
    for text in old["document"].to_pylist():
        document = json.loads(text)
        document["fields"].pop("breakdowns", None)
        document["fields"].pop("breaks", None)
        documents.append(json.dumps(document))
    at = old.schema.get_field_index("document")

    found = decode(old.set_column(at, "document", pa.array(documents)))

    assert all(part.breakdowns == {} for part in found)
    assert [part.rows for part in found] == [part.rows for part in profiles]
