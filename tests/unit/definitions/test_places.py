"""Places whose holidays count."""

from __future__ import annotations

import pytest

from watchkeeper.definitions import places
from watchkeeper.definitions.document import load_model
from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.places import read_place
from watchkeeper.errors import InvalidDefinition


@pytest.mark.parametrize("name", ["US", "US-NY", "DE-BY", "GB", "JP", "NO"])
def test_countries_and_their_parts_are_places(name):
    """By their codes of ISO 3166."""
    assert read_place(Field(name)) == name


def test_norway_needs_no_quotes():
    """NO is a country, not a denial."""
    model = load_model(
        "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\nholidays: NO\ncolumns: {}"
    )

    assert model.holidays == "NO"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("us", "US"),
        ("us-ny", "US-NY"),
        ("USA", "US"),
        ("UK", "GB"),
        ("United States", "US"),
        ("Germny", "DE"),
        ("US-NYC", "US-NY"),
        ("DE-Bayern", "DE-BY"),
        ("FR-", "FR"),
    ],
)
def test_the_nearest_place_is_named(name, meant):
    """By any spelling of it, of the country or of the part."""
    with pytest.raises(InvalidDefinition, match=f"did you mean '{meant}'"):
        read_place(Field(name))


@pytest.mark.parametrize("name", ["XX", "EN", "-", "US NY", "Ñ", "Atlantis"])
def test_nothing_is_named_that_is_far_off(name):
    """Two letters are near any two others, and mean none of them."""
    with pytest.raises(InvalidDefinition, match=r"ISO 3166 .*, got '[^']+'$"):
        read_place(Field(name))


def test_without_calendars_only_the_form_is_checked(monkeypatch):
    """The base install has none: the server checks the rest."""
    monkeypatch.setattr(places, "find_spec", lambda _: None)

    assert read_place(Field("XX-1")) == "XX-1"
    with pytest.raises(InvalidDefinition, match="got 'xx'"):
        read_place(Field("xx"))
