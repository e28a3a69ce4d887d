"""Every page of the manual that shows what to do is done as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN = sorted([*DOCS.glob("*.md"), *DOCS.glob("how-to/*.md"), *DOCS.glob("explanation/*.md")])
# These have a test of their own, which looks closer.
APART = {
    "how-to/define-a-model.md",
    "how-to/keep-the-lake-on-s3.md",
    "how-to/run-on-postgresql.md",
}
PAGES = [path.relative_to(DOCS).as_posix() for path in RUN]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in APART])
def test_the_page_is_true(page, reader):
    """Each block does what the page says, and prints what it shows."""
    shown = len(re.findall(r"^```\w", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE))

    assert reader.read(f"docs/{page}") == shown


@pytest.mark.slow
def test_the_page_on_postgresql_is_true(reader, postgresql):
    """The same, with a real server of databases in the place of the one that is named."""
    reader.instead["postgresql+psycopg://keeper@db.example.org/watchkeeper"] = postgresql

    assert reader.read("docs/how-to/run-on-postgresql.md") == 6


@pytest.mark.slow
@pytest.mark.xdist_group("s3")
def test_the_page_on_object_stores_is_true(reader, object_store):
    """The same, with a real S3 server in the place of the one that is named."""
    options = object_store.options
    reader.instead |= {
        "https://s3.example.org": options["AWS_ENDPOINT_URL"],
        "s3://bucket": object_store.uri,
        "the-access-key": options["AWS_ACCESS_KEY_ID"],
        "the-secret-key": options["AWS_SECRET_ACCESS_KEY"],
        "eu-west-1": options["AWS_REGION"] + '", "AWS_ALLOW_HTTP": "true',
    }

    assert reader.read("docs/how-to/keep-the-lake-on-s3.md") == 8


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *(f"docs/{p}" for p in PAGES)])  # fmt: skip
def test_links_lead_somewhere(page):
    """Links between files of the project name files that are there."""
    text = re.sub(
        r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    inside = [link for link in links if "://" not in link]

    assert [link for link in inside if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_every_page_can_be_reached():
    """The index of the manual names each page, by hand or generated."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"README.md"}

    assert pages == set(re.findall(r"\]\(([\w/.-]+\.md)\)", index))


def test_little_is_not_run():
    """What nobody runs is what installs something."""
    blocks = re.findall(r"^```bash not-run\n(.*?)^```$", "".join(p.read_text("utf-8") for p in RUN), re.MULTILINE | re.DOTALL)  # fmt: skip

    assert all(re.search(r"pip install|git clone|docker|make ", block) for block in blocks)
