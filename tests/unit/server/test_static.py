"""The page's files."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from watchkeeper.server.static import page_file


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("start")
    (folder / "favicon.svg").write_text("icon")
    (folder / "assets" / "app-abc.js").write_text("code")
    (tmp_path / "secret").write_text("secret")
    return folder


def shown(answer):
    return answer.path.name, answer.headers["cache-control"]


def test_assets_are_kept_for_ever(page):
    """Their names hold a hash of their content, so they never change."""
    name, cache = shown(page_file(page, "assets/app-abc.js"))

    assert (name, "immutable" in cache) == ("app-abc.js", True)


@pytest.mark.parametrize("path", ["", "models/loans", "incidents/1", "index.html", "../secret"])
def test_every_other_path_is_the_pages_own(page, path):
    """The page's routes, and whatever tries to leave its folder, show its start, asked for anew."""
    assert shown(page_file(page, path)) == ("index.html", "no-cache")


def test_a_file_is_a_file(page):
    """What lies beside the start is served as itself."""
    assert shown(page_file(page, "favicon.svg")) == ("favicon.svg", "no-cache")


def test_an_asset_that_is_gone_is_not_the_start(page):
    """A page of yesterday that asks for its old code is told so."""
    with pytest.raises(HTTPException) as error:
        page_file(page, "assets/app-old.js")

    assert error.value.status_code == 404


def test_without_a_page_it_says_how_to_build_one(tmp_path):
    """A checkout has no page yet."""
    assert b"make page" in page_file(tmp_path, "").body
