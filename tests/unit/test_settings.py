"""Settings: read from the environment, with defaults that work."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.settings import PREFIX, Settings, documentation, environment_value


def test_the_defaults_stay_on_this_machine():
    """Without any variable: loopback, and files under the home folder."""
    settings = Settings.load({})

    assert settings.host == "127.0.0.1"
    assert settings.catalog_url == f"sqlite:///{Path.home()}/.watchkeeper/catalog.db"
    assert settings.inbox_url.endswith("/.watchkeeper/inbox.db")
    assert settings.lake_root == f"{Path.home()}/.watchkeeper/lake"


def test_every_kind_of_value_is_read():
    """Text, numbers, folders and options; what is blank counts as not set."""
    settings = Settings.load(
        {
            "WATCHKEEPER_HOME": "~/wk",
            "WATCHKEEPER_DATABASE_URL": "postgresql+psycopg://k@h/n",
            "WATCHKEEPER_LAKE": "s3://bucket/lake",
            "WATCHKEEPER_LAKE_OPTIONS": '{"AWS_REGION": "eu-west-1"}',
            "WATCHKEEPER_PORT": "0",
            "WATCHKEEPER_HOST": "  ",
            "PATH": "/bin",
        }
    )

    assert settings.home == Path.home() / "wk"
    assert settings.catalog_url == settings.inbox_url == "postgresql+psycopg://k@h/n"
    assert settings.lake_root == "s3://bucket/lake"
    assert dict(settings.lake_options) == {"AWS_REGION": "eu-west-1"}
    assert (settings.port, settings.host) == (0, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("MAX_BATCH_ROWS", "0"),
        ("MAX_BATCH_ROWS", "١٢"),
        ("LAKE_OPTIONS", "{"),
        ("LAKE_OPTIONS", '{"a": 1}'),
    ],
)
def test_a_value_that_cannot_be_read_is_named(name, value):
    """The error names the variable and what it must be."""
    with pytest.raises(InvalidInput, match=f"WATCHKEEPER_{name} must be"):
        Settings.load({PREFIX + name: value})


@pytest.mark.parametrize(
    ("given", "meant"),
    [("HOTS", "HOST"), ("DATABASE", "DATABASE_URL"), ("APIKEY", "API_KEY")],
)
def test_a_misspelt_variable_is_not_passed_over(given, meant):
    """A setting that nobody reads would be believed to hold."""
    with pytest.raises(InvalidInput, match=rf"did you mean WATCHKEEPER_{meant}\?"):
        Settings.load({PREFIX + given: "x"})


def test_variables_of_others_under_the_prefix_are_let_be():
    """What Kubernetes sets for a service of our name, and secrets of definitions."""
    settings = Settings.load(
        {
            "WATCHKEEPER_PORT": "tcp://10.0.0.1:8711",
            "WATCHKEEPER_PORT_8711_TCP_ADDR": "10.0.0.1",
            "WATCHKEEPER_SERVICE_HOST": "10.0.0.1",
            "WATCHKEEPER_SLACK_TOKEN": "x",
            "WATCHKEEPER_SKIP_PAGE": "1",
        }
    )

    assert settings.port == 8711


def test_secrets_are_not_shown():
    """Neither the representation nor an error holds a password."""
    settings = Settings(
        api_key="hush", database_url="postgresql://k:hush@h/n",
        lake_options={"AWS_SECRET_ACCESS_KEY": "hush"},
    )  # fmt: skip

    assert "hush" not in repr(settings)


def test_every_setting_is_documented():
    """The table has a line with a meaning for each."""
    text = documentation()

    for item in fields(Settings):
        (line,) = [row for row in text.splitlines() if f"`{PREFIX}{item.name.upper()}`" in row]
        assert line.rstrip(" |").endswith(".")


def test_a_variable_for_a_secret_is_read(monkeypatch):
    """References to the environment are resolved here and nowhere else."""
    monkeypatch.setenv("MY_TOKEN", "t")

    assert (environment_value("MY_TOKEN"), environment_value("NO_SUCH")) == ("t", None)


def test_settings_are_cheap_to_import():
    """The SDK loads them: nothing heavy comes along."""
    code = "import watchkeeper.settings, sys; print({'numpy','pyarrow','sqlalchemy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
