"""No secret stands in any line: neither one that is known, nor one of a known form."""

from __future__ import annotations

import base64
import json
import logging
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from watchkeeper.server.logs.forms import JsonForm, TextForm
from watchkeeper.server.logs.redact import Redactor, is_secret_name

SECRETS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Zs", "Cc"]), min_size=8, max_size=40
)
# Unlike anything that stands around it: only then is "it does not appear" a fair question.
PLAIN = st.text(string.ascii_letters + string.digits, min_size=16, max_size=40)
AROUND = st.text(st.characters(codec="utf-8"), max_size=40)


def lines(message, *args, redact, error=None):
    """An event in both forms."""
    info = None if error is None else (type(error), error, None)
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, args, info)
    return [form.format(record) for form in (JsonForm("door", redact), TextForm("door", redact))]


@settings(deadline=None)
@given(SECRETS, AROUND, AROUND)
def test_a_known_secret_never_appears(secret, before, after):
    """Whatever stands around it, wherever it stands: text, value, error; plain, quoted or coded."""
    assume(secret.strip() == secret)
    redact = Redactor([secret])
    ways = [secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]]
    ways.append(base64.b64encode(secret.encode()).decode().rstrip("="))
    for way in ways:
        told = f"{before}{way}{after}"
        for line in lines("said %s name=%s", told, told, redact=redact, error=ValueError(told)):
            assert secret not in shown(line, before + after)
            assert way not in shown(line, before + after)


def shown(line, around):
    """The line, unless what stands around the secret makes it up by itself."""
    assume("***" not in around)
    return line.replace("***", "\n")


HOLDERS = [
    "Authorization: Bearer {}",
    "authorization: basic {}",
    "{{'Authorization': 'Token {}'}}",
    "Cookie: a=1; session={}",
    '"x-api-key": "{}"',
    "Bearer {}",
    "postgresql+psycopg://keeper:{}@db.example.org/watchkeeper",
    "https://user:{}@host:8080/path?q=1",
    "https://example.org/hook?token={}&x=1",
    "https://example.org/hook?x=1&sig={}",
    "https://example.org/a?api_key={}",
    "password={}",
    "PGPASSWORD={} psql",
    "smtp_password: {}",
    '{{"password": "{}"}}',
    "{{'client_secret': '{}', 'a': 1}}",
    '{{\\"routing_key\\": \\"{}\\"}}',
    "AWS_SECRET_ACCESS_KEY={}",
    "--api-key={}",
    "wk_{}",
    "whsec_{}",
    "https://hooks.slack.com/services/T000/B000/{}",
    "https://acme.webhook.office.com/webhookb2/{}",
    "https://discord.com/api/webhooks/123/{}",
    "https://api.telegram.org/bot123:{}/sendMessage",
    "xoxb-{}",
    "ghp_{}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n{}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{}",
]


@pytest.mark.parametrize("holder", HOLDERS)
@settings(deadline=None)
@given(secret=PLAIN)
def test_a_secret_of_a_known_form_never_appears(holder, secret):
    """Headers, passwords in URLs, queries, assignments, keys of ours and of services."""
    told = holder.format(secret)

    for line in lines("said %s", told, redact=Redactor(), error=ValueError(told)):
        assert secret not in line
        assert "***" in line


@settings(deadline=None)
@given(PLAIN)
def test_a_value_with_a_telling_name_never_appears(secret):
    """In `password=%s` the value is hidden, whatever it looks like."""
    for line in lines("connect password=%s to=%s", secret, "db", redact=Redactor()):
        assert secret not in line
        assert "db" in line


@pytest.mark.parametrize(
    "innocent",
    [
        "process started name=door pid=7",
        "models are judged model=flights windows=12",
        "GET /api/v1/models/flights/verdicts?limit=100",
        "http://127.0.0.1:8711/models/flights",
        "key=0a1b2c kind=predictions",
        "postgresql://keeper@db/watchkeeper",
    ],
)
def test_what_is_no_secret_stays(innocent):
    """Lines that people need are not harmed."""
    assert Redactor()(innocent) == innocent


@pytest.mark.parametrize(
    "piece", ["a", "token", "key_", '"', "\\", "://", "a.", "=", "password", "eyJ"]
)
def test_a_long_text_takes_no_longer_than_its_length(piece):
    """Whoever sends a lot of anything holds nobody up: this would not end if it grew squared."""
    redact = Redactor(["a-known-secret"])

    assert redact(piece * (2**16 // len(piece)) + " password=hunter22").endswith("***")


def test_short_secrets_are_let_be():
    """A secret of three letters would take half of every line with it."""
    assert Redactor(["abc"])("abc") == "abc"


def test_lines_of_a_secret_are_secrets():
    """A key of several lines is taken out line by line too."""
    redact = Redactor(["first-line-of-it\nsecond-line-of-it"])

    assert redact("second-line-of-it") == "***"


def test_names_of_secrets_are_told_apart():
    """Only what names a secret hides its value."""
    secret = ["password", "smtp_password", "api_key", "AWS_SECRET_ACCESS_KEY", "authToken", "token"]
    plain = ["model", "key", "author", "passenger", "path", "signal"]

    assert [name for name in secret if not is_secret_name(name)] == []
    assert [name for name in plain if is_secret_name(name)] == []
